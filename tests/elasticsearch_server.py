"""The real Elasticsearch for tests: one server for the whole suite, started on first use, ended with it.

`EARFUL_ELASTICSEARCH_HOME` names an unpacked distribution (docs/development.md tells how to get one). The
server never runs as root: started by root, it runs as the user `EARFUL_ELASTICSEARCH_USER` (`nobody`
unless set). Its data, logs and settings lie in a directory of their own, so that the distribution stays
as it was.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import http.client
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

HOME = "EARFUL_ELASTICSEARCH_HOME"
#: Seconds for a start; on a loaded machine it takes more than a minute.
START = 240.0
SETTINGS = {
    "discovery.type": "single-node",
    "xpack.security.enabled": "false",
    "network.host": "127.0.0.1",
    "cluster.routing.allocation.disk.threshold_enabled": "false",
    "cluster.max_shards_per_node": "20000",
}

#: Stores whose indices are kept; older ones go.
KEPT = 40

_prefixes = itertools.count(1)


class Server:
    """One server process with its own data; it can be killed, stopped and started on the same data."""

    def __init__(self, **settings: str) -> None:
        self.home = Path(os.environ.get(HOME, "/nowhere"))
        if not (self.home / "bin" / "elasticsearch").is_file():
            raise RuntimeError(f"{HOME} must name an unpacked Elasticsearch 8.19; see docs/development.md")
        self.base = Path(tempfile.mkdtemp(prefix="earful-elasticsearch-", dir=roomy()))
        self.port = free_port()
        self.user = os.environ.get("EARFUL_ELASTICSEARCH_USER", "nobody") if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        #: Ends the server where this process cannot; a line sent to it calls it off.
        self._watcher: subprocess.Popen[bytes] | None = None
        self._configure(SETTINGS | settings)

    @property
    def address(self) -> str:
        """Where it listens, without a scheme."""
        return f"127.0.0.1:{self.port}"

    def store_url(self, prefix: str) -> str:
        """The address of a store on this server."""
        return f"elasticsearch+http://{self.address}/{prefix}"

    def _configure(self, settings: dict[str, str]) -> None:
        config = self.base / "config"
        shutil.copytree(self.home / "config", config)
        own = {
            "http.port": str(self.port),
            "transport.port": str(free_port()),
            "path.data": str(self.base / "data"),
            "path.logs": str(self.base / "logs"),
        }
        lines = [f"{name}: {value}" for name, value in (settings | own).items()]
        (config / "elasticsearch.yml").write_text("\n".join(lines) + "\n")
        for name in ("data", "logs", "tmp"):
            (self.base / name).mkdir()
        if self.user:
            entry = pwd.getpwnam(self.user)
            for path in (self.base, *self.base.rglob("*")):
                os.chown(path, entry.pw_uid, entry.pw_gid)

    def start(self) -> None:
        """Start it and wait until it answers."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.base),
            "ES_JAVA_HOME": java_home(),
            "ES_JAVA_OPTS": "-Xms512m -Xmx1g -XX:TieredStopAtLevel=1",
            "ES_PATH_CONF": str(self.base / "config"),
            "ES_TMPDIR": str(self.base / "tmp"),
        }
        with (self.base / "console.log").open("ab") as console:
            self._process = subprocess.Popen(
                [str(self.home / "bin" / "elasticsearch")],
                env=environment,
                user=self.user,
                extra_groups=[] if self.user else None,
                cwd=self.base,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._watch(self._process.pid)
        self._wait()

    def _watch(self, group: int) -> None:
        """Let the server end with this process, however this process ends: then the pipe to `sh` closes."""
        script = f"read gone; [ -z \"$gone\" ] || exit 0; kill -KILL -{group:d}; rm -rf '{self.base}'"
        self._watcher = subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, start_new_session=True)

    def _wait(self) -> None:
        end = time.monotonic() + START
        while time.monotonic() < end:
            if self._process is None or self._process.poll() is not None:
                raise RuntimeError(f"Elasticsearch ended while starting: {self._said()}")
            if self._answers():
                return
            time.sleep(0.3)
        raise RuntimeError(f"Elasticsearch did not answer within {START:g} s: {self._said()}")

    def _answers(self) -> bool:
        request = b"GET /_cluster/health?wait_for_status=yellow&timeout=5s HTTP/1.0\r\nHost: x\r\n\r\n"
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
                connection.sendall(request)
                return b" 200 " in connection.recv(64)
        except OSError:
            return False

    def delete(self, prefix: str) -> None:
        """Remove indices by the beginning of their names."""
        names = ",".join(f"{prefix}{name}-v1" for name in ("mentions", "threads", "audit", "office", "dead"))
        self.ask("DELETE", f"/{names}?ignore_unavailable=true")

    def ask(self, method: str, path: str, body: str = "") -> str:
        """Send the server a plain request, past the store."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body or None, {"content-type": "application/json"})
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def _said(self) -> str:
        return (self.base / "console.log").read_text(errors="replace")[-2_000:]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server and everything that it started."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(30)
            self._process = None
        if self._watcher is not None:
            self._watcher.communicate(b"ended\n")
            self._watcher = None

    def stop(self) -> None:
        """End it and remove what it kept."""
        with contextlib.suppress(ProcessLookupError):
            self.kill()
        shutil.rmtree(self.base, ignore_errors=True)


@functools.cache
def shared_server() -> Server:
    """Return the server of the whole suite, started on first use."""
    server = Server()
    atexit.register(server.stop)
    server.start()
    return server


def fresh_url() -> str:
    """Return the address of an empty store on the suite's server: indices with a prefix of their own.

    Those of stores long done with go, so that a long suite does not fill the server's memory.
    """
    server = shared_server()
    number = next(_prefixes)
    if number > KEPT:
        server.delete(f"t{os.getpid()}-{number - KEPT}-")
    return server.store_url(f"t{os.getpid()}-{number}")


def roomy() -> str | None:
    """Return a directory in memory where there is room: a test makes five indices, each with its fsyncs."""
    memory = Path("/dev/shm")  # noqa: S108 — a directory of our own is made in it
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > 3 << 30 else None


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def java_home() -> str:
    """Return a JDK that the server runs on: `EARFUL_JAVA_HOME`, `JAVA_HOME`, or the one on PATH."""
    for name in ("EARFUL_JAVA_HOME", "JAVA_HOME"):
        if os.environ.get(name):
            return os.environ[name]
    java = shutil.which("java")
    if java is None:
        raise RuntimeError("no JDK 17 on PATH: on Debian, apt-get install openjdk-17-jre-headless")
    return str(Path(java).resolve().parents[1])
