"""Who stands behind a thread: the customer that its people belong to."""

from __future__ import annotations

from core.customers import Handle
from core.ports import Store
from core.priority import Customer
from core.thread import Thread
from engage.customers import ACCOUNT, account_of, people_by_handle, person_of


def customer_of(store: Store, thread: Thread) -> Customer | None:
    """Return the account worth most among those whose people wrote in a thread; None where none is known."""
    handles = [
        Handle(source=one.mention.source, name=one.mention.author.handle)
        for one in thread.matched
        if one.mention.author.handle
    ]
    people = people_by_handle(store, list(dict.fromkeys(handles))).values()
    keys = {person_of(item).person.account for item in people} - {""}
    contracts = [account_of(item).account.contract for item in store.kept_many(ACCOUNT, keys).values()]
    best = max(contracts, key=lambda one: (one.value or 0.0, one.name), default=None)
    return Customer(name=best.name, tier=best.tier, value=best.value) if best else None
