"""Rows of the queue bundled: one author's threads, and threads that nearly say the same. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.thread import StoredMention, ThreadRow


@dataclass(slots=True)
class Bundle:
    """The row that stands for others, and those."""

    lead: ThreadRow
    more: list[ThreadRow] = field(default_factory=list)
    #: Whose they all are; None where several people say nearly the same.
    author: str | None = None

    @property
    def rows(self) -> Sequence[ThreadRow]:
        """All of them."""
        return [self.lead, *self.more]


def bundled(rows: Sequence[ThreadRow], matched: Mapping[str, Sequence[StoredMention]]) -> Sequence[Bundle]:
    """Return rows in their order, each with the later ones that belong to it.

    Two belong together when one person on one source began to speak in both, or when a mention of one
    nearly copies a mention of the other. Pinned rows stand for themselves.
    """
    found: list[Bundle] = []
    by_mark: dict[str, Bundle] = {}
    for row in rows:
        marks = [] if row.triage.pinned else _marks(row, matched.get(row.id, ()))
        bundle = next((by_mark[mark] for mark in marks if mark in by_mark), None)
        if bundle is None:
            bundle = Bundle(lead=row, author=row.author)
            found.append(bundle)
        else:
            bundle.more.append(row)
            bundle.author = row.author if row.author == bundle.author else None
        for mark in marks:
            by_mark.setdefault(mark, bundle)
    return found


def _marks(row: ThreadRow, mentions: Sequence[StoredMention]) -> list[str]:
    """Return what a row can be known by."""
    marks = [f"author {row.source} {row.author}"] if row.author else []
    return [*marks, *(f"copy {one.duplicate_of or one.mention.id}" for one in mentions)]
