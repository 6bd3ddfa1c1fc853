"""Run the real `earful up --demo`, look at it through its own commands and pages, and kill it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"^http://127\.0\.0\.1:\d+/sign-in/\S+$", re.MULTILINE)


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def earful(*arguments: str, data: Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments, "--data", str(data)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


class Running:
    """An `earful up` that a test started."""

    def __init__(
        self, *arguments: str, data: Path, port: int, log: Path, environment: Mapping[str, str]
    ) -> None:
        self.port, self.log = port, log
        with log.open("a") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli", "up", *arguments, "--data", str(data), "--port", str(port)],
                cwd=ROOT,
                stdout=out,
                stderr=out,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
            )

    @property
    def said(self) -> str:
        """Everything it printed."""
        return self.log.read_text()

    def wait_until(self, true: str | re.Pattern[str], seconds: float = 120) -> str:
        """Wait until it has printed something; return the match."""
        pattern = re.compile(re.escape(true)) if isinstance(true, str) else true
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if match := pattern.search(self.said):
                return match.group()
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(f"never printed {pattern.pattern!r}; it said:\n{self.said}")

    def get(self, path: str) -> int:
        """Return the status of a page."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return int(answer.status)

    def kill_all(self) -> int:
        """Kill -9 the whole tree at once; return how many processes it had."""
        doomed = [self.process.pid, *descendants(self.process.pid)]
        for pid in doomed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        return len(doomed)

    def stop(self) -> int:
        """End it as Ctrl-C does; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=40)


@contextlib.contextmanager
def running(
    *arguments: str, data: Path, port: int | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Run `earful up` for the length of a block."""
    data.parent.mkdir(parents=True, exist_ok=True)
    log = data.parent / f"{data.name}.log"
    up = Running(*arguments, data=data, port=port or free_port(), log=log, environment=environment or {})
    try:
        yield up
    finally:
        if up.process.poll() is None:
            up.kill_all()


def descendants(pid: int) -> list[int]:
    """Return the processes below one, children in other sessions included."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                # The name in brackets may hold spaces; the parent is the second field after it.
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        below = parents.get(todo.pop(), [])
        found += below
        todo += below
    return found


def resident_mb(pids: list[int]) -> float:
    """Return the memory of processes together, shared pages counted once per sharer's part (PSS)."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            if match := re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE):
                total += int(match.group(1))
    return total / 1024
