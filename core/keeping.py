"""The part of the store port that keeps things by key: the desk's, and the customers'."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from core.kept import Doing, Hold, Kept, KeptPage, Sought


class DeskStore(Protocol):
    """Keep what people set up for their work, and who has which thread in hand."""

    def kept(self, kind: str) -> list[Kept]:
        """Return all things of a kind, by key."""
        ...

    def keep(self, item: Kept) -> Kept:
        """Store a thing whose `version` is the stored one (0 for a new one); return it with the next version.

        Writes the audit record `KIND.save` about `KIND:KEY`.

        Raises:
            Conflict: somebody saved another version first; `fresh` is the stored one, None where it is gone.
        """
        ...

    def drop(self, kind: str, key: str, *, actor: str, now: datetime) -> None:
        """Take a thing away, with its audit record `KIND.remove`; where there is none, nothing happens."""
        ...

    def hold(self, hold: Hold, *, now: datetime) -> None:
        """Say that somebody has a thread in hand; the same again only moves `until`."""
        ...

    def take(self, thread_ids: Sequence[str], *, user: str, until: datetime, now: datetime) -> list[str]:
        """Check threads out for one user, as one act; return those that nobody else had, in their order."""
        ...

    def holds(self, thread_ids: Sequence[str] | None = None, *, now: datetime) -> list[Hold]:
        """Return who has these threads, or any, in hand at `now`; by thread, user and what they do."""
        ...

    def release(self, user: str, *, doing: Doing, thread_id: str | None = None) -> None:
        """Say that somebody no longer does something, with one thread or with any."""
        ...


class CustomerStore(Protocol):
    """Keep many things by key: people, accounts, plays, goals. Each is a `Kept`, as on the desk."""

    def kept_one(self, kind: str, key: str) -> Kept | None:
        """Return one thing; None where there is none."""
        ...

    def kept_many(self, kind: str, keys: Iterable[str]) -> dict[str, Kept]:
        """Return things by key; those that are not there are left out."""
        ...

    def kept_page(self, sought: Sought, *, limit: int = 50, after: str | None = None) -> KeptPage:
        """Return a page of what is sought, in its order, things of one moment by key."""
        ...

    def kept_counts(self, sought: Sought) -> dict[str, int]:
        """Return how many of what is sought have each state."""
        ...

    def kept_sums(self, kind: str, *path: str) -> dict[str, float]:
        """Return by state what the numbers at one place in the bodies of a kind add up to.

        `path` names the place from the outermost name to the innermost; what is no number counts as 0.
        """
        ...

    def keep_all(self, items: Sequence[Kept]) -> list[Kept]:
        """Store things whose `version` is the stored one, as one act; return those that were, as stored.

        One whose stored version is another is left out and nothing of it is applied. Writes no audit
        record: it is for what is worked out, and for acts whose record is written as a whole.
        """
        ...

    def drop_all(self, items: Sequence[Kept]) -> int:
        """Take away things whose `version` is the stored one, without an audit record; return how many."""
        ...

    def all_kept(self) -> Iterator[Kept]:
        """Yield everything kept, by kind and key; for moves, backups and checks."""
        ...

    def expunge(self) -> None:
        """Leave no byte on disk of what was taken away, as far as the engine can; may take minutes."""
        ...
