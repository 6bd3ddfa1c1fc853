"""Things kept by key: set up by people, or known of customers; and who has a thread in hand just now."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """One thing with a key. Changed only by compare-and-set on `version`."""

    #: `view`, `macro`, `setting`, `person`, `account`, `play` …: what it is.
    kind: str
    #: Unique within its kind.
    key: str
    #: Plain JSON values; who reads it refuses what it cannot use.
    body: Mapping[str, object]
    #: User name of who saved it last.
    by: str
    at: datetime
    #: Counts the changes; 0 is not stored yet.
    version: int = 0
    #: What lists choose by: a stage, how far a play is; empty where nothing is chosen by.
    state: str = ""
    #: What lists are ordered by and cut at: a renewal, a due date, a last sign of life.
    due: datetime | None = None
    #: What leads here: `account:KEY`, `person:KEY`, `handle:SOURCE:NAME`, `domain:NAME` …
    refs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Bring the references into one order."""
        object.__setattr__(self, "refs", tuple(sorted(set(self.refs))))


class Order(enum.StrEnum):
    """Name an order of kept things."""

    KEY = "key"
    #: By `due`, earliest first; things without one are left out.
    SOONEST = "soonest"
    #: By `due`, latest first; things without one are left out.
    LATEST = "latest"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sought:
    """Which kept things of a kind are asked for; what is left empty does not choose."""

    kind: str
    #: One of these.
    states: tuple[str, ...] = ()
    #: All of these.
    refs: tuple[str, ...] = ()
    #: `due` lies from `since` (it counts) up to `until` (it does not).
    since: datetime | None = None
    until: datetime | None = None
    order: Order = Order.KEY


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptPage:
    """One page of kept things."""

    items: tuple[Kept, ...]
    #: Give it back as `after` for the next page; None on the last.
    next: str | None = None


class Doing(enum.StrEnum):
    """Name what somebody does with a thread at this moment."""

    VIEWING = "viewing"
    REPLYING = "replying"
    #: Checked out in a batch: nobody else is offered it meanwhile.
    TAKEN = "taken"


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """Somebody has a thread in hand, until a moment near by."""

    thread_id: str
    user: str
    doing: Doing
    until: datetime
