"""A thread as one document: who stands in it, what people decided, and what is still to be told elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from core.thread import Note, Priority, Status, Triage
from store.codecs import maybe_micros, maybe_moment, micros, moment, priority_from_text, priority_to_text
from store.elastic.documents import Doc, key
from store.elastic.faults import Json
from store.elastic.records import Record, Shared, record_risk


class Member(NamedTuple):
    """What a thread knows of one of its mentions."""

    published: int
    context: bool
    own: bool
    deleted: bool
    revision: int
    risk: int
    parent: str | None
    watches: tuple[str, ...]
    #: Whether the mention is known to carry what `Talk.shared` says of it, by its fingerprint.
    told: str = ""

    @classmethod
    def of(cls, record: Record) -> Member:
        """Return what a thread is to know of a mention."""
        return cls(
            micros(record.mention.published_at),
            record.context,
            record.own,
            record.mention.deleted,
            record.revision,
            record_risk(record),
            record.mention.parent_id,
            tuple(sorted(record.watches)),
            fingerprint(record.shared),
        )

    @property
    def matched(self) -> bool:
        """Whether it counts: it matched a watch, is not ours and still stands."""
        return not (self.context or self.own or self.deleted)


def fingerprint(shared: Shared) -> str:
    """Return a short text that differs where what is shared differs."""
    return key(repr(tuple(shared)))[:12]


@dataclass(slots=True)
class Talk:
    """Everything about one thread."""

    id: str
    source: str
    members: dict[str, Member] = field(default_factory=dict)
    triage: Triage = field(default_factory=Triage)
    notes: list[Note] = field(default_factory=list)
    priority: Priority = field(default_factory=Priority)
    ranked_at: int | None = None
    ranked_sequence: int = -1
    sequence: int = 0
    #: Counts every change, so that what is told to mentions never goes back.
    turn: int = 0
    #: Audit records that are not known to be in the audit yet.
    acts: list[Json] = field(default_factory=list)
    #: Its document, where it was just written.
    stands: Doc | None = field(default=None, compare=False, repr=False)

    @property
    def own_last(self) -> int | None:
        """When we last wrote in it."""
        ours = [one.published for one in self.members.values() if one.own and not one.deleted]
        return max(ours, default=None)

    def matched(self) -> list[Member]:
        """Return the mentions that count."""
        return [one for one in self.members.values() if one.matched]

    def waiting_since(self) -> int | None:
        """Return when the oldest matched mention without a later word of ours was published."""
        last = self.own_last
        waiting = [one.published for one in self.matched() if last is None or one.published > last]
        return min(waiting, default=None)

    def shared(self) -> dict[str, Shared]:
        """Return what each mention is to carry."""
        last = self.own_last
        replied = {one.parent for one in self.members.values() if not one.deleted}
        return {
            mention_id: Shared.of(
                self.triage,
                noted=bool(self.notes),
                unanswered=last is None or one.published > last,
                replied=mention_id in replied,
            )
            for mention_id, one in self.members.items()
        }

    def untold(self) -> dict[str, Shared]:
        """Return the mentions that do not carry yet what they are to carry."""
        return {
            mention_id: shared
            for mention_id, shared in self.shared().items()
            if self.members[mention_id].told != fingerprint(shared)
        }

    def head(self) -> str:
        """Return the mention that began the thread, or the oldest known."""
        if self.id in self.members:
            return self.id
        return min(self.members, key=lambda one: (self.members[one].published, one))

    def top(self) -> str | None:
        """Return the matched mention likeliest to leave, the newest of these."""
        matched = [
            (one.risk, one.published, mention_id) for mention_id, one in self.members.items() if one.matched
        ]
        return max(matched)[2] if matched else None

    def watches(self) -> tuple[str, ...]:
        """Return every watch that keeps one of its mentions."""
        return tuple(sorted({watch for one in self.members.values() for watch in one.watches}))

    def source_doc(self) -> Json:
        """Return the document: the body, and what it is searched by."""
        matched = self.matched()
        shared = Shared.of(self.triage, noted=bool(self.notes)).fields()
        return {
            "body": self.body(),
            "thread": self.id,
            "matched": len(matched),
            "newest": max((one.published for one in matched), default=None),
            "waiting_since": self.waiting_since(),
            "points": self.priority.points,
            "ranked_at": self.ranked_at,
            "stale": self.ranked_sequence < self.sequence,
            "note_ids": [key(note.id) for note in self.notes],
            "pending": bool(self.acts) or bool(self.untold()),
            **shared,
        }

    def body(self) -> Json:
        """Return the truth as plain JSON."""
        return {
            "id": self.id,
            "source": self.source,
            "members": {mention_id: list(member) for mention_id, member in self.members.items()},
            "triage": triage_body(self.triage),
            "notes": [[note.id, note.author, note.text, micros(note.at)] for note in self.notes],
            "priority": priority_to_text(self.priority),
            "ranked_at": self.ranked_at,
            "ranked_sequence": self.ranked_sequence,
            "sequence": self.sequence,
            "turn": self.turn,
            "acts": self.acts,
        }


def triage_body(triage: Triage) -> list[object]:
    """Return a triage as plain JSON values."""
    return [
        triage.status.value,
        triage.assignee,
        maybe_micros(triage.snoozed_until),
        triage.pinned,
        triage.not_about_us,
        list(triage.tags),
        triage.version,
    ]


def read(doc: Doc) -> Talk:
    """Return the thread in a document."""
    body = doc.body
    status, assignee, snoozed, pinned, not_about_us, tags, version = body["triage"]
    return Talk(
        id=body["id"],
        source=body["source"],
        members={
            mention_id: Member._make([*values[:7], tuple(values[7]), values[8]])
            for mention_id, values in body["members"].items()
        },
        triage=Triage.restored(
            *(Status(status), assignee, maybe_moment(snoozed), pinned, not_about_us, tuple(tags), version)
        ),
        notes=[
            Note(id=note_id, thread_id=body["id"], author=author, text=text, at=moment(at))
            for note_id, author, text, at in body["notes"]
        ],
        priority=priority_from_text(body["priority"]),
        ranked_at=body["ranked_at"],
        ranked_sequence=body["ranked_sequence"],
        sequence=body["sequence"],
        turn=body["turn"],
        acts=list(body["acts"]),
    )


def talk_key(thread_id: str) -> str:
    """Return the id of a thread's document."""
    return key("thread", thread_id)
