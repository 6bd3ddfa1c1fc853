"""The application on a port of its own, which is let go only when it has answered everybody."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.serving import make_server
from werkzeug.wsgi import ClosingIterator

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

#: Seconds after which a request that hangs is left alone.
PATIENCE = 20.0


class Counted:
    """An application that knows how many requests it is answering."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.inside = 0
        self.changed = threading.Condition()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self._count(1)
        try:
            # Made whole here: whether a browser that is closing still reads it says nothing about the work.
            with closing(ClosingIterator(self.app(environ, start_response))) as answer:
                return [b"".join(answer)]
        finally:
            self._count(-1)

    def wait_until_idle(self) -> None:
        """Wait for what is being answered: a page that closes says so last of all, in the background."""
        with self.changed:
            self.changed.wait_for(lambda: not self.inside, PATIENCE)

    def _count(self, step: int) -> None:
        with self.changed:
            self.inside += step
            self.changed.notify_all()


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve an application on loopback; give its address."""
    counted = Counted(app)
    server = make_server("127.0.0.1", 0, counted, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        counted.wait_until_idle()
        server.server_close()
