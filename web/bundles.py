"""Rows of the queue bundled: one author's threads, and threads that nearly say the same. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from core.query import And, Node, OneOf
from core.search import Count
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Beyond:
    """Threads of an author that the view has and this page does not."""

    author: str
    source: str
    count: Count


def beyond(
    bundles: Sequence[Bundle],
    matched: Mapping[str, Sequence[StoredMention]],
    count: Callable[[Sequence[Node]], Sequence[Count]],
) -> Mapping[str, Beyond]:
    """Return by leading row what else its author has in the view: a bundle holds what one page shows.

    Args:
        bundles: those of the page.
        matched: the mentions of its rows.
        count: tells how many threads of the view each condition finds, all asked at once.
    """
    asked = {(bundle.lead.source, bundle.author): bundle for bundle in reversed(bundles) if bundle.author}
    nodes = [And((OneOf("author", (author,)), OneOf("source", (source,)))) for source, author in asked]
    here = [
        {(one.mention.source, one.mention.author.handle) for one in matched.get(row.id, ())}
        for bundle in bundles
        for row in bundle.rows
    ]
    found = {}
    for (who, bundle), told in zip(asked.items(), count(nodes) if nodes else (), strict=True):
        more = told.value - sum(who in authors for authors in here)
        if more > 0:
            left = Count(value=more, exact=told.exact)
            found[bundle.lead.id] = Beyond(author=who[1] or "", source=who[0], count=left)
    return found


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
