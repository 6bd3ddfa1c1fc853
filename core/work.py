"""Work that one part of Earful asks of another through the store."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.labels import Labels
from core.mention import Mention


@dataclass(frozen=True, kw_only=True, slots=True)
class Unlabelled:
    """A mention revision and the brand that it has no answer about yet."""

    mention: Mention
    revision: int
    #: Canonical name of the target brand.
    brand: str
    watch_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A labeller's answer to an `Unlabelled`, or the reason why there is none."""

    mention_id: str
    revision: int
    labels: Labels


class WorkState(enum.StrEnum):
    """Name how far a piece of work is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """A request such as "fetch this source now", done by whoever claims it first."""

    id: str
    #: `crawl`, `test_source` …
    kind: str
    #: Plain JSON values.
    payload: Mapping[str, object] = field(default_factory=dict)
    requested_by: str
    at: datetime
    state: WorkState = WorkState.WAITING
    #: What came of it, in words for the person who asked.
    outcome: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxItem:
    """An alert or a reply to be sent at least once, under the same id on every try."""

    #: Made from what it is about, so that posting it twice is posting it once.
    id: str
    #: `reply` or `alert`: which sender knows what to do with it.
    channel: str
    #: Plain JSON values.
    payload: Mapping[str, object]
    due_at: datetime
    attempts: int = 0
    last_error: str = ""
    sent_at: datetime | None = None
    #: What the other side answered: the address of a reply, or a word about the delivery.
    outcome: str = ""
    #: True where trying again is of no use until a person has mended something.
    given_up: bool = False
