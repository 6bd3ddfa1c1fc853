"""The queue: threads in the order in which they need somebody."""

# The SQL here is put together from our own names; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from core.lazily import Lazily
from core.search import Count, QueuePage, QueueSort, Search
from core.thread import Correction, StoredMention, ThreadRow
from store import marks
from store.codecs import maybe_moment, moment, priority_from_text
from store.conversation import TITLE, in_order, shortened
from store.sqlite import brands, loading
from store.sqlite.clause import Clause, all_of, any_of
from store.sqlite.connection import Link, Value
from store.sqlite.labels import correction
from store.sqlite.listing import Listed, threads_of
from store.sqlite.part import Part
from store.sqlite.triaging import Row as TriageRow

#: Longest excerpt, in characters.
EXCERPT = 280


class _Order(NamedTuple):
    """One order of the queue: its columns, the first of them down or up, and the types of its mark."""

    columns: tuple[tuple[str, bool], ...]
    kinds: str


#: True is downwards. Pinned ones come first in every order; ids part what is equal.
ORDERS = {
    QueueSort.PRIORITY: _Order((("t.pinned", True), ("t.points", True), ("t.id", False)), "ifs"),
    QueueSort.NEW: _Order((("t.pinned", True), ("t.newest", True), ("t.id", False)), "iis"),
    QueueSort.WAITING: _Order(
        (("t.pinned", True), ("t.waiting_since IS NULL", False), ("t.waiting_since", False), ("t.id", False)),
        "ii?s",
    ),
}

# Of each thread: the mention that began it, or the oldest known; and the matched one likeliest to leave,
# the newest of these.
FIRST = """
coalesce((SELECT docid FROM mention m WHERE m.id = t.id AND m.thread = t.tid),
    (SELECT docid FROM mention m WHERE m.thread = t.tid ORDER BY docid LIMIT 1))
"""
TOP = """
(SELECT docid FROM mention m WHERE m.thread = t.tid AND NOT (m.context OR m.own OR m.deleted)
    ORDER BY m.risk DESC, m.published DESC, m.id DESC LIMIT 1)
"""
#: What a line of the queue is made of: `_Row`, then `loading.Row` of the mention that matters most.
ROW = f"""
WITH page AS MATERIALIZED (
    SELECT t.tid, {FIRST} AS first, {TOP} AS top
    FROM json_each(?) AS asked CROSS JOIN thread t ON t.tid = asked.value
)
SELECT t.tid, t.id, begun.name, t.points, t.reasons, t.mentions, t.size, t.newest, t.waiting_since,
    t.status, t.assignee, t.snoozed_until, t.pinned, t.not_about_us, t.tags, t.version,
    (SELECT count(*) FROM note WHERE note.thread = t.tid), f.title, f.text, f.url,
    (SELECT json_group_array(DISTINCT k.watch) FROM mention one
        CROSS JOIN mention_watch k ON k.docid = one.docid WHERE one.thread = t.tid), page.top IS NOT NULL,
    {loading.COLUMNS}
FROM page
CROSS JOIN thread t ON t.tid = page.tid
CROSS JOIN source begun ON begun.id = t.source
CROSS JOIN body f ON f.docid = page.first
CROSS JOIN mention m ON m.docid = coalesce(page.top, page.first)
{loading.JOINS}
"""
MATCHED = """
SELECT m.docid FROM mention m JOIN thread t ON t.tid = m.thread
WHERE t.id IN (SELECT value FROM json_each(?)) AND NOT (m.context OR m.own)
"""
CORRECTED = """
SELECT m.id, brand.name, c.by, c.at, c.tone, c.churn
FROM correction c JOIN mention m ON m.docid = c.docid JOIN brand ON brand.id = c.brand
WHERE c.docid IN (SELECT value FROM json_each(?)) ORDER BY c.at, c.by
"""


class Queue(Part):
    """List threads that need somebody."""

    def queue(
        self,
        search: Search,
        *,
        sort: QueueSort = QueueSort.PRIORITY,
        limit: int = 50,
        after: str | None = None,
    ) -> QueuePage:
        """Return threads with at least one matched mention that `search` finds."""
        order = ORDERS[sort]
        with self.database.read(limited=True) as link:
            listed = Listed(link, search)
            page = listed.where
            if after is not None:
                page = all_of([page, _behind(order, marks.read(sort.value, after, order.kinds))])
            key = ", ".join(column for column, _ in order.columns)
            ordered = ", ".join(f"{column} {'DESC' if down else 'ASC'}" for column, down in order.columns)
            sql = f"SELECT t.tid, {key} FROM thread t WHERE {page.sql} ORDER BY {ordered} LIMIT {limit + 1:d}"
            found = link.rows(lambda *row: row, sql, *page.values)
            total = listed.total()
            rows = _rows(link, [row[0] for row in found[:limit]])
        more = len(found) > limit and found[:limit]
        mark = marks.write(sort.value, list(found[limit - 1][1:])) if more else None
        return QueuePage(rows=rows, total=Count(value=total), next=mark)

    def queue_counts(self, searches: Sequence[Search]) -> list[Count]:
        """Return how many threads each search has in the queue."""
        with self.database.read(limited=True) as link:
            # Most tabs leave the same mentions out, which are looked for once.
            threads = functools.cache(functools.partial(threads_of, link))
            return [Count(value=Listed(link, search, threads).total()) for search in searches]

    def matched(self, thread_ids: Sequence[str]) -> dict[str, list[StoredMention]]:
        """Return the matched mentions of threads that are not our own, oldest first."""
        found: dict[str, list[StoredMention]] = {thread_id: [] for thread_id in thread_ids}
        with self.database.read() as link:
            docids = link.rows(int, MATCHED, json.dumps(list(found)))
            for stored in in_order(loading.mentions(link, docids).values()):
                found[stored.mention.thread_id].append(stored)
        return found


def _behind(order: _Order, key: marks.Key) -> Clause:
    """Return what comes after `key` in an order."""
    steps = []
    for place, (column, down) in enumerate(order.columns):
        same = [
            Clause(f"({one}) IS ?", (value,))
            for (one, _), value in zip(order.columns, key[:place], strict=False)
        ]
        value: Value = key[place]
        steps.append(all_of([*same, Clause(f"({column}) {'<' if down else '>'} ?", (value,))]))
    return any_of(steps)


class _Row(NamedTuple):
    tid: int
    id: str
    source: str
    points: float
    reasons: str
    mentions: int
    size: int
    newest: int
    waiting_since: int | None
    status: str
    assignee: str | None
    snoozed_until: int | None
    pinned: int
    not_about_us: int
    tags: str
    version: int
    notes: int
    title: str | None
    text: str
    url: str | None
    watches: str
    has_top: int

    def row(self, shown: StoredMention, corrected: Correction | None) -> ThreadRow:
        """Return the line of the queue around the mention that matters most, or the first."""
        return ThreadRow(
            id=self.id,
            source=self.source,
            title=self.title or shortened(self.text, TITLE),
            excerpt=shortened(shown.mention.text or shown.mention.title or "", EXCERPT),
            author=shown.mention.author.handle,
            url=self.url,
            watches=tuple(sorted(json.loads(self.watches))),
            triage=TriageRow(*self[9:16]).triage(),
            priority=priority_from_text(self.reasons),
            mentions=self.mentions,
            size=self.size,
            newest_at=moment(self.newest),
            waiting_since=maybe_moment(self.waiting_since),
            top=shown.mention if self.has_top else None,
            notes=self.notes,
            correction=corrected,
        )


#: Columns of `ROW` before those of the mention.
OWN = len(_Row._fields)


class _Lines:
    """Rows into lines of the queue."""

    def __init__(self, products: dict[str, str], said: dict[tuple[str, str], Correction]) -> None:
        self.products, self.said = products, said

    def __call__(self, columns: loading.Columns) -> ThreadRow:
        """Return the line of a row."""
        row = _Row._make(columns[:OWN])
        shown = _toward_products(loading.read(columns[OWN:]).stored(), self.products)
        labels = shown.mention.labels if row.has_top else ()
        return row.row(shown, self.said.get((shown.mention.id, labels[0].brand)) if labels else None)


def _rows(link: Link, tids: Sequence[int]) -> Lazily[loading.Columns, ThreadRow]:
    rows = {row[0]: row for row in link.connection.execute(ROW, (json.dumps(tids),))}
    shown = json.dumps([row[OWN] for row in rows.values()])
    # The newest comes last and stands.
    said = {(c.mention_id, c.brand): c for c in link.rows(correction, CORRECTED, shown)}
    products = {watch.id: watch.product.name for watch in brands.watches(link).values()}
    return Lazily([rows[tid] for tid in tids], _Lines(products, said))


def _toward_products(stored: StoredMention, products: dict[str, str]) -> StoredMention:
    """Return a mention with its labels toward the products of its watches only."""
    wanted = {products.get(watch) for watch in stored.watches}
    kept = tuple(labels for labels in stored.mention.labels if labels.brand in wanted)
    if len(kept) == len(stored.mention.labels):
        return stored
    return replace(stored, mention=stored.mention.with_labels(kept))
