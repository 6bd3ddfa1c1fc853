"""Pieces of SQL with the values bound to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from store.sqlite.connection import Value


class Clause(NamedTuple):
    """A condition and its values, in the order of its question marks."""

    sql: str
    values: tuple[Value, ...] = ()


TRUE = Clause("1")
FALSE = Clause("0")


def all_of(parts: Iterable[Clause]) -> Clause:
    """Return what holds where all of `parts` do."""
    return _joined(list(parts), " AND ", TRUE)


def any_of(parts: Iterable[Clause]) -> Clause:
    """Return what holds where any of `parts` does."""
    return _joined(list(parts), " OR ", FALSE)


def _joined(parts: Sequence[Clause], between: str, empty: Clause) -> Clause:
    if not parts:
        return empty
    if len(parts) == 1:
        return parts[0]
    return Clause(
        between.join(f"({part.sql})" for part in parts),
        tuple(value for part in parts for value in part.values),
    )


def among(column: str, values: Sequence[Value]) -> Clause:
    """Return what holds where `column` is one of `values`; `=` for one, so that its index keeps its order."""
    if not values:
        return FALSE
    if len(values) == 1:
        return Clause(f"{column} = ?", (values[0],))
    return Clause(f"{column} IN ({', '.join('?' * len(values))})", tuple(values))
