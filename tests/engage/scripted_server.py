"""A server that answers a few addresses as it was told, and remembers what it was asked."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


#: Returns a status and JSON; None lets the line go dead after the request was taken.
Answer = Callable[[Asked], tuple[int, object] | None]


@dataclass
class Scripted:
    """What the server answers, by method and path."""

    base: str = ""
    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    #: Headers of every answer, beside the usual ones.
    headers: dict[str, str] = field(default_factory=dict)

    def on(self, method: str, path: str, answer: Answer | object) -> None:
        """Answer a path; a plain value is JSON with status 200."""
        plain: Answer = lambda _: (200, answer)  # noqa: E731
        self.answers[method, path] = cast("Answer", answer) if callable(answer) else plain


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _do(self) -> None:
        told = cast("Scripted", self.server.told)  # type: ignore[attr-defined]
        parts = urlsplit(self.path)
        asked = Asked(
            method=self.command,
            path=parts.path,
            query={name: values[0] for name, values in parse_qs(parts.query).items()},
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )
        told.asked.append(asked)
        answer = told.answers.get((self.command, parts.path), lambda _: (404, {"message": "Not Found"}))(
            asked
        )
        if answer is None:
            self.close_connection = True
            return
        body = json.dumps(answer[1]).encode()
        with contextlib.suppress(OSError):
            self.send_response(answer[0])
            for name, value in {"Content-Length": str(len(body)), **told.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    def do_GET(self) -> None:
        self._do()

    def do_POST(self) -> None:
        self._do()

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def scripted() -> Iterator[Scripted]:
    """Run a server for one test."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    told = Scripted(base=f"http://127.0.0.1:{server.server_port}")
    server.told = told  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
