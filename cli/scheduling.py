"""The scheduler: which source is read when, and the ranking of what came in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cli.children import Child
from cli.chores import Chores
from core.clock import Clock
from core.ports import Store
from core.settings import Settings
from core.source import SourceState, SourceStatus
from core.watch import Watch
from core.work import Work
from engage.matching import suggest_for_all
from engage.ranking import rank
from engage.standing import sweep_if_due

#: How long a request such as "fetch now" is ours before another scheduler may take it.
WORK_LEASE = timedelta(minutes=15)
#: A crawl that says nothing for this long is stuck; it is killed and its sources are read next time.
CRAWL_LIMIT = timedelta(minutes=20)
#: A crawl that died is tried again after this time, doubled with each failure in a row.
CRAWL_AGAIN = timedelta(seconds=2)
CRAWL_AGAIN_AT_LAST = timedelta(minutes=15)
#: How often the store is asked whether the customers' daily sweep is due.
SWEEP_ASKED = timedelta(hours=1)
#: Kinds of work that are one request and move nothing.
TESTS = frozenset({"test_source", "test_key"})
#: Minutes from which on a wait is told in hours.
HOUR = 60


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
    crawl: Child | None = None
    #: The watch that is being read, empty for every one, and the sources.
    _crawling: tuple[str, tuple[str, ...]] = ("", ())
    _crawl_since: datetime | None = None
    _work: Work | None = None
    _asked_sweep: datetime | None = None
    chores: Chores = field(init=False)

    def __post_init__(self) -> None:
        """Take the chores on."""
        self.chores = Chores(self.store, self.settings, self.clock, self.say)

    def tick(self) -> bool:
        """Do what is due now; return whether anything was done, so that the caller need not wait."""
        self._finish_crawl()
        if self.crawl is None:
            self._begin_crawl()
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
        """The sources being read now."""
        return self._crawling[1] if self.crawl is not None else ()

    def stop(self) -> None:
        """End a running crawl; what it stored stays, and its cursor tells where to go on."""
        self.chores.stop()
        if self.crawl is not None:
            self.crawl.stop()
            self.crawl.wait()

    def _begin_crawl(self) -> None:
        now = self.clock.now()
        self._work = self.store.claim_work(owner="scheduler", lease=WORK_LEASE, now=now)
        watch_id, sources = self._asked() if self._work else self._due(now)
        if not sources:
            if self._work:
                outcome = "it is paused, or there is no such watch or source"
                self.store.finish_work(self._work.id, failed=True, outcome=outcome)
                self._work = None
            return
        arguments = [*self._command(watch_id, sources), "--data", str(self.settings.data_dir)]
        for source, url in self.base_urls.items():
            arguments += ["--base-url", f"{source}={url}"]
        # A test says a few lines, which fit into a pipe that is read when it has ended.
        self.crawl = Child("crawl", arguments, quiet=not self._is_test, piped=self._is_test)
        self.crawl.start()
        self._crawling, self._crawl_since = (watch_id, sources), now

    @property
    def _is_test(self) -> bool:
        """Whether the work is one request to try a source or a key, which stores nothing that was read."""
        return self._work is not None and self._work.kind in TESTS

    def _command(self, watch_id: str, sources: Sequence[str]) -> list[str]:
        """Return what the child is to run."""
        of_watch = ["--watch", watch_id] if watch_id else []
        if self._work and self._work.kind == "test_key":
            return ["cli", "source", "test", sources[0], "--key", f"@{self._work.payload.get('host') or ''}"]
        if self._work and self._is_test and "draft" in self._work.payload:
            return ["cli", "source", "test", sources[0], "--draft", self._work.id]
        if self._is_test:
            return ["cli", "source", "test", sources[0], *of_watch]
        return ["cli", "crawl", *of_watch, *(part for source in sources for part in ("--source", source))]

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
        states = {(state.watch_id, state.source): state for state in self.store.source_states()}
        for watch in sorted(self.store.watches(), key=lambda watch: -watch.priority):
            due = tuple(name for name in watch.sources if is_due(watch, states.get((watch.id, name)), now))
            if due and not watch.paused:
                return watch.id, due
        return "", ()

    def _finish_crawl(self) -> None:
        if self.crawl is None:
            return
        if self.crawl.running:
            if self._crawl_since and self.clock.now() - self._crawl_since > CRAWL_LIMIT:
                self.say("the crawl took too long and was stopped; it goes on from its cursor next time")
                self.stop()
            return
        watch_id, sources = self._crawling
        crawl, self.crawl = self.crawl, None
        if self._is_test and self._work is not None:
            failed = crawl.process is None or crawl.process.returncode != 0
            with crawl.output as output:
                outcome = output.read().strip() or "the test ended without a word; the log says why"
            self.store.finish_work(self._work.id, failed=failed, outcome=outcome)
            self._work = None
            return
        watches = [one for one in self.store.watches() if watch_id in ("", one.id) and not one.paused]
        read = {(watch.id, name) for watch in watches for name in watch.sources if name in sources}
        states = self.store.source_states()
        read -= {(one.watch_id, one.source) for one in states if one.paused}
        told = [state for state in states if (state.watch_id, state.source) in read]
        for state in told:
            self.say(summary(state))
        self._mark_untried(read, told)
        if self._work is not None:
            failed = any(state.status is not SourceStatus.OK for state in told)
            outcome = "; ".join(summary(state) for state in told)
            self.store.finish_work(self._work.id, failed=failed, outcome=outcome)
            self._work = None

    def _mark_untried(self, read: Iterable[tuple[str, str]], told: Sequence[SourceState]) -> None:
        """Keep a source whose crawl died before it could say anything from being tried again at once."""
        since = self._crawl_since or self.clock.now()
        states = {(state.watch_id, state.source): state for state in told}
        for watch_id, source in sorted(read):
            state = states.get((watch_id, source))
            if state is None or state.last_try_at is None or state.last_try_at < since:
                self.say(f"{source}: the crawl ended before it was read; the lines above say why")
                kept = state or SourceState(watch_id=watch_id, source=source)
                self.store.save_source_state(tried(kept, self.clock.now()))


def tried(state: SourceState, now: datetime) -> SourceState:
    """Return the state of a source whose crawl died."""
    failures = state.failures + 1
    return replace(
        state,
        until=now + min(CRAWL_AGAIN * 2**failures, CRAWL_AGAIN_AT_LAST),
        failures=failures,
        reason="the crawl ended unexpectedly; what it had read is kept, and it goes on from there",
    )


def is_due(watch: Watch, state: SourceState | None, now: datetime) -> bool:
    """Tell whether a source is to be read now."""
    if state is None:
        return True
    if state.paused or (state.until is not None and now < state.until):
        return False
    if state.last_try_at is None:
        return True
    return now >= state.last_try_at + timedelta(minutes=watch.every_minutes)


def summary(state: SourceState) -> str:
    """Return one line about a source's last crawl."""
    line = (
        f"{state.source}: {state.status.value}, {state.requests} requests, {state.new} new, "
        f"{state.changed} changed, {state.unchanged} unchanged, {state.errors} errors"
    )
    line = f"{line}; {state.reason}" if state.reason else line
    if state.until is None or state.last_try_at is None:
        return line
    return f"{line}; tried again in {_for_people(state.until - state.last_try_at)}"


def _for_people(wait: timedelta) -> str:
    """Return a wait in the unit that a person would choose."""
    minutes = max(1, round(wait.total_seconds() / 60))
    if minutes < HOUR:
        return f"{minutes} min"
    hours = round(minutes / HOUR)
    return f"{hours} h"
