"""Answers about very many hits in bounded time: a sample stands for all, and says so (docs/decisions/0105).

A sample takes every `part`-th second by a hash of the second of publication, so it is the same on every page,
and a word's hits are left out before their rows are read.
"""

# The SQL here is put together from our own names; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from store.sqlite.clause import TRUE, Clause, all_of
from store.sqlite.compiling import Plan
from store.sqlite.connection import Link
from store.sqlite.docids import TIE_BITS
from store.sqlite.reaching import Reach, guessed

#: Hits that are all looked at; more are sampled.
FULL = 10_000
#: Most hits of a sample; there are more than half as many.
MOST = 16_000
#: Hits read at once; where there are more, a sample was meant too fine.
AT_ONCE = 2 * MOST
#: Most hits of a sample of which all is looked up that facets tell.
DESCRIBED = 5_000
#: The coarsest sample: one second in so many.
COARSEST = 4_096
#: Seconds after which a count that reads every hit gives way to "more than".
PATIENCE = 0.7
#: Odd number whose products spread neighbouring seconds over all remainders, within 63 bits.
SPREAD = 104_729


class Sample(NamedTuple):
    """Hits that stand for all, each for `part` of them; with 1 they are all."""

    #: Their docids as JSON, as statements read them.
    docids: str
    size: int
    part: int = 1
    #: About how many hits there are, as the sample tells of which this one is a part.
    all: int | None = None

    @property
    def exact(self) -> bool:
        """Whether these are all hits."""
        return self.part == 1

    @property
    def hits(self) -> int:
        """About how many hits there are."""
        return self.size * self.part if self.all is None else self.all

    def stands_for(self, count: int) -> int:
        """Return how many of all hits some of these stand for."""
        return round(count * self.hits / self.size) if count else 0

    def source(self, *extra: Clause) -> Clause:
        """Return `FROM … WHERE …` that reads the sample."""
        where = all_of(extra)
        return Clause(
            f"FROM json_each(?) AS one CROSS JOIN mention m ON m.docid = one.value WHERE {where.sql}",
            (self.docids, *where.values),
        )

    def thinned(self, most: int) -> Sample:
        """Return a part of the sample with at most `most` hits; the same hits whoever asks."""
        if self.size <= most:
            return self
        docids, part = json.loads(self.docids), self.part
        while len(docids) > most and part < COARSEST:
            part *= 2
            docids = [docid for docid in docids if not _spread(docid) & (part - 1)]
        return Sample(json.dumps(docids), len(docids), part, self.hits)


def within(plan: Plan, part: int) -> Clause:
    """Return the condition that keeps one second in `part`, a power of two up to `COARSEST`."""
    if part == 1:
        return TRUE
    return Clause(f"(({plan.place} >> {TIE_BITS}) * {SPREAD} >> 9) & {part - 1:d} = 0")


def _spread(docid: int) -> int:
    return (docid >> TIE_BITS) * SPREAD >> 9


def looked_at(link: Link, plan: Plan) -> Sample:
    """Return all hits; where they are very many a sample of them, in mostly one walk."""
    every, last = _sample(link, plan, 1, FULL + 1)
    if every.size <= FULL:
        return every
    part = _part(guessed(link, Reach(every.size, last), plan.lowest, plan.highest))
    sample, _ = _sample(link, plan, part, AT_ONCE)
    if sample.size < MOST // 4:  # guessed too many
        sample, _ = _sample(link, plan, _part(max(sample.hits, every.size)), AT_ONCE)
    while sample.size >= AT_ONCE and sample.part < COARSEST:  # guessed too few
        part = min(COARSEST, sample.part * 8)
        sample, _ = _sample(link, plan, part, AT_ONCE if part < COARSEST else None)
    return sample.thinned(MOST)


def _part(hits: int) -> int:
    """Return the finest part of so many hits that makes no more than `MOST`; a sample is never all."""
    part = 2
    while part < COARSEST and hits > part * MOST:
        part *= 2
    return part


def _sample(link: Link, plan: Plan, part: int, most: int | None) -> tuple[Sample, int]:
    """Return a sample with no more than `most` hits, and the last docid of it."""
    found = plan.source(within(plan, part))
    limit = "" if most is None else f" LIMIT {most:d}"
    listed = "json_group_array(d), count(*), coalesce(max(d), 0)"
    sql = f"SELECT {listed} FROM (SELECT {plan.place} AS d {found.sql}{limit})"
    docids, size, last = link.one(lambda *row: row, sql, *found.values) or ("[]", 0, 0)
    return Sample(docids, size, part), last


@contextmanager
def hurried(link: Link) -> Iterator[None]:
    """Stop what runs inside after `PATIENCE` with apsw's InterruptError; the search's own limit stays."""
    limit = link.deadline
    link.deadline = min(limit, time.monotonic() + PATIENCE)
    try:
        yield
    finally:
        link.deadline = limit
