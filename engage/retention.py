"""Keep what was said no longer than was decided."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.ports import Store

#: Threads that go together.
STEP = 200


def forget_old(store: Store, *, days: int, now: datetime) -> int:
    """Take away threads whose newest mention is older than `days`; return how many, at most `STEP`.

    Pinned threads stay. What people did stays in the audit.
    """
    if days <= 0:
        return 0
    stale = store.stale_threads(before=now - timedelta(days=days), limit=STEP)
    store.discard("thread", stale)
    return len(stale)
