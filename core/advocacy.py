"""The reference programme: who speaks for us, what we asked of them, what came of it."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.errors import InputError

#: Asked at most so often a year, and not again so soon: a reference that is worn out is lost.
MOST_A_YEAR, PAUSE = 4, timedelta(days=45)
YEAR = timedelta(days=365)


class Programme(enum.StrEnum):
    """Name what an advocate takes part in."""

    REFERENCE = "reference"
    COMMUNITY = "community"
    BOARD = "advisory_board"
    EXECUTIVE = "executive_contact"


class Standing(enum.StrEnum):
    """Name how far an advocate is on the way."""

    FOUND = "found"
    APPROACHED = "approached"
    ACCEPTED = "accepted"
    THANKED = "thanked"
    DECLINED = "declined"


class Answer(enum.StrEnum):
    """Name what came of an ask."""

    OPEN = "open"
    YES = "yes"
    NO = "no"


class Permission(enum.StrEnum):
    """Name whether a quote may be used."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"


class Lead(enum.StrEnum):
    """Name what came of a referral."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reward:
    """Something given in thanks."""

    at: datetime
    by: str
    what: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Advocate:
    """A person in the programme; kept under the person's key."""

    person: str
    state: Standing = Standing.FOUND
    programme: Programme = Programme.REFERENCE
    #: What they can speak about: an industry, a use case.
    tags: tuple[str, ...] = ()
    rewards: tuple[Reward, ...] = ()
    last_asked: datetime | None = None
    most_a_year: int = MOST_A_YEAR


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """One thing asked of an advocate."""

    key: str
    person: str
    what: str
    at: datetime
    by: str
    answer: Answer = Answer.OPEN
    answered_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Quotation:
    """Words of a person that we want to use, and whether we may; the words stay where they were said."""

    key: str
    person: str
    mention_id: str
    thread_id: str
    start: int
    end: int
    permission: Permission = Permission.ASKED
    at: datetime
    by: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Referral:
    """Somebody whom a person sent to us."""

    key: str
    person: str
    name: str
    at: datetime
    by: str
    outcome: Lead = Lead.OPEN
    value: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Closing:
    """How many of the referrals that were decided were won."""

    won: int
    closed: int

    @property
    def rate(self) -> float | None:
        """The share won; None where none was decided yet."""
        return self.won / self.closed if self.closed else None


def closing(referrals: Iterable[Referral]) -> Closing:
    """Return how referrals closed."""
    decided = [one for one in referrals if one.outcome is not Lead.OPEN]
    return Closing(won=sum(one.outcome is Lead.WON for one in decided), closed=len(decided))


def may_ask(advocate: Advocate, asked_this_year: int, *, now: datetime) -> str:
    """Return why an advocate is not to be asked now; empty where they may be."""
    if advocate.state is Standing.DECLINED:
        return "they said no to the programme"
    if asked_this_year >= advocate.most_a_year:
        return f"asked {asked_this_year} times within a year, which is the limit"
    if advocate.last_asked is not None and now - advocate.last_asked < PAUSE:
        days = (advocate.last_asked + PAUSE - now).days + 1
        return f"asked lately; again in {days} days"
    return ""


def check_limit(most: int) -> int:
    """Return a limit of asks a year.

    Raises:
        InputError: it is none.
    """
    if not 1 <= most <= 52:  # noqa: PLR2004 — weeks
        raise InputError("a limit lies between 1 and 52 asks a year")
    return most
