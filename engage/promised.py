"""How the promises to those who wait stand just now: in the rows of a queue, and those that break."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from core.ports import Store
from core.query import And, Node, OneOf
from core.search import QueueSort, Search
from core.thread import Status, StoredMention, ThreadRow
from engage.behind import customers_of
from engage.promises import WARN, Policy, Promise, Standing, policy_of, promise, stored_policy

#: Threads read at once, and most that are looked at, the longest waiting first.
PAGE, MOST = 200, 2_000
WAITING = And((OneOf("is", (Status.OPEN.value,)), OneOf("is", ("unanswered",))))


class Breaking(NamedTuple):
    """Somebody whose promise is broken, or nearly."""

    #: What they wait for an answer to.
    stored: StoredMention
    promise: Promise


def promises_of(
    store: Store,
    rows: Sequence[ThreadRow],
    matched: Mapping[str, Sequence[StoredMention]],
    *,
    now: datetime,
) -> Mapping[str, Promise]:
    """Return by thread how the promise of each open one stands, where the team promises something."""
    policy = policy_of(stored_policy(store))
    return _standings(store, policy, rows, matched, now) if policy else {}


def breaking(
    store: Store, node: Node, standings: Collection[Standing], *, now: datetime
) -> Iterator[Breaking]:
    """Yield who waits where `node` finds something and whose promise stands so, the longest waiting first."""
    policy = policy_of(stored_policy(store))
    if policy is None:
        return
    search = Search(node=And((node, WAITING)), now=now)
    for rows in itertools.islice(_pages(store, search, policy, now), MOST // PAGE):
        matched = store.matched([row.id for row in rows])
        found = _standings(store, policy, rows, matched, now)
        for row in rows:
            said, told = matched.get(row.id, ()), found.get(row.id)
            if said and told and told.standing in standings:
                yield Breaking(_waiting(row, said), told)


def _standings(
    store: Store,
    policy: Policy,
    rows: Sequence[ThreadRow],
    matched: Mapping[str, Sequence[StoredMention]],
    now: datetime,
) -> Mapping[str, Promise]:
    customers = customers_of(store, matched) if policy.tiers else {}
    tiers = {thread_id: customer.tier for thread_id, customer in customers.items()}
    found = {
        row.id: promise(policy, row.waiting_since, row.priority.points, tier=tiers.get(row.id, ""), now=now)
        for row in rows
        if row.triage.status is Status.OPEN
    }
    return {thread_id: each for thread_id, each in found.items() if each}


def _pages(store: Store, search: Search, policy: Policy, now: datetime) -> Iterator[Sequence[ThreadRow]]:
    """Yield pages of who waits, up to those for whom not even the shortest promise is near its end."""
    soonest = timedelta(hours=policy.shortest * (1 - WARN))
    after = None
    while True:
        page = store.queue(search, sort=QueueSort.WAITING, limit=PAGE, after=after)
        yield page.rows
        after = page.next
        last = page.rows[-1] if page.rows else None
        if after is None or last is None:
            return
        # Pinned ones come first in every order.
        waits = last.waiting_since
        if not last.triage.pinned and (waits is None or policy.after(waits, soonest) > now):
            return


def _waiting(row: ThreadRow, said: Sequence[StoredMention]) -> StoredMention:
    since = row.waiting_since
    return next((one for one in said if since and one.mention.published_at >= since), said[-1])
