"""A server that answers as Mastodon does: reads, posts, Idempotency-Key, and faults on demand."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

TOKEN = "token-of-acme"


@dataclass
class Town:
    """What the server holds, and how it behaves."""

    statuses: list[dict[str, Any]] = field(default_factory=list)
    #: Idempotency-Key → status, as the real server keeps it for an hour.
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: Every request that asked to post, taken or not.
    tries: list[dict[str, Any]] = field(default_factory=list)
    #: What the next posts meet: a status code, `drop` (taken, and the line goes dead) or nothing.
    faults: list[int | str] = field(default_factory=list)
    #: Set while a post is being taken; the answer waits for `let_go`.
    taken: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)
    remembers_keys: bool = True
    base: str = ""

    def __post_init__(self) -> None:
        self.let_go.set()

    def write(self, text: str, *, by: str, under: str | None = None) -> dict[str, Any]:
        """Add a status: the first an hour ago, the others now."""
        number = str(1000 + len(self.statuses))
        at = datetime.now(UTC) - timedelta(hours=0 if self.statuses else 1)
        url = f"{self.base}/@{by}/{number}"
        status = {
            "id": number, "uri": f"{self.base}/users/{by}/statuses/{number}", "url": url,
            "created_at": at.isoformat().replace("+00:00", "Z"), "visibility": "public",
            "content": f"<p>{escape(text)}</p>", "in_reply_to_id": under, "replies_count": 0,
            "account": {"id": by, "acct": by, "username": by, "display_name": by.title(),
                        "url": f"{self.base}/@{by}", "followers_count": 10},
        }  # fmt: skip
        for one in self.statuses:
            one["replies_count"] += one["id"] == under
        self.statuses.append(status)
        return status

    def by(self, name: str) -> list[str]:
        """The contents of what somebody wrote."""
        return [one["content"] for one in self.statuses if one["account"]["acct"] == name]


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def town(self) -> Town:
        return cast("Town", self.server.town)  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        # `--base-url` reads each of the servers that a watch names below a name of its own.
        steps = parts.path.removeprefix("/town.example").strip("/").split("/")
        found = {one["id"]: one for one in self.town.statuses}
        match steps:
            case ["robots.txt"]:
                self._say(404, {"error": "none"})
            case ["api", "v1", "accounts", "verify_credentials"]:
                self._say(
                    *(
                        (200, {"id": "acme", "acct": "acme"})
                        if self._known()
                        else (401, {"error": "The access token is invalid"})
                    )
                )
            case ["api", "v2", "search"]:
                hits = [one for one in self.town.statuses if query.get("q") in (one["url"], one["uri"])]
                self._say(200, {"statuses": hits, "accounts": [], "hashtags": []})
            case ["api", "v1", "timelines", "tag", _]:
                newest = reversed(self.town.statuses)
                self._say(200, [one for one in newest if "Acme" in one["content"] and not _ours(one)])
            case ["api", "v1", "statuses", number, "context"]:
                self._say(200, {"ancestors": self._above(number), "descendants": self._below(number)})
            case ["api", "v1", "statuses", number] if number in found:
                self._say(200, found[number])
            case ["api", "v1", "accounts", name, "statuses"]:
                self._say(200, [one for one in reversed(self.town.statuses) if one["account"]["id"] == name])
            case _:
                self._say(404, {"error": "Record not found"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key = self.headers.get("Idempotency-Key", "")
        self.town.tries.append(body | {"key": key})
        fault = self.town.faults.pop(0) if self.town.faults else None
        if isinstance(fault, int):
            self._say(fault, {"error": "not now"})
            return
        if not self._known():
            self._say(401, {"error": "The access token is invalid"})
            return
        status = self.town.keys.get(key) if self.town.remembers_keys else None
        if status is None:
            status = self.town.write(body["status"], by="acme", under=body["in_reply_to_id"])
            self.town.keys[key] = status
        self.town.taken.set()
        self.town.let_go.wait(60)
        if fault == "drop":
            self.close_connection = True
            return
        self._say(200, status)

    def _known(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _above(self, number: str) -> list[dict[str, Any]]:
        found = {one["id"]: one for one in self.town.statuses}
        above: list[dict[str, Any]] = []
        parent = found[number]["in_reply_to_id"]
        while parent:
            above.insert(0, found[parent])
            parent = found[parent]["in_reply_to_id"]
        return above

    def _below(self, number: str) -> list[dict[str, Any]]:
        ids = {number}
        below = []
        for one in self.town.statuses:
            if one["in_reply_to_id"] in ids:
                ids.add(one["id"])
                below.append(one)
        return below

    def _say(self, status: int, data: object) -> None:
        body = json.dumps(data).encode()
        with contextlib.suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def _ours(status: dict[str, Any]) -> bool:
    return bool(status["account"]["acct"] == "acme")


@contextlib.contextmanager
def running() -> Iterator[Town]:
    """Run a server for one test."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answer)
    town = Town(base=f"http://127.0.0.1:{server.server_port}")
    server.town = town  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield town
    finally:
        town.let_go.set()
        server.shutdown()
        server.server_close()
        thread.join()
