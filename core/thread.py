"""A thread: the conversation a mention stands in, and the unit of triage."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.clock import from_iso, iso
from core.errors import InputError
from core.labels import Tone
from core.mention import Mention
from core.restored import Restored


class Status(enum.StrEnum):
    """Name where a thread stands in triage; a person's word."""

    OPEN = "open"
    WAITING = "waiting"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"
    IGNORED = "ignored"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReasonSpan:
    """Where in a thread a reason stands: characters `start` to `end` of one mention's `said`."""

    mention_id: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why a thread has part of its points, in words that a person can check."""

    points: float
    why: str
    span: ReasonSpan | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Priority:
    """How much a thread needs us: the sum of its reasons, never less than zero."""

    reasons: tuple[Reason, ...] = ()

    @property
    def points(self) -> float:
        """The sum of all reasons, at least 0."""
        return max(0.0, sum(reason.points for reason in self.reasons))


@dataclass(frozen=True, kw_only=True, slots=True)
class Triage(Restored):
    """What people decided about a thread. Changed only by compare-and-set on `version`."""

    status: Status = Status.OPEN
    #: User name of who has it.
    assignee: str | None = None
    snoozed_until: datetime | None = None
    pinned: bool = False
    #: True when somebody said that the thread is not about the product at all.
    not_about_us: bool = False
    tags: tuple[str, ...] = ()
    #: Counts the changes; 0 is untouched.
    version: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """What a person wrote on a thread for colleagues."""

    id: str
    thread_id: str
    author: str
    text: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """A person's word against a label; fields left None stand as the model said."""

    mention_id: str
    brand: str
    by: str
    at: datetime
    tone: str | None = None
    churn: bool | None = None

    def __post_init__(self) -> None:
        """Refuse a tone that there is none of.

        Raises:
            InputError: the tone is not negative, neutral or positive.
        """
        if self.tone is not None and self.tone not in tuple(Tone):
            raise InputError(f"a tone is {', '.join(Tone)}, not {self.tone!r}")


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredMention(Restored):
    """A mention as the store holds it."""

    mention: Mention
    #: Counts the changes of what was said; the first is 1.
    revision: int
    #: Ids of the watches that keep it.
    watches: tuple[str, ...]
    #: True where it matched no watch itself and is kept for the thread around one that did.
    context: bool
    #: True where one of our own handles wrote it.
    own: bool
    #: When it was first stored.
    first_seen_at: datetime
    #: Id of the mention that it nearly copies, where there is one.
    duplicate_of: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Thread(Restored):
    """A conversation with all that is known of it."""

    id: str
    source: str
    title: str
    url: str | None
    watches: tuple[str, ...]
    #: Oldest first, parents before children.
    mentions: tuple[StoredMention, ...]
    triage: Triage = field(default_factory=Triage)
    priority: Priority = field(default_factory=Priority)
    #: When the priority was last worked out; None for not yet.
    ranked_at: datetime | None = None
    notes: tuple[Note, ...] = ()
    corrections: tuple[Correction, ...] = ()
    #: Counts changes of mentions and labels; a priority made for an older count is out of date.
    sequence: int = 0

    @property
    def matched(self) -> Sequence[StoredMention]:
        """The mentions that matched a watch themselves and are not our own."""
        return [stored for stored in self.mentions if not stored.context and not stored.own]


@dataclass(frozen=True, kw_only=True, slots=True)
class ThreadRow(Restored):
    """One line of the queue: enough to decide whether to open it."""

    id: str
    source: str
    title: str
    #: Start of the mention that matters most, at most 280 characters.
    excerpt: str
    #: Handle of that mention's author.
    author: str | None
    url: str | None
    watches: tuple[str, ...]
    triage: Triage
    priority: Priority
    #: How many mentions in it matched a watch.
    mentions: int
    #: How many mentions it has with context.
    size: int
    #: When the newest matched mention was published.
    newest_at: datetime
    #: Publication of the oldest matched mention without a later word of ours; None when all are answered.
    waiting_since: datetime | None
    #: Labels of the mention that matters most, toward the watch's product.
    top: Mention | None
    notes: int = 0
    #: The newest correction of these labels.
    correction: Correction | None = None


def triage_to_json(triage: Triage) -> dict[str, object]:
    """Return a triage as plain JSON values."""
    return {
        "status": triage.status.value,
        "assignee": triage.assignee,
        "snoozed_until": iso(triage.snoozed_until) if triage.snoozed_until else None,
        "pinned": triage.pinned,
        "not_about_us": triage.not_about_us,
        "tags": list(triage.tags),
        "version": triage.version,
    }


def triage_from_json(data: Mapping[str, object]) -> Triage:
    """Read a triage back from what `triage_to_json` wrote."""
    snoozed, assignee, tags = data["snoozed_until"], data["assignee"], data["tags"]
    return Triage(
        status=Status(str(data["status"])),
        assignee=None if assignee is None else str(assignee),
        snoozed_until=from_iso(str(snoozed)) if snoozed else None,
        pinned=bool(data["pinned"]),
        not_about_us=bool(data["not_about_us"]),
        tags=tuple(map(str, tags)) if isinstance(tags, list) else (),
        version=int(str(data["version"])),
    )
