"""Every part of Earful as a process of its own, as the containers of docker-compose.yml run them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from cli.watching import demo_watch, shift_days
from store import open_store
from tests.cli.running import ROOT, descendants, free_port

SOURCES = {"hackernews": "hackernews", "mastodon": "mastodon", "feed": "feeds"}


class Cluster:
    """A scheduler, label workers, crawl workers, the web server, and the demo's replay server."""

    def __init__(self, data: Path, store_url: str, broker: str) -> None:
        self.data, self.store_url = data, store_url
        self.port = free_port()
        self.environment = {
            **os.environ,
            "EARFUL_STORE_URL": store_url,
            "EARFUL_BROKER": broker,
            "EARFUL_DATA_DIR": str(data),
            "PYTHONUNBUFFERED": "1",
        }
        self.bases: list[str] = []
        self.parts: dict[str, subprocess.Popen[str]] = {}

    def start(self) -> None:
        """Start everything over the replay of the demo."""
        self.data.mkdir(parents=True, exist_ok=True)
        now = datetime.now(UTC)
        store = open_store(self.store_url)
        shift = shift_days(store, now=now)
        demo_watch(store, now=now)
        store.close()
        replay = self._popen(
            "replay", ["crawlers.replay", "--recent", "--shift-days", str(shift)], stdout=subprocess.PIPE
        )
        assert replay.stdout is not None
        address = replay.stdout.readline().strip().rpartition(" ")[2]
        for source, path in SOURCES.items():
            self.bases += ["--base-url", f"{source}={address}/{path}"]
        self.begin("schedule", "web", "send", "label-1", "label-2", "crawl-1", "crawl-2")

    def begin(self, *names: str) -> None:
        """Start parts, or start them again."""
        for name in names:
            self._popen(name, ["cli", *self._arguments(name)])

    def _arguments(self, name: str) -> list[str]:
        match name.partition("-")[0]:
            case "schedule":
                return ["schedule", *self.bases]
            case "send":
                return ["send"]
            case "web":
                return ["serve", "--port", str(self.port)]
            case "crawl":
                return ["worker", "--queue", "crawl", *self.bases]
            case _:
                return ["worker", "--queue", "label"]

    def _popen(self, name: str, arguments: list[str], stdout: int | None = None) -> subprocess.Popen[str]:
        with (self.data / f"{name}.log").open("a") as log:
            self.parts[name] = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=stdout or log,
                stderr=log,
                text=True,
            )
        return self.parts[name]

    def kill(self, name: str) -> None:
        """Kill -9 one part, not what it started: that has to see for itself."""
        self.parts[name].kill()
        self.parts[name].wait()

    def said(self, name: str) -> str:
        """Everything that a part printed."""
        return (self.data / f"{name}.log").read_text()

    def wait_until(self, name: str, words: str, seconds: float = 60) -> None:
        """Wait until a part has printed something."""
        end = time.monotonic() + seconds
        while words not in self.said(name):
            assert time.monotonic() < end, f"{name} never said {words!r}; it said:\n{self.said(name)}"
            time.sleep(0.2)

    def answers(self, path: str = "/readyz") -> bool:
        """Tell whether a page is served."""
        address = f"http://127.0.0.1:{self.port}{path}"
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=10) as answer:
            return bool(answer.status == 200)
        return False

    def stop(self) -> None:
        """Kill everything that is left."""
        for process in self.parts.values():
            doomed = [process.pid, *descendants(process.pid)] if process.poll() is None else []
            for pid in doomed:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, 9)
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


@contextlib.contextmanager
def a_cluster(data: Path, store_url: str, broker: str) -> Iterator[Cluster]:
    """Run a cluster for the length of a block."""
    cluster = Cluster(data, store_url, broker)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
