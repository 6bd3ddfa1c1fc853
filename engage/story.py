"""The story of a person or an account on one line of time: what they said, what we did, where they went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.customers import Account, Person
from core.kept import Order, Sought
from core.ports import Store
from core.stages import Evidence
from engage.customers import ACCOUNT, PERSON, Move, moves_of

#: Events shown.
LENGTH = 60
#: What else is kept about an account or a person, and tells of itself in `body`.
DEEDS = ("play", "ask", "referral", "goal")


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One thing that happened."""

    at: datetime
    #: `said`, `moved`, `contact`, or a kind of record.
    kind: str
    #: Who, and in words what; the words of a mention are read where it is shown.
    who: str = ""
    what: str = ""
    evidence: Evidence | None = None
    move: Move | None = None
    key: str = ""


def account_story(store: Store, account: Account, people: Sequence[Person]) -> list[Event]:
    """Return what happened with an account, the newest first."""
    found = [event for person in people for event in _said(person)]
    found += [Event(at=one.at, kind="contact", who=one.by, what=one.note) for one in account.contacts]
    found += _moved(moves_of(store, ACCOUNT, account.key))
    found += _deeds(store, f"account:{account.key}")
    return _ordered(found)


def person_story(store: Store, person: Person) -> list[Event]:
    """Return what happened with a person, the newest first."""
    found = [
        *_said(person),
        *_moved(moves_of(store, PERSON, person.key)),
        *_deeds(store, f"person:{person.key}"),
    ]
    return _ordered(found)


def _said(person: Person) -> Iterable[Event]:
    return (
        Event(at=one.at, kind="said", who=person.shown, evidence=one) for one in person.evidence[-LENGTH:]
    )


def _moved(moves: Iterable[Move]) -> Iterable[Event]:
    return (Event(at=move.at, kind="moved", who=move.by, what=move.reason, move=move) for move in moves)


def _deeds(store: Store, ref: str) -> Iterable[Event]:
    for kind in DEEDS:
        for item in store.kept_page(Sought(kind=kind, refs=(ref,), order=Order.KEY), limit=LENGTH).items:
            title = item.body.get("title") or item.body.get("what") or item.body.get("name") or ""
            yield Event(at=item.at, kind=kind, who=item.by, what=str(title), key=item.key)


def _ordered(found: Iterable[Event]) -> list[Event]:
    return sorted(found, key=lambda event: event.at, reverse=True)[:LENGTH]
