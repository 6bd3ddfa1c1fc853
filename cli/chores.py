"""What the scheduler does now and then beside crawling: backups, nightly sums, retention."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cli.backup import DIRECTORY, is_due
from cli.children import REFUSED, Child
from cli.foretelling import PREDICT, TOPICS, Nightly
from core.clock import Clock, from_iso, iso
from core.ports import Store
from core.settings import Settings
from engage.parts import tell
from engage.retention import STEP, days_kept, empty_audit, forget_old, forget_silent, people_days_kept

#: Between two looks at what is due.
LOOK = timedelta(minutes=1)
#: Between two rounds of retention, once nothing is left to forget.
ROUND = timedelta(hours=1)
#: Remembers when backups were first thought of: an empty store needs none.
SINCE_KEY = "backup.since"


@dataclass
class Chores:
    """Do what is due, a long one in a child of its own."""

    store: Store
    settings: Settings
    clock: Clock
    #: Tells the person at the terminal one line.
    say: Callable[[str], None]
    backup: Child | None = None
    prediction: Nightly = field(init=False)
    topics: Nightly = field(init=False)
    _looked_at: datetime | None = None
    _forget_at: datetime | None = None

    def __post_init__(self) -> None:
        """Take on what is worked out at night."""
        parts = (self.store, self.settings, self.clock, self.say)
        self.prediction = Nightly(*parts, PREDICT)
        self.topics = Nightly(*parts, TOPICS)

    def tick(self) -> None:
        """Do what is due now."""
        now = self.clock.now()
        self._forget(now)
        self.prediction.tick()
        self.topics.tick()
        if self.backup is not None:
            self._finish_backup()
        elif self._looked_at is None or now - self._looked_at >= LOOK:
            self._looked_at = now
            self._begin_backup(now)

    def stop(self) -> None:
        """End a running backup; no file is left of it. End what is worked out; the last one stays."""
        self.prediction.stop()
        self.topics.stop()
        if self.backup is not None:
            self.backup.stop()
            self.backup.wait()

    def _begin_backup(self, now: datetime) -> None:
        if not self.settings.backup_hours:
            return
        since = from_iso(self.store.remember(SINCE_KEY, iso(now)))
        directory, every = self.settings.data_dir / DIRECTORY, timedelta(hours=self.settings.backup_hours)
        if is_due(directory, every=every, since=since, now=now):
            keep = ["--keep", str(self.settings.backup_keep), "--data", str(self.settings.data_dir)]
            self.backup = Child("backup", ["cli", "backup", *keep], quiet=True)
            self.backup.start()

    def _finish_backup(self) -> None:
        if self.backup is None or self.backup.running:
            return
        process, self.backup = self.backup.process, None
        code = process.returncode if process else REFUSED
        if code:
            # Looked at again after a while: a full disk does not become empty by trying each minute.
            self._looked_at = self.clock.now() + ROUND
            self.say("the backup failed, the line above says why; tried again in an hour")
            told = "The last backup failed; Earful's log says why. It is tried again each hour."
            tell(self.store, "backup", told, now=self.clock.now())
        else:
            tell(self.store, "backup", "", now=self.clock.now())
            self.say(f"backed up into {self.settings.data_dir / DIRECTORY}")

    def _forget(self, now: datetime) -> None:
        if self._forget_at is not None and now < self._forget_at:
            return
        days = days_kept(self.store, self.settings.retention_days)
        gone = forget_old(self.store, days=days, now=now)
        if gone:
            self.say(f"{gone} threads older than {days} days were let go")
        days = people_days_kept(self.store, self.settings.retention_days)
        silent = forget_silent(self.store, days=days, now=now)
        if silent:
            self.say(f"{silent} people not heard for {days} days were let go")
        emptied = empty_audit(self.store, now=now)
        if emptied:
            self.say(f"{emptied} old audit records no longer tell what was before and after")
        self._forget_at = now if gone == STEP else now + ROUND
