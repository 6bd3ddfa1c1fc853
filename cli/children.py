"""Child processes: started, watched, started again when they die, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO

PARENT_VARIABLE = "EARFUL_PARENT"
#: How often a child looks whether its parent is still there.
PARENT_CHECK_SECONDS = 1.0
#: Given to a child to finish what it has begun before it is killed.
GRACE_SECONDS = 10.0
#: Waits before a child that died is started again: the first at once, then slower and slower.
BACK_OFF = (0.0, 1.0, 2.0, 5.0, 15.0, 60.0)
#: Exit code of a child that cannot go on until a person has mended something, and the wait after it.
REFUSED = 2
REFUSED_SECONDS = 300.0
#: A child that lived this long starts again at the front of `BACK_OFF`.
HEALTHY_SECONDS = 60.0
#: Niceness of a child that may wait.
PATIENT = 10


@dataclass
class Child:
    """One process of Earful's own, by its command line."""

    name: str
    #: What follows `python -m`, or another program.
    arguments: Sequence[str]
    #: Read its standard output (the replay server and a crawl say things there).
    piped: bool = False
    #: Drop its standard output; what matters it says on standard error or in the store.
    quiet: bool = False
    #: Let everything else have the processor first.
    patient: bool = False
    #: What the arguments are given to.
    program: Sequence[str] = (sys.executable, "-m")
    process: subprocess.Popen[str] | None = None
    started_at: float = 0.0
    deaths: int = 0
    _due_at: float = field(default=0.0)

    def start(self) -> None:
        """Start the process."""
        environment = {**os.environ, PARENT_VARIABLE: str(os.getpid())}
        self.process = subprocess.Popen(  # noqa: S603 - our own modules, no shell
            [*self.program, *self.arguments],
            stdout=subprocess.PIPE if self.piped else subprocess.DEVNULL if self.quiet else None,
            text=True,
            env=environment,
            # A terminal's Ctrl-C reaches the whole group; the parent alone decides how the children end.
            start_new_session=True,
        )
        if self.patient:
            os.setpriority(os.PRIO_PROCESS, self.process.pid, PATIENT)
        self.started_at = time.monotonic()

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self.process is not None and self.process.poll() is None

    @property
    def output(self) -> IO[str]:
        """What the process says, where it is piped.

        Raises:
            RuntimeError: it is not piped or not started.
        """
        if self.process is None or self.process.stdout is None:
            raise RuntimeError(f"{self.name} is not piped")
        return self.process.stdout

    def keep_alive(self) -> str | None:
        """Start the process again if it died and its wait is over; return what to tell, if anything."""
        if self.running:
            if time.monotonic() - self.started_at > HEALTHY_SECONDS:
                self.deaths = 0
            return None
        now = time.monotonic()
        if self.process is not None:
            code = self.process.returncode
            self.process = None
            refused = code == REFUSED
            wait = REFUSED_SECONDS if refused else BACK_OFF[min(self.deaths, len(BACK_OFF) - 1)]
            self.deaths += 1
            self._due_at = now + wait
            if refused:
                minutes = f"{wait / 60:.0f} min"
                return f"{self.name} cannot go on, the line above says why; tried again every {minutes}"
            return f"{self.name} ended ({_how(code)}); starting it again" + (
                f" in {wait:.0f} s" if wait else ""
            )
        if now >= self._due_at:
            self.start()
        return None

    def stop(self) -> None:
        """Ask the process to end."""
        if self.running and self.process is not None:
            self.process.terminate()

    def wait(self, seconds: float = GRACE_SECONDS) -> None:
        """Wait for the process to end; kill it when it does not."""
        if self.process is None:
            return
        try:
            self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _how(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def end_with_parent() -> None:
    """End this process when the one that started it is gone, however it went.

    A parent killed with -9 cannot tell its children; an orphan would hold the port and its leases.
    """
    parent = int(os.environ.get(PARENT_VARIABLE, "0"))
    if not parent:
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_CHECK_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()
