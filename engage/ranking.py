"""Keep the queue's order true: work out the priorities that are out of date."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.errors import NotFound
from core.ports import Store
from core.priority import prioritise
from core.settings import PriorityWeights
from core.thread import Thread
from core.watch import Watch
from engage.behind import customer_of
from engage.promises import give_back_untouched, policy_of, stored_policy
from engage.standing import follow
from engage.weights import stored_weights, weights_of

#: Waiting time moves a thread by at most one point in this long (20 points, half life 12 h).
RANK_AGAIN = timedelta(minutes=15)
BATCH = 200


def rank(store: Store, weights: PriorityWeights, *, now: datetime, limit: int = BATCH) -> int:
    """Work out up to `limit` priorities that are out of date; return how many were.

    Weights that the team saved count before `weights`; what was ranked with older ones is out of date.
    Safe to repeat and to run in several processes: the store drops a priority made from an older thread.
    """
    products = {watch.id: watch for watch in store.watches()}
    saved = stored_weights(store)
    weights = weights_of(saved, weights)
    due = now - RANK_AGAIN
    stale = store.threads_to_rank(limit=limit, older_than=max(due, saved.at) if saved else due)
    policy = policy_of(stored_policy(store))
    for thread_id in stale:
        try:
            thread = store.thread(thread_id)
        except NotFound:  # erased since the list was made
            continue
        if give_back_untouched(store, thread, policy, now=now):
            thread = store.thread(thread_id)
        product = _product(thread, products)
        customer = customer_of(store, thread)
        priority = prioritise(thread, product=product, now=now, weights=weights, customer=customer)
        store.save_priority(thread_id, priority, sequence=thread.sequence, now=now)
        watch = next((products[name] for name in thread.watches if name in products), None)
        if watch is not None:
            follow(store, thread, watch, now=now)
    return len(stale)


def _product(thread: Thread, watches: dict[str, Watch]) -> str:
    """Return the product that the thread's first watch listens for."""
    return next((watches[name].product.name for name in thread.watches if name in watches), "")
