"""Editing a query by clicking: pills to take away, facet values to add or leave out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.query import And, Everything, Last, Node, Not, OneOf, Or, Published, render
from core.search import FacetValue
from web.i18n import later
from web.queue_view import both

#: The facets of the search page, in order, with their titles.
FACETS = {
    "sentiment": later("Sentiment"),
    "churn": later("Churn intent"),
    "intent": later("Intent"),
    "source": later("Source"),
    "lang": later("Language"),
    "status": later("Status"),
    "assignee": later("Assignee"),
    "tag": later("Tag"),
    "author": later("Author"),
    "rival": later("Rival"),
    "watch": later("Watch"),
}


@dataclass(frozen=True, slots=True)
class Pill:
    """One clause of a query, and the query without it."""

    text: str
    without: str
    excluded: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One value of a facet, and the queries that a click leads to."""

    value: str
    count: int
    #: False where a sample of very many hits was counted.
    exact: bool
    included: bool
    excluded: bool
    #: The query with this value asked for, or no longer.
    include: str
    #: The query with this value left out, or no longer.
    exclude: str


def clauses(node: Node) -> tuple[Node, ...]:
    """Return what must all hold."""
    if isinstance(node, Everything):
        return ()
    return node.nodes if isinstance(node, And) else (node,)


def written(parts: Sequence[Node]) -> str:
    """Return clauses that must all hold in the query language."""
    return render(both(*parts))


def pills(node: Node) -> list[Pill]:
    """Return the clauses of a query, each with the query that is left when it is taken away."""
    parts = clauses(node)
    return [
        Pill(
            f"({render(part)})" if isinstance(part, Or) else render(part),
            written([other for other in parts if other is not part]),
            isinstance(part, Not),
        )
        for part in parts
    ]


def without_field(node: Node, name: str) -> Node:
    """Return the query without its clauses on one field, so that the field's other values can be counted."""
    return both(*(part for part in clauses(node) if name not in (_asked(part), _left_out(part))))


def choices(node: Node, name: str, found: Sequence[FacetValue]) -> list[Choice]:
    """Return a facet's values with where a click leads; what was asked for is listed even when unfound."""
    wanted, unwanted = _values(node, name)
    counts = {item.value: (item.count, item.exact) for item in found}
    for value in (*wanted, *unwanted):
        counts.setdefault(value, (0, True))
    return [
        Choice(
            value=value,
            count=count,
            exact=exact,
            included=value in wanted,
            excluded=value in unwanted,
            include=_rewrite(node, name, _toggled(wanted, value), _less(unwanted, value)),
            exclude=_rewrite(node, name, _less(wanted, value), _toggled(unwanted, value)),
        )
        for value, (count, exact) in counts.items()
    ]


def within(node: Node, after: datetime | None, before: datetime | None) -> str:
    """Return the query limited to a time, in place of the limits that it had."""
    rest = [part for part in clauses(node) if not isinstance(part, (Published, Last))]
    limit = Published(after, before) if after or before else Everything()
    return written([*rest, limit])


def _asked(node: Node) -> str | None:
    return node.field if isinstance(node, OneOf) and node.brand is None else None


def _left_out(node: Node) -> str | None:
    return _asked(node.node) if isinstance(node, Not) else None


def _values(node: Node, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    wanted: list[str] = []
    unwanted: list[str] = []
    for part in clauses(node):
        if isinstance(part, OneOf) and _asked(part) == name:
            wanted += part.values
        elif isinstance(part, Not) and isinstance(part.node, OneOf) and _left_out(part) == name:
            unwanted += part.node.values
    return tuple(dict.fromkeys(wanted)), tuple(dict.fromkeys(unwanted))


def _rewrite(node: Node, name: str, wanted: Sequence[str], unwanted: Sequence[str]) -> str:
    parts = list(clauses(without_field(node, name)))
    if wanted:
        parts.append(OneOf(name, tuple(wanted)))
    if unwanted:
        parts.append(Not(OneOf(name, tuple(unwanted))))
    return written(parts)


def _toggled(values: Sequence[str], value: str) -> tuple[str, ...]:
    return _less(values, value) if value in values else (*values, value)


def _less(values: Sequence[str], value: str) -> tuple[str, ...]:
    return tuple(other for other in values if other != value)
