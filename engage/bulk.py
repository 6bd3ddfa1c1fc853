"""One act on everything that a view of the queue shows, with one undo."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from core.errors import Conflict, InputError, NotFound
from core.kept import Kept, Order, Sought
from core.ports import Store
from core.search import QueueSort, Search
from core.thread import ThreadRow
from engage import desk, replying

KIND = "bulk"
MOST = 5_000
PAGE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Bulk:
    """What was done to many threads as one act."""

    key: str
    acts: tuple[int, ...]
    by: str
    #: Threads that somebody else changed meanwhile, and that were left alone.
    missed: int = 0


def act_on_all(
    store: Store, search: Search, do: Callable[[str, int], desk.Done], *, actor: str, now: datetime
) -> Bulk:
    """Do something to every thread that a search finds in the queue, each by compare-and-set.

    Raises:
        InputError: there are more than `MOST`, or the act cannot be.
    """
    rows = list(_rows(store, search))
    acts: list[int] = []
    missed = 0
    for row in rows:
        try:
            acts.append(do(row.id, row.triage.version)[1].id)
        except (Conflict, NotFound):
            missed += 1
    bulk = Bulk(key=secrets.token_hex(8), acts=tuple(acts), by=actor, missed=missed)
    body = {"acts": list(acts), "missed": missed}
    item = Kept(kind=KIND, key=bulk.key, body=body, by=actor, at=now, due=now, refs=(f"user:{actor}",))
    store.keep_all([item])
    return bulk


def last_of(store: Store, actor: str, act: int) -> Bulk | None:
    """Return the actor's newest act on many, if `act` is one of its; None where it is not."""
    sought = Sought(kind=KIND, refs=(f"user:{actor}",), order=Order.LATEST)
    newest = next(iter(store.kept_page(sought, limit=1).items), None)
    bulk = bulk_of(store, newest.key) if newest else None
    return bulk if bulk and act in bulk.acts else None


def bulk_of(store: Store, key: str) -> Bulk | None:
    """Return what was done under a key; None where there is nothing."""
    item = store.kept_one(KIND, key)
    if item is None:
        return None
    acts, missed = item.body.get("acts"), item.body.get("missed")
    return Bulk(
        key=key,
        acts=tuple(int(str(act)) for act in acts) if isinstance(acts, (list, tuple)) else (),
        by=item.by,
        missed=missed if isinstance(missed, int) else 0,
    )


def undo(store: Store, bulk: Bulk, *, actor: str, now: datetime) -> int:
    """Take it all back; return how many threads were left alone because somebody changed them since.

    A second undo changes nothing.
    """
    left = 0
    for act in bulk.acts:
        try:
            replying.undo(store, act, actor=actor, now=now)
        except (Conflict, NotFound):
            left += 1
    return left


def _rows(store: Store, search: Search) -> Iterator[ThreadRow]:
    """Yield the rows as they are before the first act, for acts move threads out of the view."""
    total = store.queue(search, limit=1).total
    if total.value > MOST:
        raise InputError(f"at most {MOST:,} threads at once; narrow the filter")
    after = None
    while True:
        page = store.queue(search, sort=QueueSort.NEW, limit=PAGE, after=after)
        yield from page.rows
        after = page.next
        if after is None:
            return
