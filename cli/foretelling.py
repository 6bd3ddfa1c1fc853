"""What is worked out once a night, and when somebody asks, each in a process of its own."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cli.children import REFUSED, Child
from core.clock import Clock
from core.kept import Sought
from core.ports import Store
from core.settings import Settings
from core.work import Work
from engage.customers import ACCOUNT
from engage.insight.prediction import LATEST, PREDICTION
from engage.topics import MARK_KEY, MARK_KIND
from nlp import model_name

EVERY = timedelta(hours=24)
#: Between two looks at what is due; after a failure it is tried again as late.
LOOK = timedelta(minutes=10)
#: Between two looks whether all is read and labelled for the first time, and the longest wait for that.
FIRST_LOOK = timedelta(seconds=5)
PATIENCE = timedelta(hours=1)
ABSENT = "run ./earful predict once by hand; it installs the packages that predictions need"


#: The launcher of a checkout, which installs what a command needs, and the environment that it made.
LAUNCHER = Path(__file__).resolve().parents[1] / "earful"
MADE_BY_LAUNCHER = LAUNCHER.with_name(".venv")


def installed() -> bool:
    """Tell whether the packages are here that a prediction needs."""
    return importlib.util.find_spec("lifelines") is not None


def installable() -> bool:
    """Tell whether they are here, or the launcher can bring them."""
    return installed() or (LAUNCHER.is_file() and Path(sys.prefix) == MADE_BY_LAUNCHER)


def all_in(store: Store, settings: Settings) -> bool:
    """Tell whether every source of every watch was read, and all that they brought is labelled."""
    read = {
        (one.watch_id, one.source)
        for one in store.source_states()
        if one.last_success_at or one.failures or one.paused
    }
    wanted = {(watch.id, source) for watch in store.watches() for source in watch.sources}
    return wanted <= read and not store.backlog(model_name(settings.model_dir))


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What is worked out once a night: the command, and what is kept of it."""

    command: str
    #: Kind and key of what the last run kept.
    kept: tuple[str, str]
    #: Tells whether there is anything to work it out from.
    possible: Callable[[Store], bool]

    def last(self, store: Store) -> datetime | None:
        """Return when it was worked out; None for never."""
        found = store.kept_one(*self.kept)
        return found.at if found else None


PREDICT = Task(
    command="predict",
    kept=(PREDICTION, LATEST),
    possible=lambda store: installable() and bool(store.kept_counts(Sought(kind=ACCOUNT))),
)
TOPICS = Task(
    command="topics",
    kept=(MARK_KIND, MARK_KEY),
    possible=lambda store: next(iter(store.mentions()), None) is not None,
)


@dataclass
class Nightly:
    """Run one task when it is due, or when asked, one run at a time.

    The first run comes as soon as all is read and labelled for the first time, or an hour after the start
    where that never happens; each other one a day after the last.
    """

    store: Store
    settings: Settings
    clock: Clock
    #: Tells the person at the terminal one line.
    say: Callable[[str], None]
    task: Task
    child: Child | None = None
    _work: Work | None = None
    _since: datetime | None = None
    _look_at: datetime | None = None

    def tick(self) -> None:
        """Do what is due now."""
        if self.child is not None:
            self._finish()
            return
        now = self.clock.now()
        self._since = self._since or now
        if self._look_at is not None and now < self._look_at:
            return
        last = self.task.last(self.store)
        self._look_at = now + (FIRST_LOOK if last is None else LOOK)
        if now - last >= EVERY if last is not None else self._may_be_first(now):
            self._look_at = now + LOOK
            self._begin()

    def asked(self, work: Work) -> None:
        """Begin at once because somebody asked; one that runs already answers them as well."""
        if not installable():
            self.store.finish_work(work.id, failed=True, outcome=ABSENT)
        elif self.child is not None:
            self.store.finish_work(work.id, outcome="one was already on its way")
        else:
            self._work = work
            self._begin()

    def stop(self) -> None:
        """End a running one; what was worked out before stays."""
        if self.child is not None:
            self.child.stop()
            self.child.wait()

    def _may_be_first(self, now: datetime) -> bool:
        if not self.task.possible(self.store):
            return False
        waited = self._since is not None and now - self._since >= PATIENCE
        return waited or all_in(self.store, self.settings)

    def _begin(self) -> None:
        name = self.task.command
        by_launcher = self.task is PREDICT and not installed()
        program = ("sh", str(LAUNCHER)) if by_launcher else (sys.executable, "-m", "cli")
        arguments = [name, "--data", str(self.settings.data_dir)]
        self.child = Child(name, arguments, quiet=True, patient=True, program=program)
        self.child.start()

    def _finish(self) -> None:
        if self.child is None or self.child.running:
            return
        process, self.child = self.child.process, None
        failed = (process.returncode if process else REFUSED) != 0
        name = self.task.command
        self.say(f"{name} failed, the lines above say why" if failed else f"{name}: done")
        if self._work is not None:
            outcome = "it failed; the log says why" if failed else "done"
            self.store.finish_work(self._work.id, failed=failed, outcome=outcome)
            self._work = None
