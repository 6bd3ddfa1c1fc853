"""The Elasticsearch store beside the client used by hand (store/elastic/raw.py), by turns in the same run."""

from __future__ import annotations

import time
from functools import partial

from cli.benches.corpora import END, WATCH, Corpus
from cli.benches.measures.asks import SEARCHES
from cli.benches.measures.filled import BATCH, batches
from cli.benches.measures.timing import Timer, together
from core.clock import SetClock
from core.errors import ConfigError
from core.ports import Store
from store import open_store
from store.elastic.raw import Raw


def measured(url: str, size: int, times: int) -> dict[str, object]:
    """Fill the empty store at `url` with a corpus and measure it, by wall time: the work is the server's.

    Raises:
        ConfigError: the store holds something already, or is none on Elasticsearch.
    """
    store = open_store(url, clock=SetClock(END))
    raw = Raw(store)
    try:
        if store.watches():
            raise ConfigError("the store at --url holds something already; give another prefix")
        store.save_watch(WATCH, actor="bench", now=END)
        began = time.perf_counter()
        for batch in batches(Corpus(size)):
            store.put(batch, now=END)
        spent = time.perf_counter() - began
        store.settle()
        bulk = Timer()
        for written in raw.documents():
            bulk.both(partial(raw.send, written), partial(raw.bulk, written))
        return {
            "mentions": size,
            "ingest_per_second": round(size / spent),
            "bulk": _rates(bulk),
            **_pages(store, raw, times),
        }
    finally:
        raw.close()
        store.close()


def _rates(bulk: Timer) -> dict[str, float]:
    own, by_hand = (sum(wall for _, wall in side) for side in (bulk.own, bulk.raw))
    return {
        "documents_per_second": round(len(bulk.own) * BATCH / own),
        "helper_documents_per_second": round(len(bulk.raw) * BATCH / by_hand),
        "speed_against_helper": round(by_hand / own, 2),
    }


def _pages(store: Store, raw: Raw, times: int) -> dict[str, object]:
    """Measure the searches that ask for words alone."""
    timers: dict[str, Timer] = {}
    for ask in SEARCHES:
        if ask.match == ask.query and ask.query.replace(" ", "").isalnum() and "OR" not in ask.query:
            timers[ask.query] = timer = Timer()
            for _ in range(times):
                timer.both(partial(store.search, ask.search), partial(raw.page, ask.query))
    return {
        "first_page": together(timers.values()).told(wall=True),
        "searches": [{"query": query, **timer.told(wall=True)} for query, timer in timers.items()],
    }
