"""How a source is doing, in states that never let silence pass for quiet."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median

from core.mention import Mention

#: Days whose items are counted, and how many full ones make a habit.
DAYS, FEWEST_DAYS = 29, 3
#: Known gaps kept.
GAPS = 20


class SourceStatus(enum.StrEnum):
    """Name how a source is doing."""

    #: Never read yet.
    NEW = "new"
    #: The last crawl went through.
    OK = "ok"
    #: The last crawls went through and brought nothing, though earlier ones did.
    SUSPECT = "suspect"
    #: It asked us to wait; `until` says how long.
    BACKING_OFF = "backing off"
    #: It refuses us: key, robots rule, block page.
    BLOCKED = "blocked"
    #: It is gone, or failed for days.
    DEAD = "dead"


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceState:
    """The health of one source for one watch."""

    watch_id: str
    source: str
    status: SourceStatus = SourceStatus.NEW
    #: Why, in plain words, with what to do about it.
    reason: str = ""
    #: No request before this moment.
    until: datetime | None = None
    last_try_at: datetime | None = None
    last_success_at: datetime | None = None
    #: Newest publication time among what it ever brought.
    newest_at: datetime | None = None
    #: Of the last crawl.
    requests: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    errors: int = 0
    #: Of all crawls together.
    total_new: int = 0
    #: Crawls in a row that went through without any item at all in the answers.
    empty_crawls: int = 0
    #: Failures in a row.
    failures: int = 0
    paused: bool = False
    #: New items by the UTC day of their first sight (`2026-11-22`), the last `DAYS` days.
    days: Mapping[str, int] = field(default_factory=dict)
    #: The UTC day that the next two are of.
    today: str = ""
    requests_today: int = 0
    #: What the service charged, in US dollars, where it does.
    usd_today: float = 0.0
    #: Stored items that the last crawl looked at again, to learn of edits and deletions.
    rechecked: int = 0
    #: Times that may be incomplete, each in plain words, the newest last; at most `GAPS`.
    gaps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Take lists for tuples, as they come back from JSON."""
        object.__setattr__(self, "gaps", tuple(self.gaps)[-GAPS:])
        object.__setattr__(self, "days", dict(sorted(self.days.items())[-DAYS:]))

    @property
    def normal(self) -> float | None:
        """New items on a usual day: the middle of the full days since the first; None before three of them.

        The first day holds the back-fill and the last is not over, so neither counts.
        """
        if not self.days:
            return None
        first, last = min(self.days), max(self.days)
        span = (date.fromisoformat(last) - date.fromisoformat(first)).days
        full = [date.fromisoformat(first) + timedelta(days=step) for step in range(1, span)]
        if len(full) < FEWEST_DAYS:
            return None
        return float(median(self.days.get(day.isoformat(), 0) for day in full))

    def lag(self, now: datetime) -> timedelta | None:
        """Return for how long nothing was read through; None before the first time."""
        return max(now - self.last_success_at, timedelta()) if self.last_success_at else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A mention on its way from a spider to the store."""

    mention: Mention
    watch_id: str
    #: Kept for the thread only; it matched no watch itself.
    context: bool = False
    #: Written by one of our own handles.
    own: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Cursor:
    """Where a spider goes on next time; opaque to everyone but the spider."""

    watch_id: str
    source: str
    #: Which of the spider's streams (a tag on a server, a feed's address, a query).
    stream: str
    #: Plain JSON values.
    value: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class PutCount:
    """What became of a batch of mentions."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: PutCount) -> PutCount:
        """Add two counts."""
        return PutCount(
            new=self.new + other.new,
            changed=self.changed + other.changed,
            unchanged=self.unchanged + other.unchanged,
        )
