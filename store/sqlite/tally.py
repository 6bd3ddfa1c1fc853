"""How many threads the queue has, read from the figures kept by triggers where a search asks for no more."""

# The SQL here is put together from our own names; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence

from core.query import Node, OneOf
from core.search import Search
from core.thread import Status
from store.codecs import micros
from store.questions import STATUSES, parts_of
from store.sqlite.connection import Link

#: Threads whose snooze is over count as open; there are few.
AWAKE = """
SELECT count(*) FROM thread
WHERE status = 'snoozed' AND snoozed_until <= ? AND listed = 1 AND (waiting_since IS NOT NULL OR NOT ?)
"""


def tallied(link: Link, search: Search) -> int | None:
    """Return how many threads the search has in the queue; None where the figures do not tell."""
    statuses, unanswered = set(STATUSES), False
    for part in parts_of(search.node):
        asked = _statuses(part)
        if asked is not None:
            statuses &= asked
        elif part == OneOf("is", ("unanswered",)) and not unanswered:
            unanswered = True
        else:
            return None
    return _count(link, sorted(statuses), micros(search.now), unanswered=unanswered)


def _statuses(node: Node) -> set[str] | None:
    """Return the statuses that a leaf asks for; None where it asks for something else."""
    if isinstance(node, OneOf) and node.field in ("is", "status") and STATUSES.issuperset(node.values):
        return set(node.values)
    return None


def _count(link: Link, statuses: Sequence[str], now: int, *, unanswered: bool) -> int:
    held = ", ".join("?" * len(statuses))
    sql = f"SELECT total(threads) FROM tally WHERE status IN ({held}) AND waiting >= ?"
    found = link.number(sql, *statuses, unanswered)
    is_open, snoozed = Status.OPEN in statuses, Status.SNOOZED in statuses
    if is_open == snoozed:
        return found
    awake = link.number(AWAKE, now, unanswered)
    return found + awake if is_open else found - awake
