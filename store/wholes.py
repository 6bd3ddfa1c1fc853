"""What moves between engines, each as one value and as one record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.kept import Kept
from core.labels import Labels
from core.mention import Mention, mention_from_json, mention_to_json
from core.records import BETWEEN, Record
from core.thread import Correction, Note, Priority, Triage, triage_from_json, triage_to_json
from store.chain import Row
from store.codecs import (
    maybe_micros,
    maybe_moment,
    micros,
    moment,
    plain,
    priority_from_text,
    priority_to_text,
)
from store.naming import Flags

#: The body of a record at the border, where it comes from a file or another engine.
Body = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """What a brand is to a mention, and what a model said about it."""

    flags: Flags
    #: The model that answered the newest revision; empty for none yet.
    answer: str = ""
    labels: Labels | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WholeMention:
    """A mention with everything that is known of it alone."""

    mention: Mention
    #: Watch → whether it matched.
    watches: Mapping[str, bool]
    own: bool
    first_seen: int
    revision: int
    deleted_at: int | None
    #: Earlier revisions, oldest first: revision, title, text, rating, edited (microseconds), deleted.
    earlier: tuple[Mapping[str, Any], ...] = ()
    brands: Mapping[str, Answered] = field(default_factory=dict)
    corrections: tuple[Correction, ...] = ()

    def record(self) -> Record:
        """Return it as a record."""
        mention = mention_to_json(replace(self.mention, labels=()))
        del mention["labels"]
        told = sorted(self.corrections, key=lambda one: (one.at, one.by, one.brand))
        body = {
            "mention": mention,
            "watches": dict(self.watches),
            "own": self.own,
            "first_seen": self.first_seen,
            "revision": self.revision,
            "deleted_at": self.deleted_at,
            "earlier": [dict(one) for one in self.earlier],
            "brands": {
                brand: [list(map(bool, one.flags)), one.answer, one.labels and one.labels.to_json()]
                for brand, one in self.brands.items()
            },
            "corrections": [[one.brand, micros(one.at), one.by, one.tone, one.churn] for one in told],
        }
        return Record(kind="mention", key=self.mention.id, body=body)

    @classmethod
    def of(cls, body: Body) -> WholeMention:
        """Read it back from a record's body."""
        mention = mention_from_json(body["mention"])
        return cls(
            mention=mention,
            watches=body["watches"],
            own=body["own"],
            first_seen=body["first_seen"],
            revision=body["revision"],
            deleted_at=body["deleted_at"],
            earlier=tuple(body["earlier"]),
            brands={
                brand: Answered(
                    flags=Flags(*map(bool, flags)),
                    answer=answer,
                    labels=Labels.from_json(labels) if labels else None,
                )
                for brand, (flags, answer, labels) in body["brands"].items()
            },
            corrections=tuple(
                Correction(mention_id=mention.id, brand=brand, at=moment(at), by=by, tone=tone, churn=churn)
                for brand, at, by, tone, churn in body["corrections"]
            ),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class WholeThread:
    """What is known of a thread beyond its mentions."""

    id: str
    source: str
    triage: Triage
    priority: Priority
    ranked_at: int | None
    ranked_sequence: int
    sequence: int
    notes: tuple[Note, ...] = ()

    def record(self) -> Record:
        """Return it as a record."""
        notes = sorted(self.notes, key=lambda note: (note.at, note.id))
        body: dict[str, object] = {
            "id": self.id,
            "source": self.source,
            "triage": triage_to_json(self.triage),
            "priority": json.loads(priority_to_text(self.priority)),
            "ranked_at": self.ranked_at,
            "ranked_sequence": self.ranked_sequence,
            "sequence": self.sequence,
            "notes": [[note.id, note.author, note.text, micros(note.at)] for note in notes],
        }
        return Record(kind="thread", key=self.id, body=body)

    @classmethod
    def of(cls, body: Body) -> WholeThread:
        """Read it back from a record's body."""
        return cls(
            id=body["id"],
            source=body["source"],
            triage=triage_from_json(body["triage"]),
            priority=priority_from_text(json.dumps(body["priority"])),
            ranked_at=body["ranked_at"],
            ranked_sequence=body["ranked_sequence"],
            sequence=body["sequence"],
            notes=tuple(
                Note(id=note_id, thread_id=body["id"], author=author, text=text, at=moment(at))
                for note_id, author, text, at in body["notes"]
            ),
        )


def kept_record(item: Kept) -> Record:
    """Return a kept thing as a record."""
    body: dict[str, object] = {
        "kind": item.kind,
        "key": item.key,
        "body": plain(item.body),
        "by": item.by,
        "at": micros(item.at),
        "version": item.version,
        "state": item.state,
        "due": maybe_micros(item.due),
        "refs": list(item.refs),
    }
    return Record(kind="kept", key=BETWEEN.join((item.kind, item.key)), body=body)


def kept_of(body: Body) -> Kept:
    """Return the thing that `kept_record` made a record of."""
    times = {"at": moment(body["at"]), "due": maybe_moment(body["due"]), "refs": tuple(body["refs"])}
    return Kept(**{**body, **times})


def audit_record(row: Row) -> Record:
    """Return an audit row as a record."""
    digests = {"payload_digest": row.payload_digest.hex(), "hash": row.hash.hex()}
    return Record(kind="audit", key=f"{row.id:012}", body=row._asdict() | digests)


def audit_row(body: Body) -> Row:
    """Return the row that `audit_record` made a record of."""
    digests = {name: bytes.fromhex(body[name]) for name in ("payload_digest", "hash")}
    return Row(**{**body, **digests})


#: Told where the audit of a store that records go to is not the one they came with.
OTHER_AUDIT = (
    "people already worked in the store that this goes to, so its audit tells another story; "
    "name an empty store"
)
