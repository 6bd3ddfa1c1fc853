"""Everything in the indices as records, and back (docs/decisions/0070)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

from core.records import KINDS as ORDER
from core.records import Record
from store.elastic.documents import Documents
from store.elastic.moving_facts import AUDIT, FACTS
from store.elastic.moving_talks import Mentions, Threads
from store.elastic.part import Part
from store.elastic.telling import Telling


class Kind(Protocol):
    """How records of one kind lie in the indices."""

    @property
    def index(self) -> str:
        """The index that they lie in."""
        ...

    def count(self, documents: Documents) -> int:
        """Return how many there are."""
        ...

    def read(self, documents: Documents) -> Iterator[Record]:
        """Yield all, in order."""
        ...

    def write(self, documents: Documents, records: Sequence[Record]) -> None:
        """Store records in the place of what stands under their keys."""
        ...

    def remove(self, documents: Documents, keys: Sequence[str], /) -> None:
        """Take records away."""
        ...


#: A new kind of record stands here, in `core.records.KINDS` and in the other engine's table.
KINDS: Mapping[str, Kind] = {"mention": Mentions(), "thread": Threads(), **FACTS, "audit": AUDIT}


class Moving(Part):
    """Give everything out as records, and take it in."""

    telling: Telling

    def kinds_in(self, names: Collection[str]) -> list[str]:
        """Return the kinds of records that lie in indices, in the order of loading."""
        return [kind for kind in ORDER if KINDS[kind].index in names]

    def tally(self, kind: str) -> int:
        """Return how many records of a kind there are."""
        self.server.refresh(KINDS[kind].index)
        return KINDS[kind].count(self.documents)

    def dump(self, kind: str) -> Iterator[Record]:
        """Yield every record of a kind, in order; others may go on writing."""
        self.server.refresh(KINDS[kind].index)
        yield from KINDS[kind].read(self.documents)

    def load(self, records: Sequence[Record]) -> None:
        """Store records of one kind as they are; a load that a crash cut off is finished by loading again."""
        if records:
            KINDS[records[0].kind].write(self.documents, records)

    def discard(self, kind: str, keys: Sequence[str]) -> None:
        """Take records away as if they had never been."""
        if keys:
            KINDS[kind].remove(self.documents, keys)
