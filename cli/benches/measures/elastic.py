"""The Elasticsearch store beside the client used by hand (store/elastic/raw.py), by turns in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from itertools import islice

from cli.benches.corpora import END, MODEL, SPAN, WATCH, Corpus, labels_for
from cli.benches.measures.asks import DAY, FEW, SEARCHES, Ask, searched
from cli.benches.measures.byhand import CLAUSES
from cli.benches.measures.filled import BATCH, batches
from cli.benches.measures.timing import Timer, together
from cli.serve import stays
from core.clock import SetClock
from core.errors import ConfigError
from core.ports import Store
from core.thread import Priority, Reason, Status, Triage
from core.work import Answer
from store import open_store
from store.codecs import micros
from store.elastic.raw import Raw

FACETS = ("source", "lang", "author", "sentiment")
RAW_FACETS = ("source", "lang", "author", "tones")
#: Pairs that get labels, threads that get a priority: enough to be asked for.
LABELLED, RANKED = 4_000, 200
#: Batches that are written again, by each side.
WRITTEN = 200


def measured(url: str, size: int, times: int) -> dict[str, object]:
    """Fill the empty store at `url` with a corpus and measure it, by wall time: the work is the server's.

    Raises:
        ConfigError: the store holds something already, or is none on Elasticsearch.
    """
    with _opened(url) as (store, raw):
        if store.watches():
            raise ConfigError("the store at --url holds something already; give another prefix, or --again")
        store.save_watch(WATCH, actor="bench", now=END)
        began = time.perf_counter()
        for batch in batches(Corpus(size)):
            store.put(batch, now=END)
        spent = time.perf_counter() - began
        _label(store)
        _rank(store)
        return {"ingest_per_second": round(size / spent), **_figures(store, raw, times)}


def measured_again(url: str, times: int) -> dict[str, object]:
    """Measure the store at `url` as `measured` left it.

    Raises:
        ConfigError: the store holds nothing, or is none on Elasticsearch.
    """
    with _opened(url) as (store, raw):
        if not store.watches():
            raise ConfigError("the store at --url is empty; leave --again away")
        return _figures(store, raw, times)


@contextmanager
def _opened(url: str) -> Iterator[tuple[Store, Raw]]:
    store = open_store(url, clock=SetClock(END))
    raw = Raw(store)
    try:
        yield store, raw
    finally:
        raw.close()
        store.close()


def _figures(store: Store, raw: Raw, times: int) -> dict[str, object]:
    store.settle()
    bulk = Timer()
    for written in islice(raw.documents_written(), WRITTEN):
        bulk.both(partial(raw.send, written), partial(raw.bulk, written))
    stays()
    return {
        "mentions": raw.mentions(),
        "bulk": _rates(bulk),
        **Measured(store, raw, times).run(),
    }


def _label(store: Store) -> None:
    """Answer some pairs, as a labeller would."""
    lease, left = timedelta(hours=1), LABELLED
    while left > 0:
        due = store.lease_unlabelled(MODEL, limit=BATCH, owner="bench", lease=lease, now=END)
        if not due:
            return
        answers = [
            Answer(
                mention_id=item.mention.id,
                revision=item.revision,
                labels=labels_for(int(item.mention.native_id), item.brand, item.mention.language),
            )
            for item in due
        ]
        left -= store.put_labels(answers, now=END)


def _rank(store: Store) -> None:
    for place, thread_id in enumerate(store.threads_to_rank(limit=RANKED, older_than=END)):
        priority = Priority(reasons=(Reason(points=float(place % 97), why="benchmark"),))
        sequence = store.thread(thread_id).sequence
        store.save_priority(thread_id, priority, sequence=sequence, now=END)


def _rates(bulk: Timer) -> dict[str, float]:
    own, by_hand = (sum(wall for _, wall in side) for side in (bulk.own, bulk.raw))
    return {
        "documents_per_second": round(len(bulk.own) * BATCH / own),
        "helper_documents_per_second": round(len(bulk.raw) * BATCH / by_hand),
        "speed_against_helper": round(by_hand / own, 2),
    }


def turns(own: Callable[[], object], raw: Callable[[], object], times: int) -> Timer:
    """Return the time of both, some times by turns, after each was done once: the server learns first."""
    own()
    raw()
    timer = Timer()
    for _ in range(times):
        timer.both(own, raw)
    return timer


class Measured:
    """A filled store; each thing is done `times` times by each side."""

    def __init__(self, store: Store, raw: Raw, times: int) -> None:
        self.store, self.raw, self.times = store, raw, times
        self.hits = {ask.query: raw.count(CLAUSES[ask.query]) for ask in SEARCHES}
        self.few = [ask for ask in SEARCHES if self.hits[ask.query] <= FEW]

    def run(self) -> dict[str, object]:
        """Measure everything; return the figures."""
        return {
            **self._pages(),
            "facets_and_histogram": self._facets().told(wall=True),
            "count": self._counts().told(wall=True),
            "queue_page": self._queue().told(wall=True),
            "thread_page": self._threads().told(wall=True),
            "triage_write": self._triage().told(wall=True),
        }

    def _pages(self) -> dict[str, object]:
        timers = {
            ask.query: turns(
                partial(self.store.search, ask.search), partial(self.raw.page, CLAUSES[ask.query]), self.times
            )
            for ask in SEARCHES
        }
        told = [
            {"query": query, "hits": self.hits[query], **timer.told(wall=True)}
            for query, timer in timers.items()
        ]
        return {
            "first_page": together(timers.values()).told(wall=True),
            "first_page_few_hits": together(timers[ask.query] for ask in self.few).told(wall=True),
            "searches": told,
        }

    def _facets(self) -> Timer:
        return together(
            turns(partial(self._own_facets, ask), partial(self._raw_facets, ask), self.times)
            for ask in self.few
        )

    def _own_facets(self, ask: Ask) -> None:
        self.store.facets(ask.search, FACETS)
        self.store.histogram(ask.search, step=DAY, start=END - SPAN, end=END)

    def _raw_facets(self, ask: Ask) -> None:
        self.raw.facets(CLAUSES[ask.query], RAW_FACETS)
        self.raw.histogram(CLAUSES[ask.query], int(DAY.total_seconds() * 1e6))

    def _counts(self) -> Timer:
        return together(
            turns(
                partial(self.store.count, ask.search), partial(self.raw.count, CLAUSES[ask.query]), self.times
            )
            for ask in SEARCHES
        )

    def _queue(self) -> Timer:
        return turns(partial(self.store.queue, searched("is:open")), self.raw.queue, self.times * 10)

    def _threads(self) -> Timer:
        timer = Timer()
        for thread_id in self.raw.threads(self.times * 10):
            timer.both(partial(self.store.thread, thread_id), partial(self.raw.thread, thread_id))
        return timer

    def _triage(self) -> Timer:
        timer, at = Timer(), micros(END)
        chosen = self.raw.threads(self.times * 10)
        self.raw.copy(chosen)
        for thread_id in chosen:
            stands = self.store.thread(thread_id).triage
            # An earlier run may have resolved it: each write changes what is asked for.
            status = Status.OPEN if stands.status is Status.RESOLVED else Status.RESOLVED
            timer.both(
                partial(self._triaged, thread_id, Triage(status=status, version=stands.version)),
                partial(self.raw.triage, thread_id, stands.version, status.value, at),
            )
        return timer

    def _triaged(self, thread_id: str, change: Triage) -> None:
        self.store.triage(thread_id, change, actor="ada", action="triage.resolve", now=END)
