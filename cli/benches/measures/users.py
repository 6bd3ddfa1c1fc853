"""Many people at their desks: each opens a page every few seconds, as somebody who works the queue does."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import quote, urlencode

from cli.benches.measures.asks import Ask
from cli.benches.measures.timing import ms, percentile
from core.ports import Store
from core.user import Role, Session, User
from engage.access import new_token, token_hash

#: What of a hundred pages is opened: the queue, a thread out of it, a search, the queue's next page.
SHARES = (("queue", 35), ("thread", 40), ("search", 18), ("next", 7))
#: Seconds after which an answer counts as none.
PATIENCE = 60.0


@dataclass
class Office:
    """The people, and how long each of their pages took."""

    port: int
    tokens: Sequence[str]
    asks: Sequence[Ask]
    threads: Sequence[str]
    after: str
    #: Seconds between two pages of one person.
    pause: float = 5.0
    #: Kind of page and its seconds.
    waits: list[tuple[str, float]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def work(self, seconds: float) -> None:
        """Let everybody work at once."""
        end = time.monotonic() + seconds
        people = [
            threading.Thread(target=self._person, args=(place, token, end))
            for place, token in enumerate(self.tokens)
        ]
        for person in people:
            person.start()
        for person in people:
            person.join()

    def told(self) -> dict[str, object]:
        """Return how long people waited, in milliseconds."""
        waits = [wait for _, wait in self.waits]
        kinds = {
            kind: {
                "pages": len(some),
                "p50_ms": ms(percentile(some, 0.5)),
                "p95_ms": ms(percentile(some, 0.95)),
            }
            for kind, _ in SHARES
            if (some := [wait for one, wait in self.waits if one == kind])
        }
        if not waits:
            return {"pages": 0, "failures": self.failures[:5]}
        low, high = _interval(waits)
        return {
            "users": len(self.tokens),
            "pages": len(waits),
            "p50_ms": ms(percentile(waits, 0.5)),
            "p95_ms": ms(percentile(waits, 0.95)),
            "p95_low_ms": ms(low),
            "p95_high_ms": ms(high),
            "failed": len(self.failures),
            "failures": self.failures[:5],
            "by_page": kinds,
        }

    def _person(self, place: int, token: str, end: float) -> None:
        rnd = random.Random(place)  # noqa: S311 — which page comes next is no secret
        time.sleep(rnd.random() * self.pause)
        while (began := time.monotonic()) < end:
            kind = rnd.choices([name for name, _ in SHARES], [share for _, share in SHARES])[0]
            address = self._address(kind, rnd)
            try:
                status, _ = fetch(self.port, address, token)
                if status != HTTPStatus.OK:
                    self.failures.append(f"{address}: {status}")
                self.waits.append((kind, time.monotonic() - began))
            except OSError as error:
                self.failures.append(f"{address}: {error}")
            time.sleep(max(0.0, self.pause - (time.monotonic() - began)))

    def _address(self, kind: str, rnd: random.Random) -> str:
        match kind:
            case "thread":
                return f"/threads/{quote(rnd.choice(self.threads), safe='')}"
            case "search":
                return f"/search?{urlencode({'q': rnd.choice(self.asks).query})}"
            case "next" if self.after:
                return f"/threads?{urlencode({'after': self.after})}"
            case _:
                return "/threads"


def fetch(port: int, address: str, token: str) -> tuple[int, bytes]:
    """Get one page from this machine as a signed-in browser does, over a connection of its own."""
    lines = (f"GET {address} HTTP/1.0", "Host: 127.0.0.1", f"Cookie: earful_session={token}", "", "")
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall("\r\n".join(lines).encode())
        # The older protocol has the server close when all is said.
        said = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    head, _, body = said.partition(b"\r\n\r\n")
    words = head.split(maxsplit=2)
    if len(words) < 2 or not words[1].isdigit():  # noqa: PLR2004 — the protocol and the status
        raise ConnectionError("the server ended the connection without an answer")
    return int(words[1]), body


def signed_in(store: Store, count: int) -> list[str]:
    """Make people and a session for each; return the tokens of their cookies."""
    now, tokens = datetime.now(UTC), []
    for number in range(count):
        name, token = f"bench{number}", new_token()
        store.save_user(User(name=name, role=Role.AGENT, created_at=now))
        store.save_session(Session(token_hash=token_hash(token), user=name, created_at=now, last_seen_at=now))
        tokens.append(token)
    return tokens


def first_threads(port: int, token: str) -> tuple[list[str], str]:
    """Return the threads at the head of the queue, and the mark of its second page."""
    _, body = fetch(port, "/threads.json?limit=100", token)
    threads = [row["id"] for row in json.loads(body)["threads"]]
    _, body = fetch(port, "/threads.json?limit=25", token)
    following = str(json.loads(body)["next"] or "")
    return threads, following.partition("after=")[2].partition("&")[0]


def until(ready: Callable[[], bool], seconds: float) -> bool:
    """Wait for something; tell whether it came."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if ready():
            return True
        time.sleep(0.1)
    return False


def _interval(waits: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of the p95, from 200 resamples."""
    rnd = random.Random(7)  # noqa: S311 — resampling, not secrets
    drawn = [percentile(rnd.choices(waits, k=len(waits)), 0.95) for _ in range(200)]
    return percentile(drawn, 0.025), percentile(drawn, 0.975)
