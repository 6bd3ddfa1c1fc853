"""What comes before and after a thread in the queue that it was opened from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.ports import Store
from engage.hands import busy, others
from web.queue_view import QueueView

#: How far into a page of the queue a thread is looked for.
REACH = 200


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Ids of the threads beside one, and its place; None where the queue ends."""

    previous: str | None
    following: str | None
    #: From 1; 0 where the thread is not in this part of the queue.
    place: int
    total: int


def neighbours(
    store: Store, view: QueueView, thread_id: str, *, now: datetime, user: str, mine: tuple[str, ...]
) -> Neighbours:
    """Return a thread's neighbours; a thread that left the view is followed by the view's first.

    What a colleague has checked out or is answering is nobody's next.
    """
    page = store.queue(view.search(now=now, mine=mine), sort=view.sort, limit=REACH, after=view.after)
    held = busy(others(store, [row.id for row in page.rows], user=user, now=now))
    ids = [row.id for row in page.rows if row.id == thread_id or row.id not in held]
    if thread_id not in ids:
        return Neighbours(None, ids[0] if ids else None, 0, page.total.value)
    at = ids.index(thread_id)
    before = ids[at - 1] if at else None
    return Neighbours(before, ids[at + 1] if at + 1 < len(ids) else None, at + 1, page.total.value)
