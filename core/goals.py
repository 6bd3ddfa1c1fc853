"""Goals: what a customer bought us for, or what the team set itself, measured over time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from core.errors import InputError


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One measurement. Never changed, never removed."""

    at: datetime
    by: str
    value: float
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """A figure to be moved from a baseline to a target by a day."""

    key: str
    #: Key of the account; empty for the team's own.
    account: str = ""
    title: str
    unit: str = ""
    baseline: float
    target: float
    due: date
    owner: str
    points: tuple[Point, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a goal that nothing can reach.

        Raises:
            InputError: baseline and target are the same.
        """
        if self.baseline == self.target:
            raise InputError("a target differs from the baseline; nothing would have to be done")

    @property
    def current(self) -> float:
        """The newest measurement, the baseline before the first."""
        return self.points[-1].value if self.points else self.baseline

    @property
    def progress(self) -> float:
        """How much of the way is done: 0 at the baseline, 1 at the target; less and more are told as such."""
        return (self.current - self.baseline) / (self.target - self.baseline)
