"""What a search asks and what it answers."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.query import Node
from core.restored import Restored
from core.thread import StoredMention, ThreadRow


class Sort(enum.StrEnum):
    """Name an order. `NEW`, `OLD` and `RISK` are the same in every store; `RELEVANT` gives the same set."""

    NEW = "new"
    OLD = "old"
    RELEVANT = "relevant"
    RISK = "risk"


class QueueSort(enum.StrEnum):
    """Name an order of the queue."""

    PRIORITY = "priority"
    WAITING = "waiting"
    NEW = "new"


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """A query read into a tree, and the context that its words need."""

    node: Node
    #: What `last:7d` and snoozes are counted from.
    now: datetime
    #: The assignees that `is:mine` means: who asks, and their teams.
    mine: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """One mention found, with the stretches of it that matched."""

    stored: StoredMention
    #: Character ranges of `mention.title` and `mention.text`, in order, not overlapping.
    title_marks: tuple[tuple[int, int], ...] = ()
    text_marks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One page of hits."""

    #: Each is built when it is looked at.
    hits: Sequence[Hit]
    #: Give it back as `after` for the next page; None on the last.
    next: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """How many; `exact` is False where the store stopped counting at `value`, or told it by a sample."""

    value: int
    exact: bool = True
    #: True where `value` is what a sample of very many stands for: it may be more or less.
    about: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class FacetValue:
    """One value of a field and how many hits carry it."""

    value: str
    count: int
    #: False where the store looked at a sample of very many hits and `count` is what that stands for.
    exact: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Bucket(Restored):
    """One bar of a histogram: the hits published from `start` on, up to the next bar."""

    start: datetime
    count: int
    #: Of these, how many by tone toward the watch's product; unlabelled ones are in none.
    tones: Mapping[str, int] = field(default_factory=dict)
    #: False where the store looked at a sample of very many hits.
    exact: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuePage:
    """One page of the queue."""

    #: Each is built when it is looked at.
    rows: Sequence[ThreadRow]
    total: Count
    next: str | None = None
