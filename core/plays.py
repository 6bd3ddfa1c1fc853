"""Work on a customer: plays with their steps and outcome, what they saved, and what that cost and brought."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from core.errors import InputError

MAX_STEPS = 20
#: What the field says: to win a customer costs 5 to 25 times what keeping one costs.
RATIOS = (5.0, 25.0)


class Result(enum.StrEnum):
    """Name how a play ended."""

    SAVED = "saved"
    LOST = "lost"
    UNCLEAR = "unclear"


class Grade(enum.StrEnum):
    """Name how sure a result is."""

    #: Somebody of the team says so.
    CLAIMED = "claimed"
    #: The contract shows it, or the customer said it where it can be read again.
    CONFIRMED = "confirmed"


@dataclass(frozen=True, kw_only=True, slots=True)
class PlayStep:
    """One step of a play."""

    text: str
    done_at: datetime | None = None
    done_by: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Play:
    """What the team does about one account."""

    key: str
    account: str
    title: str
    owner: str
    steps: tuple[PlayStep, ...] = ()
    due: date | None = None
    began: datetime
    #: Empty while it runs.
    result: Result | None = None
    grade: Grade = Grade.CLAIMED
    ended: datetime | None = None
    #: A year, of what was at stake.
    value: float = 0.0
    hours: float = 0.0
    #: What proves a confirmed result: an address, a thread, a contract.
    proof: str = ""

    def __post_init__(self) -> None:
        """Refuse a result that nothing shows.

        Raises:
            InputError: the message says what is missing.
        """
        if len(self.steps) > MAX_STEPS:
            raise InputError(f"a play has at most {MAX_STEPS} steps")
        if self.value < 0 or self.hours < 0:
            raise InputError("value and hours are not negative")
        if self.result is not None and self.grade is Grade.CONFIRMED and not self.proof:
            raise InputError("a confirmed result needs its proof: a thread, an address, the signed contract")


@dataclass(frozen=True, kw_only=True, slots=True)
class Assumptions:
    """What the return is reckoned with; the team puts in its own figures."""

    #: Of one hour of work, in the team's currency.
    hour: float = 60.0
    #: To win a customer costs so many times what keeping one costs.
    ratio: float = 5.0
    #: So many points more retention, and the profit they bring, in percent.
    points: float = 5.0
    lift: float = 25.0
    #: Spent a year on winning and on keeping.
    acquisition: float = 0.0
    retention: float = 0.0
    #: A year's profit.
    profit: float = 0.0
    #: Other leads and how many of them closed; referrals are counted by themselves.
    leads: int = 0
    closed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            InputError: the message names the field.
        """
        for name in ("hour", "points", "lift", "acquisition", "retention", "profit", "leads"):
            if not 0 <= getattr(self, name) <= 1e12:  # noqa: PLR2004 — a sum of money
                raise InputError(f"{name} is not negative")
        if not 1 <= self.ratio <= 100:  # noqa: PLR2004 — times
            raise InputError("to win a customer costs 1 to 100 times what keeping one costs")
        if not 0 <= self.closed <= self.leads:
            raise InputError("no more leads can close than there are")


@dataclass(frozen=True, kw_only=True, slots=True)
class Effort:
    """What plays cost and kept."""

    plays: int
    hours: float
    cost: float
    #: Value a year that was kept: what is proven, and what is only claimed.
    confirmed: float
    claimed: float
    lost: float

    @property
    def confirmed_return(self) -> float | None:
        """What each unit spent kept, by proof alone; None where nothing was spent."""
        return self.confirmed / self.cost if self.cost else None

    @property
    def claimed_return(self) -> float | None:
        """The same with what is only claimed."""
        return (self.confirmed + self.claimed) / self.cost if self.cost else None


def effort(plays: Iterable[Play], given: Assumptions) -> Effort:
    """Return what ended plays cost and kept."""
    ended = [play for play in plays if play.result is not None]
    hours = sum(play.hours for play in ended)
    saved = [play for play in ended if play.result is Result.SAVED]
    return Effort(
        plays=len(ended),
        hours=hours,
        cost=hours * given.hour,
        confirmed=sum(play.value for play in saved if play.grade is Grade.CONFIRMED),
        claimed=sum(play.value for play in saved if play.grade is Grade.CLAIMED),
        lost=sum(play.value for play in ended if play.result is Result.LOST),
    )
