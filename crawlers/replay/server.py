"""The replay server: routes a request to the service it plays, and fails on purpose where asked."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from core.clock import Clock, SystemClock
from core.errors import InputError
from crawlers.replay import feeds, hackernews
from crawlers.replay.corpus import Corpus
from crawlers.replay.exchange import Answer, Json, Request, json_answer
from crawlers.replay.ledger import to_json
from crawlers.replay.mastodon import Server

#: Longest change that is taken, in bytes.
MAX_CHANGE = 100_000
_ROBOTS = b"User-agent: *\nDisallow:\n"


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What goes wrong on purpose."""

    #: Every how many requests one fails, in turn with 429 (and `Retry-After: 1`) and 500; None for never.
    fail_every: int | None = None
    #: Seconds before each answer.
    delay: float = 0.0


@dataclass(kw_only=True)
class Desk:
    """Answers requests and keeps the log of them; knows nothing of sockets."""

    corpus: Corpus
    faults: Faults = field(default_factory=Faults)
    clock: Clock = field(default_factory=SystemClock)
    federated_ids: bool = False
    log: list[Mapping[str, Json]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: Request, target: str) -> Answer:
        """Answer one request; `target` is how the client wrote it, for the log.

        The ledger and the log serve the tests themselves: they are never logged and never fail.
        """
        if request.path == ("ledger.json",):
            return json_answer(to_json(self.corpus))
        if request.path == ("requests.json",):
            return json_answer(list(self.log))
        at = self.clock.now().timestamp()
        if self.faults.delay:
            time.sleep(self.faults.delay)
        with self._lock:
            fault = self._fault(len(self.log) + 1)
            found = fault or self._route(request)
            self.log.append(
                {
                    "at": at,
                    "target": target,
                    "status": found.status,
                    "retry_after": found.headers.get("Retry-After"),
                    "user_agent": request.headers.get("user-agent"),
                }
            )
        return found

    def change(self, body: bytes) -> Answer:
        """Edit a post (`source`, `id`, `text`) or take it away (no `text`), as its author would."""
        try:
            asked = json.loads(body)
            source, native, text = str(asked["source"]), str(asked["id"]), asked.get("text")
            with self._lock:
                if text is None:
                    self.corpus = self.corpus.without(source, native)
                else:
                    self.corpus = self.corpus.edited(source, native, str(text), self.clock.now())
        except (ValueError, KeyError, TypeError, AttributeError, InputError) as error:
            return json_answer({"error": str(error)}, status=400)
        return json_answer({"source": source, "id": native, "deleted": text is None})

    def _fault(self, number: int) -> Answer | None:
        every = self.faults.fail_every
        if not every or number % every:
            return None
        if number // every % 2:
            return json_answer({"error": "Too many requests"}, status=429, headers={"Retry-After": "1"})
        return json_answer({"error": "Internal Server Error"}, status=500)

    def _route(self, request: Request) -> Answer:
        match request.path:
            case ("hackernews", *_):
                return hackernews.answer(self.corpus, _below(request, 1))
            case ("mastodon", host, *_):
                server = Server(self.corpus, host, federated_ids=self.federated_ids)
                return server.answer(_below(request, 2), self.clock.now())
            case ("feeds", *_):
                return feeds.answer(self.corpus, _below(request, 1))
            case ("robots.txt",):
                return Answer(body=_ROBOTS, headers={"Content-Type": "text/plain; charset=utf-8"})
            case _:
                return json_answer({"error": "not found"}, status=404)


class ReplayServer(ThreadingHTTPServer):
    """An HTTP server on 127.0.0.1 over a `Desk`; port 0 takes a free one."""

    daemon_threads = True
    #: A crawler opens many connections at once.
    request_queue_size = 64

    def __init__(self, desk: Desk, port: int = 0) -> None:
        self.desk = desk
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that hung up; a killed crawler is no news."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    @property
    def base(self) -> str:
        """The address to put before every path."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    """Turn the bytes of a request into a `Request`, and an `Answer` into bytes."""

    protocol_version = "HTTP/1.1"
    server_version = "earful-replay"
    sys_version = ""
    #: Ends connections that a client leaves open.
    timeout: ClassVar[float] = 30.0
    server: ReplayServer

    def do_GET(self) -> None:
        """Answer a GET."""
        self._send(self.server.desk.answer(self._request(), self.path))

    def do_HEAD(self) -> None:
        """Answer a HEAD: as a GET, without the body."""
        self._send(self.server.desk.answer(self._request(), self.path))

    def do_POST(self) -> None:
        """Take a change of the corpus at `/changes.json`; nothing else is taken."""
        length = self.headers.get("Content-Length", "")
        body = self.rfile.read(min(int(length), MAX_CHANGE)) if length.isdecimal() else b""
        is_ours = urlsplit(self.path).path == "/changes.json"
        self._send(
            self.server.desk.change(body) if is_ours else json_answer({"error": "not found"}, status=404)
        )

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Keep quiet: the log is at /requests.json."""

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        host = headers.get("host") or self.server.base.removeprefix("http://")
        return Request(
            base=f"http://{host}",
            path=tuple(unquote(part) for part in parts.path.split("/") if part),
            query=parse_qs(parts.query, keep_blank_values=True),
            headers=headers,
        )

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)


def _below(request: Request, depth: int) -> Request:
    return Request(base=request.base, path=request.path[depth:], query=request.query, headers=request.headers)
