"""How a source is doing, in states that never let silence pass for quiet."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.mention import Mention


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
