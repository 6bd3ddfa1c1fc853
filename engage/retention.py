"""Keep what was said no longer than was decided, and say why it is kept at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.bodies import body_of, value_of
from core.errors import InputError
from core.kept import Kept
from core.ports import Store

#: Threads that go together.
STEP = 200
KIND, KEY = "setting", "privacy"
LONGEST_DAYS, LONGEST_NOTE = 36_500, 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """For how long and on what ground the team keeps what it keeps, in its own words."""

    #: Days after the newest mention of a thread; 0 for ever, None as `retention_days` says.
    days: int | None = None
    mentions: str = ""
    people: str = ""
    accounts: str = ""
    audit: str = ""

    def __post_init__(self) -> None:
        """Refuse what nobody can keep or read.

        Raises:
            InputError: it says which bound was passed.
        """
        if self.days is not None and not 0 <= self.days <= LONGEST_DAYS:
            raise InputError(f"write 0 to {LONGEST_DAYS} days, or nothing")
        if any(len(note) > LONGEST_NOTE for note in (self.mentions, self.people, self.accounts, self.audit)):
            raise InputError(f"a note has at most {LONGEST_NOTE} characters")


def notice_of(item: Kept | None) -> Notice:
    """Return the kept notice; an empty one where none is kept."""
    return value_of(Notice, item.body) if item is not None else Notice()


def save_notice(store: Store, notice: Notice, *, version: int, actor: str, now: datetime) -> None:
    """Store the notice; its audit record keeps what it was before.

    Raises:
        Conflict: somebody saved another one first.
    """
    store.keep(Kept(kind=KIND, key=KEY, body=body_of(notice), by=actor, at=now, version=version))


def days_kept(store: Store, configured: int) -> int:
    """Return for how many days threads are kept: as the notice says, else as the configuration does."""
    days = notice_of(store.kept_one(KIND, KEY)).days
    return configured if days is None else days


def forget_old(store: Store, *, days: int, now: datetime) -> int:
    """Take away threads whose newest mention is older than `days`; return how many, at most `STEP`.

    Pinned threads stay. What people did stays in the audit.
    """
    if days <= 0:
        return 0
    stale = store.stale_threads(before=now - timedelta(days=days), limit=STEP)
    store.discard("thread", stale)
    return len(stale)
