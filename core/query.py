"""The query language as a tree (DESIGN §7); `core.query_parser` reads text into it."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeAlias

from core.clock import iso


class Match(enum.StrEnum):
    """Name how words are compared."""

    #: One word: any form of it (`cancel` finds `cancelled`).
    WORD = "word"
    #: Exact forms, one after the other.
    PHRASE = "phrase"
    #: Exact forms that begin so.
    PREFIX = "prefix"


class Where(enum.StrEnum):
    """Name the part of a mention that words are looked for in."""

    ANYWHERE = ""
    TITLE = "title"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Everything:
    """Find every mention."""


@dataclass(frozen=True, slots=True)
class Words:
    """Find mentions that say `text`; it holds at least one token."""

    text: str
    match: Match = Match.WORD
    where: Where = Where.ANYWHERE


@dataclass(frozen=True, slots=True)
class OneOf:
    """Find mentions whose `field` is one of `values`.

    Fields: author source lang watch product rival stage status assignee tag account url thread is has,
    and, toward `brand` (None: the watch's product): sentiment (negative, neutral, positive),
    churn (yes, no or a reason's name), intent (an intent's name).
    """

    field: str
    values: tuple[str, ...]
    brand: str | None = None


@dataclass(frozen=True, slots=True)
class Between:
    """Find mentions whose churn probability toward `brand` lies in a range; None is open-ended."""

    field: str
    low: float | None
    high: float | None
    #: Whether the ends themselves count.
    low_counts: bool = True
    high_counts: bool = True
    brand: str | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """Find mentions published from `after` (it counts) up to `before` (it does not)."""

    after: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Last:
    """Find mentions published within `span` before now."""

    span: timedelta
    #: As it was written, such as `7d`.
    written: str


@dataclass(frozen=True, slots=True)
class And:
    """Find what all of `nodes` find."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Find what any of `nodes` finds."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Find what `node` does not."""

    node: Node


Node: TypeAlias = Everything | Words | OneOf | Between | Published | Last | And | Or | Not


@dataclass(frozen=True, slots=True)
class Problem:
    """A part of a query that was not read as written: characters `start` to `end`, and what became of it."""

    start: int
    end: int
    message: str


@dataclass(frozen=True, slots=True)
class Query:
    """A query as it was written, as it was read, and where the two differ."""

    written: str
    node: Node
    problems: tuple[Problem, ...] = ()

    @property
    def read_as(self) -> str:
        """The query as it was read, in its own language; reading it again gives the same tree."""
        return render(self.node)


def leaves(node: Node) -> Iterator[Node]:
    """Yield every node below `node` that holds no other, in order; negated ones too."""
    match node:
        case And(nodes) | Or(nodes):
            for child in nodes:
                yield from leaves(child)
        case Not(child):
            yield from leaves(child)
        case _:
            yield node


def positive_words(node: Node) -> Iterator[Words]:
    """Yield the words that a hit may contain because it was asked for them, for highlights."""
    match node:
        case And(nodes) | Or(nodes):
            for child in nodes:
                yield from positive_words(child)
        case Words():
            yield node
        case _:
            return


def render(node: Node) -> str:
    """Return `node` in the query language."""
    match node:
        case Everything():
            return ""
        case Words():
            return _render_words(node)
        case And(nodes):
            return " ".join(_grouped(child, Or) for child in nodes)
        case Or(nodes):
            return " OR ".join(_grouped(child, And, Or) for child in nodes)
        case Not(child):
            return f"-{_grouped(child, And, Or, Not)}"
        case _:
            return _render_field(node)


def _grouped(node: Node, *inside: type) -> str:
    text = render(node)
    two = isinstance(node, Published) and node.after is not None and node.before is not None
    return f"({text})" if isinstance(node, inside) or (two and And in inside) else text


def _render_words(node: Words) -> str:
    prefix = f"{node.where.value}:" if node.where else ""
    match node.match:
        case Match.PHRASE:
            return f'{prefix}"{node.text}"'
        case Match.PREFIX:
            return f"{prefix}{node.text}*"
        case _:
            return prefix + node.text


def _render_field(node: Node) -> str:
    match node:
        case OneOf(name, values, brand):
            return f"{_field_name(name, brand)}:{','.join(map(quoted, values))}"
        case Between():
            return f"{_field_name(node.field, node.brand)}:{_render_range(node)}"
        case Published(after, before):
            parts = [
                f"after:{_moment(after)}" if after else "",
                f"before:{_moment(before)}" if before else "",
            ]
            return " ".join(part for part in parts if part)
        case Last(_, written):
            return f"last:{written}"
        case _:
            raise TypeError(f"{type(node).__name__} is no field")


def _moment(moment: datetime) -> str:
    return iso(moment).removesuffix("T00:00:00Z")


def _render_range(node: Between) -> str:
    low, high = _number(node.low), _number(node.high)
    if node.low is None:
        return f"<{'=' if node.high_counts else ''}{high}"
    if node.high is None:
        return f">{'=' if node.low_counts else ''}{low}"
    return f"[{low} TO {high}]"


def _number(value: float | None) -> str:
    """Return every digit that reading the number again needs, without an exponent."""
    return "*" if value is None else f"{Decimal(repr(value)):f}".removesuffix(".0")


def _field_name(name: str, brand: str | None) -> str:
    return f"{name}@{quoted(brand)}" if brand else name


def quoted(value: str) -> str:
    """Return `value` as it can stand after a colon: quoted where it holds more than one word."""
    plain = value and not any(c.isspace() or c in '",():[]' for c in value)
    return value if plain else '"' + value.replace('"', "") + '"'
