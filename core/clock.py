"""Time as a value that tests can set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tell the time."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        ...


class SystemClock:
    """Tell the machine's time."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(UTC)


class SetClock:
    """Tell a time that is set by hand, for tests and for replays."""

    def __init__(self, start: datetime) -> None:
        self._now = as_utc(start)

    def now(self) -> datetime:
        """Return the moment last set."""
        return self._now

    def advance(self, step: timedelta) -> None:
        """Move the clock by `step`."""
        self._now += step


def as_utc(moment: datetime) -> datetime:
    """Return `moment` in UTC.

    Raises:
        ValueError: the moment has no time zone, or lies outside the calendar in UTC, so it cannot be placed.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; give one, such as +00:00")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{moment.isoformat()} in UTC lies outside the years 1 to 9999") from None


def iso(moment: datetime) -> str:
    """Return `moment` as ISO 8601 in UTC with `Z`; the fraction only where there is one."""
    text = as_utc(moment).isoformat()
    return text.removesuffix("+00:00") + "Z"


def from_iso(text: str) -> datetime:
    """Return the moment that an ISO 8601 text with a zone names, in UTC.

    Raises:
        ValueError: the text is no date, or has no zone.
    """
    return as_utc(datetime.fromisoformat(text))
