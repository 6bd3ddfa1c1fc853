"""One crawl in a child process, begun by whoever finds a source due, and what comes of it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cli.children import Child
from core.clock import Clock
from core.errors import NotFound
from core.kept import Doing
from core.ports import Store
from core.settings import Settings
from core.source import SourceState
from core.watch import Watch

#: A crawl that says nothing for this long is stuck; it is killed and its sources are read next time.
CRAWL_LIMIT = timedelta(minutes=20)
#: A crawl that died is tried again after this time, doubled with each failure in a row.
CRAWL_AGAIN = timedelta(seconds=2)
CRAWL_AGAIN_AT_LAST = timedelta(minutes=15)
#: How long a source is a worker's own without a word of it; it is said again three times as often.
LEASE = timedelta(seconds=30)
#: Between two looks at whether a crawl has ended.
LOOK_SECONDS = 0.2
#: Minutes from which on a wait is told in hours.
HOUR = 60


@dataclass
class Reading:
    """A crawl of some sources of one watch, in a child."""

    store: Store
    settings: Settings
    clock: Clock
    #: Tells the person at the terminal one line.
    say: Callable[[str], None]
    #: The watch to be read, empty for every one.
    watch_id: str
    sources: Sequence[str]
    base_urls: Mapping[str, str] = field(default_factory=dict)
    #: The command of "test with one request" instead, which stores nothing and moves no state.
    test: Sequence[str] | None = None
    child: Child = field(init=False)
    since: datetime = field(init=False)

    def __post_init__(self) -> None:
        """Begin."""
        of_watch = ["--watch", self.watch_id] if self.watch_id else []
        named = [part for source in self.sources for part in ("--source", source)]
        command = ["crawl", *of_watch, *named] if self.test is None else self.test
        arguments = ["cli", *command, "--data", str(self.settings.data_dir)]
        for source, url in self.base_urls.items():
            arguments += ["--base-url", f"{source}={url}"]
        # A test says a few lines, which fit into a pipe that is read when it has ended.
        is_test = self.test is not None
        self.child = Child("crawl", arguments, quiet=not is_test, piped=is_test)
        self.since = self.clock.now()
        self.child.start()

    @property
    def running(self) -> bool:
        """Whether it goes on; one that takes too long is ended."""
        if self.child.running and self.clock.now() - self.since > CRAWL_LIMIT:
            self.say("the crawl took too long and was stopped; it goes on from its cursor next time")
            self.stop()
        return self.child.running

    def stop(self) -> None:
        """End it; what it stored stays, and its cursor tells where to go on."""
        self.child.stop()
        self.child.wait()

    def ended(self) -> list[SourceState]:
        """Tell how its sources are doing, after it has ended."""
        watches = [one for one in self.store.watches() if self.watch_id in ("", one.id) and not one.paused]
        read = {(watch.id, name) for watch in watches for name in watch.sources if name in self.sources}
        states = self.store.source_states()
        read -= {(one.watch_id, one.source) for one in states if one.paused}
        told = [state for state in states if (state.watch_id, state.source) in read]
        for state in told:
            self.say(summary(state))
        self._mark_untried(read, told)
        return told

    def _mark_untried(self, read: Iterable[tuple[str, str]], told: Sequence[SourceState]) -> None:
        """Keep a source whose crawl died before it could say anything from being tried again at once."""
        states = {(state.watch_id, state.source): state for state in told}
        for watch_id, source in sorted(read):
            state = states.get((watch_id, source))
            if state is None or state.last_try_at is None or state.last_try_at < self.since:
                self.say(f"{source}: the crawl ended before it was read; the lines above say why")
                kept = state or SourceState(watch_id=watch_id, source=source)
                self.store.save_source_state(tried(kept, self.clock.now()))


def due(store: Store, now: datetime) -> list[tuple[Watch, tuple[str, ...]]]:
    """Return the sources that are to be read now, by watch, those to be read first before the others."""
    states = {(state.watch_id, state.source): state for state in store.source_states()}
    found = []
    for watch in sorted(store.watches(), key=lambda watch: -watch.priority):
        names = tuple(name for name in watch.sources if is_due(watch, states.get((watch.id, name)), now))
        if names and not watch.paused:
            found.append((watch, names))
    return found


@dataclass
class Crawling:
    """Read sources that are due, as one of many workers: the store says which are, and whose they are."""

    store: Store
    settings: Settings
    clock: Clock
    say: Callable[[str], None]
    base_urls: Mapping[str, str] = field(default_factory=dict)

    def work(self) -> int:
        """Read the first source that is due and nobody else's; return how many were read."""
        for watch, names in due(self.store, self.clock.now()):
            for name in names:
                if self.read(watch.id, name):
                    return 1
        return 0

    def read(self, watch_id: str, source: str) -> bool:
        """Read one source unless it is not due, or somebody else is at it; tell whether it was read."""
        key, owner = f"crawl:{watch_id}:{source}", f"crawl {uuid.uuid4().hex}"
        if not self._is_due(watch_id, source) or not self._take(key, owner):
            return False
        try:
            # Somebody may have read it between the look and the claim.
            if not self._is_due(watch_id, source):
                return False
            reading = Reading(
                self.store, self.settings, self.clock, self.say, watch_id, (source,), self.base_urls
            )
            try:
                self._attend(reading, key, owner)
            finally:
                reading.stop()
            reading.ended()
            return True
        finally:
            self.store.release(owner, doing=Doing.TAKEN, thread_id=key)

    def _is_due(self, watch_id: str, source: str) -> bool:
        try:
            watch = self.store.watch(watch_id)
        except NotFound:
            return False
        states = {(state.watch_id, state.source): state for state in self.store.source_states()}
        there = source in watch.sources and not watch.paused
        return there and is_due(watch, states.get((watch_id, source)), self.clock.now())

    def _take(self, key: str, owner: str) -> bool:
        now = self.clock.now()
        return bool(self.store.take([key], user=owner, until=now + LEASE, now=now))

    def _attend(self, reading: Reading, key: str, owner: str) -> None:
        """Wait for a crawl, and keep its source; where that is lost, the crawl ends."""
        said = time.monotonic()
        while reading.running:
            time.sleep(LOOK_SECONDS)
            if time.monotonic() - said > LEASE.total_seconds() / 3:
                said = time.monotonic()
                if not self._take(key, owner):
                    return


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
    if state.last_try_at is None or state.last_try_at > now:
        # Never, or the clock was ahead and went back since: then nobody knows how long ago.
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
