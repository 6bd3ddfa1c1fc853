"""Keep what was said no longer than was decided, and say why it is kept at all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.bodies import body_of, value_of
from core.errors import InputError
from core.kept import Kept, Order, Sought
from core.ports import Store
from core.records import Record
from engage.advocates import ADVOCATE
from engage.customers import MERGED, MOVE, PERSON, keys_of, person_of, walk
from engage.matching import MATCH
from store.codecs import micros

#: Threads that go together.
STEP = 200
#: What is kept about people alone, beside themselves.
ABOUT = (MOVE, MATCH)
KIND, KEY = "setting", "privacy"
LONGEST_DAYS, LONGEST_NOTE = 36_500, 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """For how long and on what ground the team keeps what it keeps, in its own words."""

    #: Days after the newest mention of a thread; 0 for ever, None as `retention_days` says.
    days: int | None = None
    #: Days after a person was last heard, None as long as threads; days that the audit tells what was, None
    #: for good.
    people_days: int | None = None
    audit_days: int | None = None
    mentions: str = ""
    people: str = ""
    accounts: str = ""
    audit: str = ""

    def __post_init__(self) -> None:
        """Refuse what nobody can keep or read.

        Raises:
            InputError: it says which bound was passed.
        """
        for days in (self.days, self.people_days, self.audit_days):
            if days is not None and not 0 <= days <= LONGEST_DAYS:
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


def people_days_kept(store: Store, configured: int) -> int:
    """Return for how many days people are kept after they were last heard: else as long as threads."""
    days = notice_of(store.kept_one(KIND, KEY)).people_days
    return days_kept(store, configured) if days is None else days


def forget_silent(store: Store, *, days: int, now: datetime) -> int:
    """Take away people last heard more than `days` ago, with their moves and suggestions; return how many.

    Who belongs to an account, takes part in the reference programme, or was given a stage by hand stays:
    those are relations of the team's own.
    """
    if days <= 0:
        return 0
    sought = Sought(kind=PERSON, until=now - timedelta(days=days), order=Order.SOONEST)
    stale = [item for item in walk(store, sought) if item.state != MERGED and _is_loose(item)]
    advocates = store.kept_many(ADVOCATE, [item.key for item in stale])
    stale = [item for item in stale if item.key not in advocates]
    for item in stale:
        refs = (f"person:{item.key}",)
        about = [one for kind in ABOUT for one in walk(store, Sought(kind=kind, refs=refs))]
        others = store.kept_many(PERSON, keys_of(person_of(item).person.handles))
        store.drop_all([item, *about, *(one for one in others.values() if one.state == MERGED)])
    return len(stale)


def _is_loose(item: Kept) -> bool:
    person = person_of(item).person
    return not person.account and person.standing.override is None


def empty_audit(store: Store, *, now: datetime) -> int:
    """Take out of old audit records what was before and after, as the notice says; return of how many.

    Who did what to which, and when, stays, and the chain stays whole.
    """
    days = notice_of(store.kept_one(KIND, KEY)).audit_days
    if not days:
        return 0
    before, changed = micros(now - timedelta(days=days)), list[Record]()
    for record in store.dump("audit"):
        if int(str(record.body["at"])) >= before:
            break
        if record.body.get("payload") is not None:
            changed.append(replace(record, body={**record.body, "payload": None}))
    for start in range(0, len(changed), STEP):
        store.load(changed[start : start + STEP])
    return len(changed)
