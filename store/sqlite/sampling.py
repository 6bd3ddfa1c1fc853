"""Answers about very many hits in bounded time: a sample stands for all, and says so.

A sample takes every `d`-th second by a hash of the second of publication, so it is the same on every page,
and a word's hits are left out before their rows are read.
"""

# The SQL here is put together from our own names; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from store.sqlite.clause import TRUE, Clause
from store.sqlite.compiling import Plan
from store.sqlite.connection import Link
from store.sqlite.docids import TIE_BITS

#: Hits that are all looked at; more are sampled.
FULL = 20_000
#: The coarsest sample: one second in so many.
COARSEST = 64
#: Seconds after which a statement that reads every hit gives way to a sample.
PATIENCE = 0.7
#: Odd number whose products spread neighbouring seconds over all remainders, within 63 bits.
SPREAD = 104_729


def within(plan: Plan, divisor: int) -> Clause:
    """Return the condition that keeps one second in `divisor`, a power of two up to `COARSEST`."""
    if divisor == 1:
        return TRUE
    return Clause(f"(({plan.place} >> {TIE_BITS}) * {SPREAD} >> 9) & {divisor - 1:d} = 0")


def divisor(link: Link, plan: Plan) -> int:
    """Return how coarse a sample must be so that at most about `FULL` hits are looked at; 1 for all."""
    found = plan.source()
    if link.number(f"SELECT count(*) FROM (SELECT 1 {found.sql} LIMIT {FULL + 1})", *found.values) <= FULL:
        return 1
    probe = plan.source(within(plan, COARSEST))
    hits = link.number(f"SELECT count(*) {probe.sql}", *probe.values) * COARSEST
    chosen = 1
    while chosen < COARSEST and hits > chosen * FULL:
        chosen *= 2
    return chosen


@contextmanager
def hurried(link: Link) -> Iterator[None]:
    """Stop what runs inside after `PATIENCE` with apsw's InterruptError; the search's own limit stays."""
    limit = link.deadline
    link.deadline = min(limit, time.monotonic() + PATIENCE)
    try:
        yield
    finally:
        link.deadline = limit
