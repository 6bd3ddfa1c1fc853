"""Everything a store holds as plain records: what moves between engines, backups and checks are made of.

A kind joins by standing in `KINDS` and in each engine's table (`store/sqlite/moving.py`,
`store/elastic/moving.py`); the contract suite fails where one of the three is missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

#: Every kind in the order of loading, and what a person calls it. Cursors come after the mentions before
#: them, and the audit last, because nothing else may write into it meanwhile.
KINDS: Mapping[str, str] = {
    "watch": "watches",
    "mention": "mentions",
    "thread": "threads",
    "kept": "things people set up and customers",
    "memo": "remembered facts and erasure keys",
    "user": "users",
    "session": "sessions",
    "link": "sign-in links",
    "work": "requests",
    "outbox": "outbox items",
    "state": "source states",
    "cursor": "cursors",
    "audit": "audit records",
}
#: Stands between the parts of a key.
BETWEEN = "\x1f"


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One thing that a store holds, the same from every engine."""

    #: One of `KINDS`.
    kind: str
    #: Unique within its kind; parts stand with `BETWEEN` between them.
    key: str
    #: Plain JSON values.
    body: Mapping[str, object]

    @property
    def place(self) -> tuple[str, ...]:
        """Where it stands among its kind."""
        return place(self.key)

    @property
    def digest(self) -> str:
        """What differs where the body does."""
        text = json.dumps(self.body, ensure_ascii=True, separators=(",", ":"), sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    """Something that an engine refused to store, and why; kept until it is sent again."""

    #: Id of the mention, or of the document where it is no mention.
    id: str
    index: str
    reason: str


def place(key: str) -> tuple[str, ...]:
    """Return the parts of a key: kinds are in their order, by code point."""
    return tuple(key.split(BETWEEN))


class RecordSource(Protocol):
    """Give out everything as records: a store, or a file that one was written to."""

    def tally(self, kind: str) -> int:
        """Return how many records of a kind there are."""
        ...

    def dump(self, kind: str) -> Iterator[Record]:
        """Yield every record of a kind, in order of `place`; others may go on writing."""
        ...


class RecordStore(RecordSource, Protocol):
    """Take records in as they are: no audit record, no thread opened, no version counted."""

    def load(self, records: Sequence[Record]) -> None:
        """Store records of one kind in the place of whatever stands under their keys.

        Mentions need their watches, threads their mentions. Loading the same again changes nothing.
        """
        ...

    def discard(self, kind: str, keys: Sequence[str]) -> None:
        """Take records away as if they had never been; unknown keys are left alone. Not for the audit.

        A thread goes with its mentions, its notes and its triage.
        """
        ...
