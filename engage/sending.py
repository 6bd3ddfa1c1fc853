"""The outbox's way out: each item at least once, under its own id, until it is taken or given up."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from core.clock import Clock
from core.errors import InputError, NotFound, SendError, SendLater
from core.ports import Store
from core.work import OutboxItem

#: How long an item is ours before another sender may take it; longer than all requests of one item together.
LEASE = timedelta(minutes=3)
#: Waits between tries; after the last one an item is given up, a day and a half after the first.
WAITS = tuple(
    timedelta(seconds=one)
    for one in (5, 15, 60, 180, 600, 1_800, 3_600, 3_600, 7_200, 14_400, 28_800, 57_600)
)
#: Waits are spread by this share, so that many senders do not come back at once.
SPREAD = 0.1
#: Longest reason kept.
MAX_ERROR = 400


class Sender(Protocol):
    """Knows how items of one channel go out."""

    def send(self, item: OutboxItem) -> str:
        """Send an item, which may have been sent before; return what the other side answered.

        Raises:
            SendRefused: trying again is of no use.
            SendLater: it did not go out, or nobody can tell whether it did.
        """
        ...


def send_due(
    store: Store, senders: Mapping[str, Sender], *, owner: str, clock: Clock, limit: int = 5
) -> Sequence[OutboxItem]:
    """Send what is due, at most `limit` items; return what was tried.

    Killed at any point, nothing is lost: an item counts as sent only after the other side took it, and the
    lease of a dead sender runs out.
    """
    items = store.claim_outbox(owner=owner, lease=LEASE, limit=limit, now=clock.now())
    for item in items:
        _send(store, senders, item, clock)
    return items


def _send(store: Store, senders: Mapping[str, Sender], item: OutboxItem, clock: Clock) -> None:
    sender = senders.get(item.channel)
    if sender is None:
        error = f"this Earful knows no way to send {item.channel!r}; update it"
        store.not_sent(item.id, error=error, retry_at=None)
        return
    try:
        outcome = sender.send(item)
    except SendLater as later:
        store.not_sent(item.id, error=_reason(later), retry_at=retry_at(item, later, clock.now()))
    except (SendError, InputError, NotFound) as refused:
        store.not_sent(item.id, error=_reason(refused), retry_at=None)
    else:
        store.sent(item.id, now=clock.now(), outcome=outcome)


def retry_at(item: OutboxItem, error: SendLater, now: datetime) -> datetime | None:
    """Return when an item is tried again; None where it was tried often enough."""
    if item.attempts > len(WAITS):
        return None
    wait = WAITS[item.attempts - 1].total_seconds()
    wait = max(wait * random.uniform(1 - SPREAD, 1 + SPREAD), error.wait or 0.0)  # noqa: S311 — no secret
    return now + timedelta(seconds=wait)


def _reason(error: Exception) -> str:
    return str(error)[:MAX_ERROR]
