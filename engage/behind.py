"""Who stands behind a thread: the customer that its people belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from core.customers import Handle
from core.ports import Store
from core.priority import Customer
from core.thread import StoredMention, Thread
from engage.customers import ACCOUNT, account_of, people_by_handle, person_of


def customer_of(store: Store, thread: Thread) -> Customer | None:
    """Return the account worth most among those whose people wrote in a thread; None where none is known."""
    return customers_of(store, {thread.id: thread.matched}).get(thread.id)


def customers_of(store: Store, said: Mapping[str, Iterable[StoredMention]]) -> Mapping[str, Customer]:
    """Return the customer behind each thread of which the matched mentions are given; asked all at once."""
    handles = {thread_id: _handles(mentions) for thread_id, mentions in said.items()}
    people = people_by_handle(store, list(dict.fromkeys(one for each in handles.values() for one in each)))
    keys = {handle: person_of(item).person.account for handle, item in people.items()}
    accounts = store.kept_many(ACCOUNT, set(keys.values()) - {""})
    contracts = {key: account_of(item).account.contract for key, item in accounts.items()}
    found = {}
    for thread_id, theirs in handles.items():
        known = [contracts[key] for one in theirs if (key := keys.get(one, "")) in contracts]
        best = max(known, key=lambda one: (one.value or 0.0, one.name), default=None)
        if best:
            found[thread_id] = Customer(name=best.name, tier=best.tier, value=best.value)
    return found


def _handles(mentions: Iterable[StoredMention]) -> list[Handle]:
    return [
        Handle(source=one.mention.source, name=one.mention.author.handle)
        for one in mentions
        if one.mention.author.handle
    ]
