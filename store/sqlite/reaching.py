"""How many hits a search has, guessed from how far along time its first ones reach."""

# The SQL here is put together from our own names; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

from typing import NamedTuple

from store.sqlite.clause import Clause
from store.sqlite.connection import Link

#: The docids between which all mentions lie; two statements, so that each end is one step into the table.
ENDS = "SELECT (SELECT min(docid) FROM mention), (SELECT max(docid) FROM mention)"


class Reach(NamedTuple):
    """So many hits were met, the oldest first, the last of them at this docid."""

    hits: int
    last: int


def reached(link: Link, place: str, source: Clause, most: int) -> Reach:
    """Count hits, but no more than `most`."""
    sql = f"SELECT count(*), coalesce(max(d), 0) FROM (SELECT {place} AS d {source.sql} LIMIT {most:d})"
    return link.one(Reach, sql, *source.values) or Reach(0, 0)


def guessed(link: Link, reach: Reach, lowest: int | None = None, highest: int | None = None) -> int:
    """Return about how many hits there are between two docids, as if they lay evenly in time."""
    oldest, newest = link.one(lambda *ends: ends, ENDS) or (None, None)
    first = max(oldest or 0, lowest or 0)
    last = newest or 0 if highest is None else min(newest or 0, highest)
    return reach.hits * max(1, (last - first) // max(1, reach.last - first))
