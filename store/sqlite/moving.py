"""Everything in the tables as records, and back (docs/decisions/0070)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from core.records import Record
from store.sqlite.connection import Link
from store.sqlite.moving_mentions import Mentions
from store.sqlite.moving_tables import Audit, KeptThings, Memo, Table
from store.sqlite.moving_threads import Threads
from store.sqlite.part import Part

#: Records read in one transaction, so that a long dump never holds the log back.
STEP = 500


class Kind(Protocol):
    """How records of one kind lie in the tables."""

    @property
    def tables(self) -> frozenset[str]:
        """The tables that its records are made of."""
        ...

    def count(self, link: Link) -> int:
        """Return how many there are."""
        ...

    def read(self, link: Link, after: Record | None, limit: int) -> list[Record]:
        """Return the first records in order, or those after one."""
        ...

    def write(self, link: Link, records: Sequence[Record]) -> None:
        """Store records in the place of what stands under their keys."""
        ...

    def remove(self, link: Link, keys: Sequence[str], /) -> None:
        """Take records away."""
        ...


#: A new kind of record stands here, in `core.records.KINDS` and in the other engine's table.
KINDS: Mapping[str, Kind] = {
    "watch": Table("watch", "watch", keys=("id",), json=("body",)),
    "mention": Mentions(),
    "thread": Threads(),
    "kept": KeptThings(),
    "memo": Memo(),
    "user": Table("user", "user", keys=("name",), flags=("disabled",)),
    "session": Table("session", "session", keys=("token_hash",)),
    "link": Table("link", "sign_in_link", keys=("token_hash",)),
    "work": Table("work", "work", keys=("id",), json=("payload",)),
    "outbox": Table("outbox", "outbox", keys=("id",), json=("payload",), flags=("given_up",)),
    "state": Table("state", "source_state", keys=("watch", "source"), json=("body",)),
    "cursor": Table("cursor", "cursor", keys=("watch", "source", "stream"), json=("value",)),
    "audit": Audit(),
}
#: Tables that no record is made of, and why they stay behind.
STAY = {
    "hold": "who has a thread open at this moment: over within minutes",
    "stem_language": "made anew from the mentions",
    "address": "made anew from the mentions",
    "address_part": "the index of addresses, made anew from the mentions",
    "near_fresh": "made anew from the mentions",
    "near_settled": "made anew from the mentions",
    "near_young": "made anew from the mentions",
    "tally": "made anew from the threads",
    "word": "the word index, made anew from the mentions",
}


class Records(Part):
    """Give everything out as records, and take it in."""

    def tally(self, kind: str) -> int:
        """Return how many records of a kind there are."""
        with self.database.read() as link:
            return KINDS[kind].count(link)

    def dump(self, kind: str) -> Iterator[Record]:
        """Yield every record of a kind, in order; others may go on writing."""
        last: Record | None = None
        while True:
            with self.database.read() as link:
                found = KINDS[kind].read(link, last, STEP)
            yield from found
            if len(found) < STEP:
                return
            last = found[-1]

    def load(self, records: Sequence[Record]) -> None:
        """Store records of one kind as they are, as one act."""
        if records:
            with self.database.write() as link:
                KINDS[records[0].kind].write(link, records)

    def discard(self, kind: str, keys: Sequence[str]) -> None:
        """Take records away as if they had never been, as one act."""
        if not keys:
            return
        with self.database.write() as link:
            KINDS[kind].remove(link, keys)
        # The log still holds the pages as they were before.
        self.database.shrink_log()
