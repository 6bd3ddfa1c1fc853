"""Searches over mentions: pages, counts, facets, histograms."""

# The SQL here is put together from our own names; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from operator import itemgetter
from typing import NamedTuple

import apsw

from core.clock import Clock
from core.lazily import Lazily
from core.query import And, Node, Where, positive_words
from core.search import Bucket, Count, FacetValue, Hit, Page, Search, Sort
from store import analysis, marks
from store.codecs import MICROSECOND, micros
from store.questions import told_apart
from store.sqlite import facets, loading, matching, sampling
from store.sqlite.clause import Clause
from store.sqlite.compiling import Compiler, Plan
from store.sqlite.connection import Database, Link
from store.sqlite.docids import TIES, first_docid, last_docid
from store.sqlite.language import stem_languages
from store.sqlite.part import Part
from store.sqlite.recent import Recent
from store.sqlite.sampling import Sample
from store.verdict import TONES

#: Most bars of a histogram.
MAX_BARS = 1_000
#: Searches with few hits of which each thread remembers them.
SEEN = 4
#: Samples kept at once, of 300 KB each; of what they told, four times as many.
KEPT = 64
#: Where counting takes too long, hits are counted up to so many.
MANY = 10_000
#: What a hit in title, text, title stems and text stems is worth for relevance.
WEIGHTS = "4.0, 1.0, 2.0, 0.5"


class _Place(NamedTuple):
    """Where a hit stands in an order."""

    docid: int
    published: int
    id: str
    risk: float


PLACE = "m.docid, m.published, m.id, m.risk"
#: Where a row read with `loading.COLUMNS` holds what it is ordered by.
PUBLISHED, ID = (loading.Row._fields.index(name) for name in ("published", "id"))


#: The figures of a bar: its number, its hits, and those by tone.
_Bar = tuple[int, ...]


class Searches(Part):
    """Search over mentions. Context mentions are found only with `is:context`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database, clock)
        #: The hits of what each thread asked last.
        self._seen = threading.local()
        self._samples = Recent[Sample](KEPT)
        self._facets = Recent[dict[str, list[FacetValue]]](4 * KEPT)
        self._bars = Recent[tuple[bool, list[_Bar]]](4 * KEPT)

    def search(
        self, search: Search, *, sort: Sort = Sort.NEW, limit: int = 50, after: str | None = None
    ) -> Page:
        """Return a page of hits with highlights."""
        with self.database.read(limited=True) as link:
            plan = Compiler(link, search).plan(ranked=sort is Sort.RELEVANT)
            match sort:
                case Sort.NEW | Sort.OLD:
                    found, mark = _by_time(link, plan, sort, limit, after)
                case Sort.RISK:
                    places, mark = _by_risk(link, plan, limit, after)
                    found = loading.columns(link, [place.docid for place in places])
                case Sort.RELEVANT:
                    places, mark = _by_relevance(link, plan, search.node, limit, after)
                    found = loading.columns(link, [place.docid for place in places])
        return Page(hits=Lazily(found, _Hits(search.node)), next=mark)

    def count(self, search: Search, *, roughly: bool = False) -> Count:
        """Return how many mentions a search finds; `roughly`, very many are estimated from a sample."""
        with self.database.read(limited=True) as link:
            if roughly:
                return self._roughly(link, search)
            found = Compiler(link, search).plan().source()
            try:
                with sampling.hurried(link):
                    return Count(value=link.number(f"SELECT count(*) {found.sql}", *found.values))
            except apsw.InterruptError:
                # Too many to count in time; that they are more than so many is soon known.
                some = f"SELECT count(*) FROM (SELECT 1 {found.sql} LIMIT {MANY:d})"
                value = link.number(some, *found.values)
                return Count(value=value, exact=value < MANY)

    def _roughly(self, link: Link, search: Search) -> Count:
        sample = self._looked_at(link, search)
        return Count(value=sample.hits, exact=sample.exact, about=not sample.exact)

    def _looked_at(self, link: Link, search: Search) -> Sample:
        """Return all hits, or the sample that stands for very many.

        One page asks for the same hits many times: they are looked for once, as long as nobody writes.
        """
        version, asked = link.version(), told_apart(search)
        if getattr(self._seen, "version", None) != version:
            self._seen.version, self._seen.hits = version, Recent[Sample](SEEN)
        seen: Recent[Sample] = self._seen.hits
        known = self._samples.get(asked) or seen.get((asked, search.now))
        if known is not None:
            return known
        sample = sampling.looked_at(link, Compiler(link, search).plan())
        if sample.exact:
            return seen.keep((asked, search.now), sample)
        return self._samples.keep(asked, sample)

    def counts(self, search: Search, among: Sequence[Node]) -> list[Count]:
        """Return how many of a search's hits each of some queries finds, in one pass over the hits."""
        if not among:
            return []
        with self.database.read(limited=True) as link:
            compiler = Compiler(link, search)
            found = compiler.plan().source()
            asked = [compiler.clause(node) for node in among]
            sums = ", ".join(f"total(({one.sql}) IS TRUE)" for one in asked)
            values = [*(value for one in asked for value in one.values), *found.values]
            try:
                with sampling.hurried(link):
                    (numbers,) = link.rows(lambda *row: row, f"SELECT {sums} {found.sql}", *values)
                    return [Count(value=int(number)) for number in numbers]
            except apsw.InterruptError:
                pass  # each by itself may still be counted in time, or says that there are more than so many
        return [self.count(replace(search, node=And((search.node, node)))) for node in among]

    def facets(
        self, search: Search, fields: Sequence[str], *, limit: int = 20
    ) -> dict[str, list[FacetValue]]:
        """Return the commonest values of each field among the hits, most first, then by value."""
        facets.known(fields)
        asked = (told_apart(search), tuple(fields), limit)
        with self.database.read(limited=True) as link:
            told = self._facets.get(asked)
            if told is not None:
                there = {"author": facets.still_there(link, told["author"])} if "author" in told else {}
                return told | there
            sample = self._looked_at(link, search)
            if not sample.exact:
                sample = sample.thinned(sampling.DESCRIBED)
            found = facets.facets(link, sample, fields, limit=limit, now=micros(search.now))
            return found if sample.exact else self._facets.keep(asked, found)

    def histogram(self, search: Search, *, step: timedelta, start: datetime, end: datetime) -> list[Bucket]:
        """Return hits per `step` from `start` (inclusive) to `end` (exclusive), empty bars included."""
        if step <= timedelta(0):
            raise ValueError("a histogram's step is longer than nothing")
        bars = min(MAX_BARS, max(0, -((start - end) // step)))
        end = min(end, start + bars * step)
        counts: dict[int, tuple[int, list[int]]] = {bar: (0, [0, 0, 0]) for bar in range(bars)}
        with self.database.read(limited=True) as link:
            exact, found = self._bars_in_time(link, search, micros(start), micros(end), step // MICROSECOND)
        for bar, count, *tones in found:
            counts[bar] = count, tones
        return [
            Bucket(
                start=start + bar * step,
                count=count,
                tones={tone: n for tone, n in zip(TONES, tones, strict=True) if n},
                exact=exact,
            )
            for bar, (count, tones) in counts.items()
        ]

    def _bars_in_time(
        self, link: Link, search: Search, first: int, end: int, width: int
    ) -> tuple[bool, list[_Bar]]:
        """Return whether all hits were looked at, and the bars."""
        asked = (told_apart(search), first, end, width)
        told = self._bars.get(asked)
        if told is not None:
            return told
        sample = self._looked_at(link, search)
        tones = ", ".join(f"sum(m.tones & {bit} <> 0)" for bit in TONES.values())
        found = sample.source(Clause("m.published >= ? AND m.published < ?", (first, end)))
        sql = (
            f"SELECT (m.published - {first:d}) / {width:d} AS bar, count(*), {tones} {found.sql} GROUP BY bar"
        )
        bars = link.rows(lambda bar, *counts: (bar, *map(sample.stands_for, counts)), sql, *found.values)
        return (True, bars) if sample.exact else self._bars.keep(asked, (False, bars))

    def renew(self) -> None:
        """Forget what samples told, and what this thread found: the next question looks anew."""
        self._seen.__dict__.clear()
        for kept in (self._samples, self._facets, self._bars):
            kept.clear()

    def settle(self) -> None:
        """Wait until all that was written is searchable: here it is as soon as it is stored."""


def _by_time(
    link: Link, plan: Plan, sort: Sort, limit: int, after: str | None
) -> tuple[list[loading.Columns], str | None]:
    """Read along docids, which are in order of seconds; the ties within the last second are read whole."""
    newest = sort is Sort.NEW
    extra = []
    if after is not None:
        published, key = marks.read(sort.value, after, "is")
        bound = last_docid(int(str(published))) if newest else first_docid(int(str(published)))
        sign = "<" if newest else ">"
        extra = [
            Clause(f"{plan.place} {sign}= ?", (bound,)),
            Clause(f"(m.published, m.id) {sign} (?, ?)", (published, key)),
        ]
    order = "DESC" if newest else "ASC"
    found = _rows(link, plan.source(*extra), f" ORDER BY {plan.place} {order} LIMIT {limit + 1:d}")
    # Of a second's mentions only the first has no docid of its second below it.
    if len(found) > limit and not (newest and int(str(found[-1][0])) & TIES == 0):
        second = int(str(found[-1][PUBLISHED]))
        tied = Clause(f"{plan.place} BETWEEN ? AND ?", (first_docid(second), last_docid(second)))
        found = list({row[0]: row for row in (*found, *_rows(link, plan.source(*extra, tied), ""))}.values())
    found.sort(key=itemgetter(PUBLISHED, ID), reverse=newest)
    page = found[:limit]
    more = len(found) > limit and page
    return page, marks.write(sort.value, [int(str(page[-1][PUBLISHED])), str(page[-1][ID])]) if more else None


def _rows(link: Link, source: Clause, order: str) -> list[loading.Columns]:
    """Return hits with all that is shown of them, in one statement; the order is not kept."""
    inner = f"SELECT m.docid {source.sql}{order}"
    sql = (
        f"SELECT {loading.COLUMNS} FROM ({inner}) AS hit CROSS JOIN mention m ON m.docid = hit.docid "
        f"{loading.JOINS}"
    )
    return list(link.connection.execute(sql, source.values))


def _by_risk(link: Link, plan: Plan, limit: int, after: str | None) -> tuple[list[_Place], str | None]:
    extra = []
    if after is not None:
        risk, published, key = marks.read(Sort.RISK.value, after, "fis")
        extra = [
            Clause("m.risk <= ?", (risk,)),
            Clause("(m.risk, m.published, m.id) < (?, ?, ?)", (risk, published, key)),
        ]
    found = plan.source(*extra)
    sql = f"SELECT {PLACE} {found.sql} ORDER BY m.risk DESC, m.published DESC, m.id DESC LIMIT {limit + 1:d}"
    places = link.rows(_Place, sql, *found.values)
    page = places[:limit]
    more = len(places) > limit and page
    if not more:
        return page, None
    last = page[-1]
    return page, marks.write(Sort.RISK.value, [last.risk, last.published, last.id])


def _by_relevance(
    link: Link, plan: Plan, node: Node, limit: int, after: str | None
) -> tuple[list[_Place], str | None]:
    """Order by bm25 over the words asked for; a place in this order is only a number."""
    start = int(str(marks.read(Sort.RELEVANT.value, after, "i")[0])) if after is not None else 0
    asked = [part for words in positive_words(node) if (part := matching.words(words, stem_languages(link)))]
    found = plan.source()
    if plan.match is not None:
        sql = f"SELECT {PLACE} {found.sql} ORDER BY bm25(word, {WEIGHTS}), m.docid DESC"
        values = found.values
    elif asked:
        sql = (
            f"WITH scored AS MATERIALIZED (SELECT rowid AS docid, bm25(word, {WEIGHTS}) AS score "
            f"FROM word WHERE word MATCH ?) SELECT {PLACE} {_with_scores(found.sql)} "
            "ORDER BY coalesce(scored.score, 0), m.docid DESC"
        )
        values = (" OR ".join(asked), *found.values)
    else:
        sql, values = f"SELECT {PLACE} {found.sql} ORDER BY m.docid DESC", found.values
    places = link.rows(_Place, f"{sql} LIMIT {limit + 1:d} OFFSET {max(0, start):d}", *values)
    more = len(places) > limit
    return places[:limit], marks.write(Sort.RELEVANT.value, [start + limit]) if more else None


def _with_scores(source: str) -> str:
    return source.replace("FROM mention m", "FROM mention m LEFT JOIN scored ON scored.docid = m.docid", 1)


class _Hits:
    """Rows into hits, with the stretches that were asked for."""

    def __init__(self, node: Node) -> None:
        self.asked = list(positive_words(node))

    def __call__(self, columns: loading.Columns) -> Hit:
        """Return the hit of a row."""
        row = loading.read(columns)
        return Hit(
            stored=row.stored(),
            title_marks=analysis.marks(row.title, row.stem_lang, self.asked, Where.TITLE),
            text_marks=analysis.marks(row.text, row.stem_lang, self.asked, Where.TEXT),
        )
