"""Answers about very many hits in bounded time: a sample stands for all, and says so.

A sample takes every `part`-th second by a hash of the second of publication, so it is the same on every page,
and a word's hits are left out before their rows are read.
"""

# The SQL here is put together from our own names; every value is bound.

from __future__ import annotations

import json
import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from store.sqlite.clause import TRUE, Clause, all_of
from store.sqlite.compiling import Plan
from store.sqlite.connection import Link
from store.sqlite.docids import TIE_BITS
from store.sqlite.reaching import Reach, guessed, reached

#: Hits that are all looked at; more are sampled.
FULL = 10_000
#: Most hits of a sample; there are more than half as many.
MOST = 16_000
#: Most hits of a sample of which all is looked up that facets tell.
DESCRIBED = 5_000
#: The coarsest sample: one second in so many.
COARSEST = 4_096
#: Seconds after which a count that reads every hit gives way to "more than".
PATIENCE = 0.7
#: Odd number whose products spread neighbouring seconds over all remainders, within 63 bits.
SPREAD = 104_729


class Sample(NamedTuple):
    """The hits that stand for all, each for `part` of them; 1 where all hits are to be looked at."""

    docids: Sequence[int] = ()
    part: int = 1

    @property
    def hits(self) -> int:
        """About how many hits there are."""
        return len(self.docids) * self.part

    def source(self, *extra: Clause) -> Clause:
        """Return `FROM … WHERE …` that reads the sample."""
        where = all_of(extra)
        return Clause(
            f"FROM json_each(?) AS one CROSS JOIN mention m ON m.docid = one.value WHERE {where.sql}",
            (json.dumps(list(self.docids)), *where.values),
        )

    def thinned(self, most: int) -> Sample:
        """Return a part of the sample with at most `most` hits; the same hits whoever asks."""
        docids, part = self.docids, self.part
        while len(docids) > most and part < COARSEST:
            part *= 2
            docids = [docid for docid in docids if not _spread(docid) & (part - 1)]
        return Sample(docids if docids is self.docids else array("q", docids), part)


#: Few enough hits to look at all of them.
WHOLE = Sample()


def within(plan: Plan, part: int) -> Clause:
    """Return the condition that keeps one second in `part`, a power of two up to `COARSEST`."""
    if part == 1:
        return TRUE
    return Clause(f"(({plan.place} >> {TIE_BITS}) * {SPREAD} >> 9) & {part - 1:d} = 0")


def _spread(docid: int) -> int:
    return (docid >> TIE_BITS) * SPREAD >> 9


def measured(link: Link, plan: Plan) -> Reach:
    """Count hits as far as it matters: more than `FULL` are very many."""
    return reached(link, plan.place, plan.source(), FULL + 1)


def taken(link: Link, plan: Plan, reach: Reach) -> Sample:
    """Return the sample that stands for very many hits, in mostly one walk over them."""
    part = _part(guessed(link, reach, plan.lowest, plan.highest))
    docids = _docids(link, plan, part)
    if part > 1 and len(docids) < MOST // 4:  # guessed too many
        part = _part(max(len(docids) * part, reach.hits))
        docids = _docids(link, plan, part)
    while len(docids) > 2 * MOST and part < COARSEST:  # guessed too few
        part = min(COARSEST, part * 8)
        docids = _docids(link, plan, part)
    return Sample(docids, part).thinned(MOST)


def _part(hits: int) -> int:
    """Return the finest part of so many hits that makes no more than `MOST`."""
    part = 1
    while part < COARSEST and hits > part * MOST:
        part *= 2
    return part


def _docids(link: Link, plan: Plan, part: int) -> array[int]:
    """Return the hits of a sample; where they are too many only as many as show it."""
    found = plan.source(within(plan, part))
    limit = f" LIMIT {2 * MOST + 1:d}" if part < COARSEST else ""
    sql = f"SELECT {plan.place} {found.sql}{limit}"
    return array("q", (docid for (docid,) in link.connection.execute(sql, found.values)))


@contextmanager
def hurried(link: Link) -> Iterator[None]:
    """Stop what runs inside after `PATIENCE` with apsw's InterruptError; the search's own limit stays."""
    limit = link.deadline
    link.deadline = min(limit, time.monotonic() + PATIENCE)
    try:
        yield
    finally:
        link.deadline = limit
