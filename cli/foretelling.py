"""What is worked out once a night, and when somebody asks, each in a process of its own."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cli.children import REFUSED, Child
from core.clock import Clock
from core.kept import Sought
from core.ports import Store
from core.settings import Settings
from core.work import Work
from engage.customers import ACCOUNT
from engage.insight.prediction import LATEST, PREDICTION
from engage.topics import MARK_KEY, MARK_KIND

EVERY = timedelta(hours=24)
#: Between two looks at what is due; after a failure it is tried again as late.
LOOK = timedelta(minutes=10)
ABSENT = "run ./earful predict once by hand; it installs the packages that predictions need"


def installed() -> bool:
    """Tell whether the packages are here that a prediction needs."""
    return importlib.util.find_spec("lifelines") is not None


def prediction_due(store: Store, now: datetime) -> bool:
    """Tell whether a prediction is due: a day after the last, the first with the first account."""
    if not installed():
        return False
    last = store.kept_one(PREDICTION, LATEST)
    if last is None:
        return bool(store.kept_counts(Sought(kind=ACCOUNT)))
    return now - last.at >= EVERY


def topics_due(store: Store, now: datetime) -> bool:
    """Tell whether topics are due: a day after the last, the first once everything is labelled."""
    last = store.kept_one(MARK_KIND, MARK_KEY)
    return now - last.at >= EVERY if last is not None else next(iter(store.mentions()), None) is not None


@dataclass
class Nightly:
    """Run one command when it is due, or when asked, one run at a time."""

    store: Store
    settings: Settings
    clock: Clock
    #: Tells the person at the terminal one line.
    say: Callable[[str], None]
    command: str
    due: Callable[[Store, datetime], bool]
    child: Child | None = None
    _work: Work | None = None
    _looked_at: datetime | None = None

    def tick(self) -> None:
        """Do what is due now."""
        if self.child is not None:
            self._finish()
            return
        now = self.clock.now()
        if self._looked_at is not None and now - self._looked_at < LOOK:
            return
        # The first look is not the first thing that a start does: what came in is read and labelled first.
        first, self._looked_at = self._looked_at is None, now
        if not first and self.due(self.store, now):
            self._begin()

    def asked(self, work: Work) -> None:
        """Begin at once because somebody asked; one that runs already answers them as well."""
        if not installed():
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

    def _begin(self) -> None:
        command = ["cli", self.command, "--data", str(self.settings.data_dir)]
        self.child = Child(self.command, command, quiet=True)
        self.child.start()

    def _finish(self) -> None:
        if self.child is None or self.child.running:
            return
        process, self.child = self.child.process, None
        failed = (process.returncode if process else REFUSED) != 0
        self.say(f"{self.command} failed, the lines above say why" if failed else f"{self.command}: done")
        if self._work is not None:
            outcome = "it failed; the log says why" if failed else "done"
            self.store.finish_work(self._work.id, failed=failed, outcome=outcome)
            self._work = None
