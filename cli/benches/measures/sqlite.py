"""The SQLite store beside statements written by hand (store/sqlite/raw.py), by turns in the same run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from cli.benches.corpora import END, SPAN
from cli.benches.measures.asks import DAY, FEW, SEARCHES, Ask, searched
from cli.benches.measures.filled import Filled
from cli.benches.measures.timing import Timer, together
from core.errors import StoreUnavailable
from core.search import Page
from core.thread import Status, Triage
from store.codecs import micros
from store.sqlite.raw import values

T = TypeVar("T")

FACETS = ("source", "lang", "author", "sentiment")
RAW_FACETS = ("source", "lang", "author", "tone")


class Measured:
    """One filled corpus; each thing is done `times` times by each side."""

    def __init__(self, filled: Filled, times: int) -> None:
        self.filled, self.times = filled, times
        self.store, self.raw = filled.store, filled.raw
        #: How often each search was stopped for taking too long.
        self.stopped: Counter[str] = Counter()

    def run(self) -> dict[str, object]:
        """Measure everything; return the figures."""
        pages, few = self._pages()
        return {
            **self.filled.figures,
            **pages,
            "facets_and_histogram": self._facets(few),
            "count": self._counts(),
            "queue_page": self._queue(),
            "thread_page": self._threads(),
            "triage_write": self._triage(),
        }

    def _pages(self) -> tuple[dict[str, object], list[Ask]]:
        timers: dict[str, Timer] = {}
        built = Timer()
        hits = {ask.query: self._hits(ask) for ask in SEARCHES}
        for ask in SEARCHES:
            timers[ask.query] = timer = Timer()
            for _ in range(self.times):
                timer.both(
                    partial(self._search, ask),
                    partial(self.raw.page, ask.match, ask.where),
                )
            if hits[ask.query] <= FEW:
                for _ in range(self.times):
                    built.both(partial(self._own_built, ask), partial(self._raw_built, ask))
        few = [ask for ask in SEARCHES if hits[ask.query] <= FEW]
        told = [{"query": ask.query, "hits": hits[ask.query], **timers[ask.query].told()} for ask in SEARCHES]
        return {
            "first_page_few_hits": together(timers[ask.query] for ask in few).told(),
            "first_page_few_hits_built": built.told(),
            "first_page_all": together(timers.values()).told(),
            "equal_hits_page": together(timers[ask.query] for ask in SEARCHES if ask.planted).told(),
            "searches": told,
            "searches_stopped": dict(self.stopped),
        }, few

    def _hits(self, ask: Ask) -> int:
        """Return how many hits there are by hand: a count of the store's own may be "more than"."""
        ((hits,),) = self.raw.count(ask.match, ask.where)
        return int(hits or 0)

    def _told(self, ask: Ask, act: Callable[[], T]) -> T | None:
        """Do something; what is stopped counts with the time until then, and is told."""
        try:
            return act()
        except StoreUnavailable:
            self.stopped[ask.query] += 1
            return None

    def _search(self, ask: Ask) -> Page | None:
        return self._told(ask, partial(self.store.search, ask.search))

    def _own_built(self, ask: Ask) -> None:
        """Read a page and build every hit of it."""
        page = self._search(ask)
        list(page.hits if page else ())

    def _raw_built(self, ask: Ask) -> None:
        for row in self.raw.page(ask.match, ask.where):
            values(row)

    def _facets(self, few: Sequence[Ask]) -> dict[str, object]:
        told: dict[str, object] = {}
        for name, asks in (("few_hits", few), ("broad", [ask for ask in SEARCHES if ask not in few])):
            timer = Timer()
            for ask in asks:
                for _ in range(max(1, self.times // 3)):
                    timer.both(partial(self._own_facets, ask), partial(self._raw_facets, ask))
            if timer.own:
                told[name] = timer.told()
        return told

    def _own_facets(self, ask: Ask) -> None:
        """Tell facets and bars to the first who asks: later ones are told the same estimates for a minute."""
        self.store.renew()
        self._told(ask, partial(self.store.facets, ask.search, FACETS))
        self._told(ask, partial(self.store.histogram, ask.search, step=DAY, start=END - SPAN, end=END))

    def _raw_facets(self, ask: Ask) -> None:
        self.raw.facets(ask.match, ask.where, RAW_FACETS)
        self.raw.histogram(ask.match, ask.where, int(DAY.total_seconds() * 1e6))

    def _counts(self) -> dict[str, float]:
        timer = Timer()
        for ask in SEARCHES:
            for _ in range(max(1, self.times // 3)):
                timer.both(partial(self._count, ask), partial(self.raw.count, ask.match, ask.where))
        return timer.told()

    def _count(self, ask: Ask) -> None:
        self._told(ask, partial(self.store.count, ask.search))

    def _queue(self) -> dict[str, float]:
        timer, queue = Timer(), searched("is:open")
        for _ in range(self.times * 3):
            timer.both(partial(self.store.queue, queue), self.raw.queue)
        return timer.told()

    def _threads(self) -> dict[str, float]:
        timer = Timer()
        for thread_id in self.filled.threads(self.times * 10):
            timer.both(partial(self.store.thread, thread_id), partial(self.raw.thread, thread_id))
        return timer.told()

    def _triage(self) -> dict[str, float]:
        timer = Timer()
        known, at = self.raw.triaged(), micros(END)
        for thread_id in self.filled.threads(self.times * 10):
            if thread_id in known:
                version, by_hand = self.store.thread(thread_id).triage.version, self.raw.version(thread_id)
                timer.both(
                    partial(self._resolve, thread_id, version),
                    partial(self.raw.triage, thread_id, by_hand, "resolved", at),
                )
                # As it was, so that the next run finds the same queue.
                self._set(thread_id, Triage(version=version + 1))
                self.raw.triage(thread_id, by_hand + 1, "open", at)
        return timer.told()

    def _resolve(self, thread_id: str, version: int) -> None:
        self._set(thread_id, Triage(status=Status.RESOLVED, version=version))

    def _set(self, thread_id: str, change: Triage) -> None:
        self.store.triage(thread_id, change, actor="ada", action="triage.resolve", now=END)
