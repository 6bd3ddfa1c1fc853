"""A real Redis for tests: started, flushed, killed and started again, ended with its test."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.elasticsearch_server import free_port


class Redis:
    """One server that keeps nothing on disk: killed, it has forgotten everything."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address as a broker."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        command += ["--appendonly", "no", "--dir", str(self.directory)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while self.ask("PING") != "+PONG":
            assert time.monotonic() < end, "Redis does not answer"
            time.sleep(0.05)

    def ask(self, *words: str) -> str:
        """Send one command; return the first line of the answer, empty where nobody answers."""
        request = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection,
        ):
            connection.sendall(request.encode())
            return connection.recv(4096).decode().partition("\r\n")[0]
        return ""

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextlib.contextmanager
def a_redis(directory: Path) -> Iterator[Redis]:
    """Run a Redis for the length of a block."""
    server = Redis(directory)
    server.start()
    try:
        yield server
    finally:
        server.kill()
