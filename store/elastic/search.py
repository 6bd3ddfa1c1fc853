"""Searches over mentions: pages, counts, facets, histograms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from core.errors import InputError
from core.lazily import Lazily
from core.query import Node, Where, positive_words
from core.search import Bucket, Count, FacetValue, Hit, Page, Search, Sort
from core.thread import Status
from store import analysis, marks
from store.codecs import MICROSECOND, micros
from store.elastic import facts, records
from store.elastic.compiling import Compiler, all_of
from store.elastic.documents import read
from store.elastic.faults import Json
from store.elastic.part import Part
from store.verdict import INTENTS, TONES

NAME = "mentions"
#: Most bars of a histogram.
MAX_BARS = 1_000

#: Each order, and the types of its page mark.
ORDERS: dict[Sort, tuple[list[Json], str]] = {
    Sort.NEW: ([{"published": "desc"}, {"id": "desc"}], "is"),
    Sort.OLD: ([{"published": "asc"}, {"id": "asc"}], "is"),
    Sort.RISK: ([{"risk": "desc"}, {"published": "desc"}, {"id": "desc"}], "iis"),
    Sort.RELEVANT: ([{"_score": "desc"}, {"published": "desc"}, {"id": "desc"}], "fis"),
}
#: Facets that are one field each.
PLAIN = {
    "source": "source",
    "author": "author",
    "lang": "lang",
    "assignee": "assignee",
    "tag": "tags",
    "watch": "watches",
    "product": "names_product",
    "rival": "names_rival",
    "sentiment": "tones",
    "intent": "intents",
}
FACETS = frozenset({*PLAIN, "status", "churn"})


class Searches(Part):
    """Search over mentions. Context mentions are found only with `is:context`."""

    registry: facts.Registry

    def search(
        self, search: Search, *, sort: Sort = Sort.NEW, limit: int = 50, after: str | None = None
    ) -> Page:
        """Return a page of hits with highlights."""
        order, kinds = ORDERS[sort]
        start: list[object] | None = None
        if after is not None:
            start = list(marks.read(sort.value, after, kinds))
        compiler = Compiler(self.registry, search)
        query = compiler.query()
        if sort is Sort.RELEVANT:
            scoring = [compiler.words(words, scored=True) for words in positive_words(search.node)]
            query = {"bool": {"filter": [query], "should": scoring}}
        self.server.fresh(NAME)
        found = list(self.documents.scan(NAME, query, order, limit=limit + 1, after=start))
        hits = Lazily(found[:limit], partial(_hit, search.node))
        more = len(found) > limit > 0
        return Page(hits=hits, next=marks.write(sort.value, found[limit - 1]["sort"]) if more else None)

    def count(self, search: Search, *, roughly: bool = False) -> Count:  # noqa: ARG002 — costs no more here
        """Return how many mentions a search finds: all of them are counted, so the number is exact."""
        body = {"query": Compiler(self.registry, search).query(), "size": 0, "track_total_hits": True}
        self.server.fresh(NAME)
        return Count(value=self.server.search(NAME, body)["hits"]["total"]["value"])

    def counts(self, search: Search, among: Sequence[Node]) -> list[Count]:
        """Return how many of a search's hits each of some queries finds, in one pass over the hits."""
        compiler = Compiler(self.registry, search)
        asked = {str(place): {"filter": compiler.clause(node)} for place, node in enumerate(among)}
        body = {"query": compiler.query(), "size": 0, "track_total_hits": False, "aggs": asked}
        self.server.fresh(NAME)
        told = self.server.search(NAME, body)["aggregations"] if asked else {}
        return [Count(value=told[place]["doc_count"]) for place in asked]

    def facets(
        self, search: Search, fields: Sequence[str], *, limit: int = 20
    ) -> dict[str, list[FacetValue]]:
        """Return the commonest values of each field among the hits, most first, then by value."""
        unknown = [name for name in fields if name not in FACETS]
        if unknown:
            raise InputError(f"there is no facet {unknown[0]!r}; there are {', '.join(sorted(FACETS))}")
        if not fields:
            return {}
        compiler = Compiler(self.registry, search)
        body = {
            "query": compiler.query(),
            "size": 0,
            "track_total_hits": False,
            "aggs": {name: _facet(compiler, name, limit) for name in fields},
        }
        self.server.fresh(NAME)
        told = self.server.search(NAME, body)["aggregations"]
        return {name: _values(told[name]["buckets"], limit) for name in fields}

    def histogram(self, search: Search, *, step: timedelta, start: datetime, end: datetime) -> list[Bucket]:
        """Return hits per `step` from `start` (inclusive) to `end` (exclusive), empty bars included."""
        if step <= timedelta(0):
            raise ValueError("a histogram's step is longer than nothing")
        bars = min(MAX_BARS, max(0, -((start - end) // step)))
        end = min(end, start + bars * step)
        counts = self._bars(search, micros(start), micros(end), step // MICROSECOND) if bars else {}
        nothing: tuple[int, dict[str, int]] = (0, {})
        exact = True
        return [
            Bucket.restored(start + bar * step, count, tones, exact)
            for bar in range(bars)
            for count, tones in [counts.get(bar, nothing)]
        ]

    def _bars(
        self, search: Search, first: int, end: int, width: int
    ) -> dict[int, tuple[int, dict[str, int]]]:
        inside: Json = {"range": {"published": {"gte": first, "lt": end}}}
        bars: Json = {"field": "published", "interval": width, "offset": first % width, "min_doc_count": 1}
        body = {
            "query": all_of([inside, Compiler(self.registry, search).query()]),
            "size": 0,
            "track_total_hits": False,
            "aggs": {"bars": {"histogram": bars, "aggs": {"tones": {"terms": {"field": "tones"}}}}},
        }
        self.server.fresh(NAME)
        buckets = self.server.search(NAME, body)["aggregations"]["bars"]["buckets"]
        return {
            round((bucket["key"] - first) / width): (bucket["doc_count"], _tones(bucket["tones"]["buckets"]))
            for bucket in buckets
        }

    def settle(self) -> None:
        """Wait until all that was written is searchable, and finish what a crash left untold."""
        self.server.refresh("mentions", "threads", "office")
        self.registry.forget()


def _tones(buckets: list[Json]) -> dict[str, int]:
    if not buckets:
        return {}
    counts = {bucket["key"]: bucket["doc_count"] for bucket in buckets}
    return {tone: counts[tone] for tone in TONES if tone in counts}


def _facet(compiler: Compiler, name: str, limit: int) -> Json:
    if name == "status":
        return {"filters": {"filters": {one.value: compiler.status(one.value) for one in Status}}}
    if name == "churn":
        return {"filters": {"filters": {value: {"term": {"churns": value}} for value in ("yes", "no")}}}
    size = max(limit, len(INTENTS))
    return {"terms": {"field": PLAIN[name], "size": size, "order": [{"_count": "desc"}, {"_key": "asc"}]}}


def _values(buckets: list[Json] | dict[str, Json], limit: int) -> list[FacetValue]:
    pairs = (
        [(key, told["doc_count"]) for key, told in buckets.items()]
        if isinstance(buckets, dict)
        else [(told["key"], told["doc_count"]) for told in buckets]
    )
    kept = [FacetValue(value=value, count=count) for value, count in pairs if count]
    return sorted(kept, key=lambda value: (-value.count, value.value))[:limit]


def _hit(node: Node, hit: Json) -> Hit:
    record = records.read(read(NAME, hit))
    language = analysis.stem_language(record.lang)
    asked = list(positive_words(node))
    return Hit(
        stored=record.stored(),
        title_marks=analysis.marks(record.mention.title, language, asked, Where.TITLE),
        text_marks=analysis.marks(record.mention.text, language, asked, Where.TEXT),
    )
