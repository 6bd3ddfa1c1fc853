"""Words of a query as an FTS5 expression. Only our own tokens, quoted, ever reach FTS5."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

from core.query import And, Match, Node, Not, Or, Where, Words
from core.tokens import token_texts
from store.analysis import query_keys

COLUMNS = {
    Where.ANYWHERE: "{title text title_stem text_stem}",
    Where.TITLE: "{title title_stem}",
    Where.TEXT: "{text text_stem}",
}
EXACT = {Where.ANYWHERE: "{title text}", Where.TITLE: "{title}", Where.TEXT: "{text}"}


def expression(node: Node, languages: tuple[str, ...]) -> str | None:
    """Return what FTS5 is asked for `node`; None where not only words ask, or only `-not`."""
    match node:
        case Words():
            return words(node, languages)
        case And(nodes):
            return conjunction(nodes, languages)
        case Or(nodes):
            parts = [expression(child, languages) for child in nodes]
            return _joined(parts, " OR ")
        case _:
            return None


def conjunction(nodes: Iterable[Node], languages: tuple[str, ...]) -> str | None:
    """Return what FTS5 is asked where all of `nodes` must hold."""
    wanted: list[str | None] = []
    unwanted: list[str | None] = []
    for node in nodes:
        if isinstance(node, Not):
            unwanted.append(expression(node.node, languages))
        else:
            wanted.append(expression(node, languages))
    together = _joined(wanted, " AND ")
    if together is None or not unwanted:
        return together
    without = _joined(unwanted, " OR ")
    return None if without is None else f"({together} NOT {without})"


def _joined(parts: Sequence[str | None], between: str) -> str | None:
    if not parts or None in parts:
        return None
    return f"({between.join(part for part in parts if part)})"


@functools.lru_cache(maxsize=1_000)
def words(node: Words, languages: tuple[str, ...]) -> str | None:
    """Return what FTS5 is asked for a word, a phrase or a prefix; None for words without any token."""
    tokens = token_texts(node.text)
    if not tokens:
        return None
    if len(tokens) > 1 or node.match is Match.PHRASE:
        return f"({EXACT[node.where]} : {_quoted(' '.join(tokens))})"
    if node.match is Match.PREFIX:
        return f"({EXACT[node.where]} : {_quoted(tokens[0])} *)"
    keys = query_keys(tokens[0], languages)
    return f"({COLUMNS[node.where]} : ({' OR '.join(map(_quoted, keys))}))"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
