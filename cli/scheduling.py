"""The scheduler: which source is read when, and the ranking of what came in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from cli.chores import Chores
from cli.crawling import Reading, due, summary
from core.clock import Clock
from core.ports import Store
from core.settings import Settings
from core.source import SourceStatus
from core.work import Work
from engage.insight.prediction import PREDICT
from engage.matching import suggest_for_all
from engage.ranking import rank
from engage.standing import sweep_if_due

#: How long a request such as "fetch now" is ours before another scheduler may take it.
WORK_LEASE = timedelta(minutes=15)
#: How often the store is asked whether the customers' daily sweep is due.
SWEEP_ASKED = timedelta(hours=1)
#: Kinds of work that are one request and move nothing.
TESTS = frozenset({"test_source", "test_key"})


class Hints(Protocol):
    """Tell workers that there may be something to do."""

    def sweep(self, store: Store, *, now: datetime) -> None:
        """Send hints for what the store says is to be done, unless that was done a moment ago."""
        ...


def hints(settings: Settings, say: Callable[[str], None]) -> Hints | None:
    """Return what sends hints to workers; None where there is no broker, so that nobody waits for one.

    Raises:
        ConfigError: the broker's address is none, or it refuses us.
    """
    if not settings.broker:
        return None
    from cli.hints import Sweep  # noqa: PLC0415 - celery costs 0.4 s where there is no broker
    from cli.turns import trouble  # noqa: PLC0415 - the same

    if away := trouble(settings.broker):
        say(f"{away}; workers wait for it, and nothing is lost")
    return Sweep(settings, say)


@dataclass
class Scheduler:
    """Decides what is due, lets one crawl run at a time, and keeps the queue in order."""

    store: Store
    settings: Settings
    clock: Clock
    #: Tells the person at the terminal one line.
    say: Callable[[str], None]
    #: Other addresses for sources, as given by `--base-url` and `--demo`.
    base_urls: Mapping[str, str] = field(default_factory=dict)
    #: Sends hints to workers, where there is a broker; then only what a person asks for is read here.
    hints: Hints | None = None
    reading: Reading | None = None
    _work: Work | None = None
    _asked_sweep: datetime | None = None
    chores: Chores = field(init=False)

    def __post_init__(self) -> None:
        """Take the chores on."""
        self.chores = Chores(self.store, self.settings, self.clock, self.say)

    def tick(self) -> bool:
        """Do what is due now; return whether anything was done, so that the caller need not wait."""
        self._finish_crawl()
        if self.reading is None:
            self._begin_crawl()
        if self.hints is not None:
            self.hints.sweep(self.store, now=self.clock.now())
        self.chores.tick()
        busy = rank(self.store, self.settings.weights, now=self.clock.now()) > 0
        # First what just came in: the daily look at everybody can wait for a quiet moment.
        return busy or self._sweep_customers()

    def _sweep_customers(self) -> bool:
        """Once a day judge all customers anew; asked of the store once an hour."""
        now = self.clock.now()
        if self._asked_sweep is not None and now - self._asked_sweep < SWEEP_ASKED:
            return False
        self._asked_sweep = now
        return sweep_if_due(self.store, now=now) and suggest_for_all(self.store, now=now) >= 0

    @property
    def crawling(self) -> tuple[str, ...]:
        """The sources being read now, by this process."""
        return tuple(self.reading.sources) if self.reading is not None else ()

    def stop(self) -> None:
        """End a running crawl; what it stored stays, and its cursor tells where to go on."""
        self.chores.stop()
        if self.reading is not None:
            self.reading.stop()

    def _begin_crawl(self) -> None:
        now = self.clock.now()
        self._work = self.store.claim_work(owner="scheduler", lease=WORK_LEASE, now=now)
        if self._work and self._work.kind == PREDICT:
            self.chores.prediction.asked(self._work)
            self._work = None
        watch_id, sources = self._asked() if self._work else self._due(now)
        if not sources:
            if self._work:
                outcome = "it is paused, or there is no such watch or source"
                self.store.finish_work(self._work.id, failed=True, outcome=outcome)
                self._work = None
            return
        self.reading = Reading(
            self.store,
            self.settings,
            self.clock,
            self.say,
            watch_id,
            sources,
            base_urls=self.base_urls,
            test=self._test(watch_id, sources),
        )

    @property
    def _is_test(self) -> bool:
        """Whether the work is one request to try a source or a key, which stores nothing that was read."""
        return self._work is not None and self._work.kind in TESTS

    def _test(self, watch_id: str, sources: Sequence[str]) -> list[str] | None:
        """Return the command that tries a source or a key; None where there is to be read."""
        if self._work and self._work.kind == "test_key":
            return ["source", "test", sources[0], "--key", f"@{self._work.payload.get('host') or ''}"]
        if self._work and self._is_test and "draft" in self._work.payload:
            return ["source", "test", sources[0], "--draft", self._work.id]
        of_watch = ["--watch", watch_id] if watch_id else []
        return ["source", "test", sources[0], *of_watch] if self._is_test else None

    def _asked(self) -> tuple[str, tuple[str, ...]]:
        """Return the watch and sources that a person asked for; no watch for every one."""
        work = self._work
        watch_id, source = (str(work.payload.get(name) or "") if work else "" for name in ("watch", "source"))
        if work and (work.kind == "test_key" or "draft" in work.payload):
            return "", (source,) if source else ()
        watches = [watch for watch in self.store.watches() if watch_id in ("", watch.id)]
        paused = {(one.watch_id, one.source) for one in self.store.source_states() if one.paused}
        names = [
            name
            for watch in watches
            for name in watch.sources
            if source in ("", name) and (self._is_test or (watch.id, name) not in paused)
        ]
        return watch_id, tuple(dict.fromkeys(names))

    def _due(self, now: datetime) -> tuple[str, tuple[str, ...]]:
        if self.hints is not None:
            return "", ()
        found = due(self.store, now)
        return (found[0][0].id, found[0][1]) if found else ("", ())

    def _finish_crawl(self) -> None:
        if self.reading is None or self.reading.running:
            return
        reading, self.reading = self.reading, None
        if reading.test is not None and self._work is not None:
            child = reading.child
            failed = child.process is None or child.process.returncode != 0
            with child.output as output:
                outcome = output.read().strip() or "the test ended without a word; the log says why"
            self.store.finish_work(self._work.id, failed=failed, outcome=outcome)
            self._work = None
            return
        told = reading.ended()
        if self._work is not None:
            failed = any(state.status is not SourceStatus.OK for state in told)
            outcome = "; ".join(summary(state) for state in told)
            self.store.finish_work(self._work.id, failed=failed, outcome=outcome)
            self._work = None
