"""The queue: threads in the order in which they need somebody.

Conditions about threads are asked of the threads; the others of mentions first. Where these find few
threads, their ids are handed on and everything is exact. Where they find many, the threads are walked in
their order and each thousand is asked about, until the page is full; the total is then an estimate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from core.query import And, Everything, Node, OneOf
from core.search import Count, QueuePage, QueueSort, Search
from core.thread import StoredMention, ThreadRow
from store import marks
from store.codecs import maybe_moment, moment
from store.conversation import in_order, shortened, title_of
from store.elastic import facts, records, talks
from store.elastic.compiling import ALL, Compiler, all_of
from store.elastic.documents import SCAN, read
from store.elastic.faults import Json
from store.elastic.part import Part
from store.elastic.records import mention_key
from store.elastic.restoring import mention_restored
from store.elastic.talks import Talk, talk_key

NAME, MENTIONS = "threads", "mentions"
#: Longest excerpt, in characters.
EXCERPT = 280
#: Threads handed on by their ids at most.
FEW = 10_000
#: Threads asked about together while walking.
STEP = 1_000
#: Up to here the server counts different threads as good as exactly.
PRECISE = 40_000

ID: Json = {"thread": "asc"}
PINNED: Json = {"pinned": "desc"}
#: Pinned ones come first in every order; ids part what is equal. Of each the types of its page mark.
ORDERS: dict[QueueSort, tuple[list[Json], str]] = {
    QueueSort.PRIORITY: ([PINNED, {"points": "desc"}, ID], "ifs"),
    QueueSort.NEW: ([PINNED, {"newest": "desc"}, ID], "iis"),
    QueueSort.WAITING: ([PINNED, {"waiting_since": {"order": "asc", "missing": "_last"}}, ID], "iis"),
}


class _Asked(NamedTuple):
    """What is asked of threads, and what of their mentions (None for nothing)."""

    threads: Json
    mentions: Json | None


class Queue(Part):
    """List threads that need somebody."""

    registry: facts.Registry

    def queue(
        self,
        search: Search,
        *,
        sort: QueueSort = QueueSort.PRIORITY,
        limit: int = 50,
        after: str | None = None,
    ) -> QueuePage:
        """Return threads with at least one matched mention that `search` finds."""
        order, kinds = ORDERS[sort]
        start: list[object] | None = None
        if after is not None:
            start = list(marks.read(sort.value, after, kinds))
            start[0] = bool(start[0])
        self.server.fresh(NAME, MENTIONS)
        asked = self._asked(search)
        few = asked if asked.mentions is None else self._by_ids(asked)
        if few is not None:
            hits, count = self._page(few.threads, order, limit + 1, start)
            total = Count(value=count)
        else:
            hits = self._walk(asked, order, limit + 1, start)
            total = Count(value=self._estimate(search), exact=False, about=True)
        rows = self._rows([talks.read(read(NAME, hit)) for hit in hits[:limit]])
        more = len(hits) > limit and rows
        mark = marks.write(sort.value, _mark(hits[limit - 1]["sort"])) if more else None
        return QueuePage(rows=tuple(rows), total=total, next=mark)

    def queue_counts(self, searches: Sequence[Search]) -> list[Count]:
        """Return how many threads each search has in the queue."""
        self.server.fresh(NAME, MENTIONS)
        found = []
        for search in searches:
            asked = self._asked(search)
            few = asked if asked.mentions is None else self._by_ids(asked)
            if few is not None:
                found.append(Count(value=self._count(few.threads)))
            else:
                found.append(Count(value=self._estimate(search), exact=False, about=True))
        return found

    def matched(self, thread_ids: Sequence[str]) -> dict[str, list[StoredMention]]:
        """Return the matched mentions of threads that are not our own, oldest first."""
        found: dict[str, list[StoredMention]] = {thread_id: [] for thread_id in thread_ids}
        docs = self.documents.many((NAME, talk_key(thread_id)) for thread_id in found)
        members = [one for doc in docs.values() for one in talks.read(doc).members]
        stored = self.documents.many((MENTIONS, mention_key(one)) for one in members)
        kept = [records.read(doc).stored() for doc in stored.values()]
        for one in in_order(mention for mention in kept if not (mention.context or mention.own)):
            found[one.mention.thread_id].append(one)
        return found

    def _asked(self, search: Search) -> _Asked:
        """Split a search into what asks about the thread alone and the rest.

        The rest must hold for one and the same matched mention.
        """
        compiler = Compiler(self.registry, search)
        parts = search.node.nodes if isinstance(search.node, And) else (search.node,)
        about = [part for part in parts if compiler.about_threads(part)]
        rest = [part for part in parts if not compiler.about_threads(part)]
        threads: list[Json] = [{"range": {"matched": {"gt": 0}}}, *map(compiler.clause, about)]
        if rest == [OneOf("is", ("unanswered",))]:
            threads.append({"exists": {"field": "waiting_since"}})
        elif not all(isinstance(part, Everything) for part in rest):
            return _Asked(all_of(threads), _matched(compiler, And(tuple(rest))))
        return _Asked(all_of(threads), None)

    def _by_ids(self, asked: _Asked) -> _Asked | None:
        """Return the same asked of threads alone, by ids; None where there are too many."""
        body = {
            "query": asked.mentions,
            "size": 0,
            "track_total_hits": False,
            "aggs": {"threads": {"terms": {"field": "thread", "size": FEW + 1}}},
        }
        buckets = self.server.search(MENTIONS, body)["aggregations"]["threads"]["buckets"]
        if len(buckets) > FEW:
            return None
        ids: Json = {"terms": {"thread": [bucket["key"] for bucket in buckets]}}
        return _Asked(all_of([ids, asked.threads]), None)

    def _page(
        self, query: Json, order: list[Json], limit: int, start: list[object] | None
    ) -> tuple[list[Json], int]:
        """Return a page of threads, and how many there are of them in all, by one request."""
        body: Json = {"query": query, "sort": order, "size": min(limit, SCAN), "track_total_hits": True}
        found = self.server.search(NAME, body | ({"search_after": start} if start is not None else {}))[
            "hits"
        ]
        hits: list[Json] = found["hits"]
        if len(hits) == SCAN < limit:
            hits += self.documents.scan(NAME, query, order, limit=limit - SCAN, after=hits[-1]["sort"])
        return hits, int(found["total"]["value"])

    def _count(self, query: Json) -> int:
        body = {"query": query, "size": 0, "track_total_hits": True}
        return int(self.server.search(NAME, body)["hits"]["total"]["value"])

    def _estimate(self, search: Search) -> int:
        """Count different threads among mentions, which carry what people decided about their threads."""
        compiler = Compiler(self.registry, search)
        counted = {"cardinality": {"field": "thread", "precision_threshold": PRECISE}}
        query = _matched(compiler, search.node)
        body = {"query": query, "size": 0, "track_total_hits": False, "aggs": {"threads": counted}}
        return int(self.server.search(MENTIONS, body)["aggregations"]["threads"]["value"])

    def _walk(self, asked: _Asked, order: list[Json], limit: int, start: list[object] | None) -> list[Json]:
        found: list[Json] = []
        hits = self.documents.scan(NAME, asked.threads, order, after=start)
        for step in _steps(hits):
            ids = [talks.read(read(NAME, hit)).id for hit in step]
            inside = all_of([{"terms": {"thread": ids}}, asked.mentions or ALL])
            aggs = {"threads": {"terms": {"field": "thread", "size": len(ids)}}}
            body = {"query": inside, "size": 0, "track_total_hits": False, "aggs": aggs}
            buckets = self.server.search(MENTIONS, body)["aggregations"]["threads"]["buckets"]
            kept = {bucket["key"] for bucket in buckets}
            found += [hit for hit, thread_id in zip(step, ids, strict=True) if thread_id in kept]
            if len(found) >= limit:
                break
        return found[:limit]

    def _rows(self, shown: list[Talk]) -> list[ThreadRow]:
        keys = {talk.id: (mention_key(talk.head()), mention_key(talk.top() or "")) for talk in shown}
        ids = {one for pair in keys.values() for one in pair}
        watches = {watch for talk in shown for watch in talk.watches()}
        found = self.documents.many(
            [
                *((facts.NAME, facts.watch_key(one)) for one in sorted(watches)),
                *((MENTIONS, one) for one in ids),
            ]
        )
        bodies = {doc.id: doc.body for (name, _), doc in found.items() if name == MENTIONS}
        known = [facts.watch_of(doc) for (name, _), doc in found.items() if name == facts.NAME]
        products = {watch.id: watch.product.name for watch in known}
        return [
            _row(talk, bodies[first], bodies.get(top), products)
            for talk in shown
            for first, top in [keys[talk.id]]
            if first in bodies
        ]


def _matched(compiler: Compiler, node: Node) -> Json:
    return compiler.query(node, {"term": {"own": False}}, {"term": {"context": False}})


def _mark(values: list[object]) -> marks.Key:
    pinned, *rest = values
    return [int(pinned in (True, 1, "true")), *rest]  # type: ignore[list-item]  # what the server sorts by


def _steps(hits: Iterator[Json]) -> Iterator[list[Json]]:
    step: list[Json] = []
    for hit in hits:
        step.append(hit)
        if len(step) == STEP:
            yield step
            step = []
    if step:
        yield step


def _row(talk: Talk, first: Json, found: Json | None, products: dict[str, str]) -> ThreadRow:
    """Return a thread's line; of the bodies of two mentions only what the line shows is read."""
    began: Json = first["mention"]
    top = records.toward_products(found, products) if found else None
    shown = top or mention_restored(began)
    labels = top.labels if top else ()
    matched = talk.matched()
    return ThreadRow.restored(
        talk.id,
        talk.source,
        title_of(began["title"], began["text"]),
        shortened(shown.text or shown.title or "", EXCERPT),
        shown.author.handle,
        began["url"],
        talk.watches(),
        talk.triage,
        talk.priority,
        len(matched),
        len(talk.members),
        moment(max(one.published for one in matched)),
        maybe_moment(talk.waiting_since()),
        top,
        len(talk.notes),
        records.correction_in(found, labels[0].brand) if found and labels else None,
    )
