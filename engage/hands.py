"""Who has which thread in hand: people who look or reply, and batches checked out for five minutes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from core.kept import Doing, Hold
from core.ports import Store
from core.search import QueueSort, Search

#: A browser says every second that somebody is there; one that was closed hard is forgotten after this.
PRESENT = timedelta(seconds=20)
#: Said again to the store only when so little is left, so that ten open pages are no load.
RENEW = timedelta(seconds=12)
BATCH = 25
BATCH_TIME = timedelta(minutes=5)
#: How far down the queue free threads are looked for.
REACH = 200


def look(store: Store, thread_id: str, *, user: str, replying: bool, now: datetime) -> list[Hold]:
    """Say that a user has a thread open; return who else has it."""
    found = store.holds([thread_id], now=now)
    mine = {hold.doing: hold.until for hold in found if hold.user == user}
    wanted = (Doing.VIEWING, Doing.REPLYING) if replying else (Doing.VIEWING,)
    for doing in wanted:
        if doing not in mine or mine[doing] - now < RENEW:
            store.hold(Hold(thread_id=thread_id, user=user, doing=doing, until=now + PRESENT), now=now)
    if Doing.REPLYING in mine and not replying:
        store.release(user, doing=Doing.REPLYING, thread_id=thread_id)
    return [hold for hold in found if hold.user != user]


def leave(store: Store, thread_id: str, *, user: str) -> None:
    """Say that a user closed a thread."""
    for doing in (Doing.VIEWING, Doing.REPLYING):
        store.release(user, doing=doing, thread_id=thread_id)


def others(
    store: Store, thread_ids: Sequence[str], *, user: str, now: datetime
) -> Mapping[str, Sequence[Hold]]:
    """Return what others have in hand of these threads, at most one word for each person and thread."""
    strength = (Doing.VIEWING, Doing.TAKEN, Doing.REPLYING)
    found: dict[str, dict[str, Hold]] = {}
    for hold in store.holds(thread_ids, now=now):
        if hold.user == user:
            continue
        people = found.setdefault(hold.thread_id, {})
        known = people.get(hold.user)
        if known is None or strength.index(hold.doing) > strength.index(known.doing):
            people[hold.user] = hold
    return {thread_id: tuple(people.values()) for thread_id, people in found.items()}


def busy(held: Mapping[str, Sequence[Hold]]) -> set[str]:
    """Return the threads that nobody else should be led to: checked out, or being answered."""
    return {
        thread_id
        for thread_id, holds in held.items()
        if any(hold.doing is not Doing.VIEWING for hold in holds)
    }


def batch(store: Store, *, user: str, now: datetime) -> Sequence[Hold]:
    """Return what a user has checked out."""
    return [hold for hold in store.holds(now=now) if hold.user == user and hold.doing is Doing.TAKEN]


def check_out(store: Store, search: Search, sort: QueueSort, *, user: str, now: datetime) -> list[str]:
    """Check the first free threads of a part of the queue out for a user, in place of what they had."""
    ids = [row.id for row in store.queue(search, sort=sort, limit=REACH).rows]
    taken = busy(others(store, ids, user=user, now=now))
    free = [thread_id for thread_id in ids if thread_id not in taken][:BATCH]
    give_back(store, user=user)
    return store.take(free, user=user, until=now + BATCH_TIME, now=now)


def give_back(store: Store, *, user: str) -> None:
    """Let go of everything that a user had checked out."""
    store.release(user, doing=Doing.TAKEN)
