"""What a query asks about, told from its tree."""

from __future__ import annotations

from collections.abc import Iterator

from core.query import And, Everything, Node, Not, OneOf, Or, leaves
from core.search import Search
from core.thread import Status

STATUSES = frozenset(status.value for status in Status)


#: Words of `is:` and `has:` that look at the thread alone.
THREAD_WORDS = {"is": STATUSES | {"mine", "pinned"}, "has": frozenset({"note"})}


THREAD_FIELDS = frozenset({"status", "assignee", "tag", "thread"})


def parts_of(node: Node) -> tuple[Node, ...]:
    """Return what must all hold for a tree to hold, without what always does."""
    match node:
        case And(nodes):
            return tuple(part for child in nodes for part in parts_of(child))
        case Everything():
            return ()
        case _:
            return (node,)


def about_thread(node: Node) -> bool:
    """Tell whether a leaf asks about the thread alone."""
    if not isinstance(node, OneOf):
        return False
    if node.field in THREAD_WORDS:
        return all(value in THREAD_WORDS[node.field] for value in node.values)
    return node.field in THREAD_FIELDS


def asks_for_context(node: Node) -> bool:
    """Tell whether `is:context` stands in a tree without a `-` before it."""
    return any(
        isinstance(leaf, OneOf) and leaf.field == "is" and "context" in leaf.values
        for leaf in _positive(node)
    )


def told_apart(search: Search) -> tuple[Node, tuple[str, ...]]:
    """Return what tells a search from others within a moment: who asks counts only where `is:mine` stands."""
    mine = any("mine" in leaf.values for leaf in leaves(search.node) if isinstance(leaf, OneOf))
    return search.node, search.mine if mine else ()


def _positive(node: Node, *, negated: bool = False) -> Iterator[Node]:
    match node:
        case And(nodes) | Or(nodes):
            for child in nodes:
                yield from _positive(child, negated=negated)
        case Not(child):
            yield from _positive(child, negated=not negated)
        case _:
            if not negated:
                yield node
