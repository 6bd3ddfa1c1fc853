"""Frozen nouns of the customers' side in the store: each is kept under a kind and a key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from core.bodies import body_of, value_of
from core.errors import InputError, NotFound
from core.kept import Kept, Sought
from core.ports import Store

T = TypeVar("T")

MAX_LINE, MAX_NOTE = 200, 2_000
STEP = 500


@dataclass(frozen=True, slots=True)
class Stored(Generic[T]):
    """A value with what a compare-and-set of it needs."""

    value: T
    version: int = 0
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Under what a value is kept, and what it is found by."""

    kind: str
    key: str
    state: str = ""
    due: datetime | None = None
    refs: Mapping[str, str] = field(default_factory=dict)


def store_value(
    store: Store, value: object, place: Place, *, version: int = 0, actor: str, now: datetime
) -> None:
    """Store a value whose `version` is the stored one, with its audit record.

    Raises:
        Conflict: somebody saved another version first.
    """
    refs = tuple(f"{name}:{one}" for name, one in place.refs.items() if one)
    store.keep(
        Kept(
            kind=place.kind, key=place.key, body=body_of(value), by=actor, at=now, version=version,
            state=place.state, due=place.due, refs=refs,
        )
    )  # fmt: skip


def stored_value(store: Store, cls: type[T], kind: str, key: str) -> Stored[T]:
    """Return a value.

    Raises:
        NotFound: there is none.
    """
    found = maybe_value(store, cls, kind, key)
    if found is None:
        raise NotFound(f"there is no {kind} {key!r}; it was taken away, or never was")
    return found


def maybe_value(store: Store, cls: type[T], kind: str, key: str) -> Stored[T] | None:
    """Return a value, or None where there is none."""
    item = store.kept_one(kind, key)
    return None if item is None else read(cls, item)


def read(cls: type[T], item: Kept) -> Stored[T]:
    """Return the value that is kept."""
    return Stored(value_of(cls, item.body), item.version, item.by, item.at)


def every(store: Store, cls: type[T], sought: Sought) -> Iterator[T]:
    """Yield all values that are sought."""
    after: str | None = None
    while True:
        page = store.kept_page(sought, limit=STEP, after=after)
        yield from (value_of(cls, item.body) for item in page.items)
        after = page.next
        if after is None:
            return


def line(text: str, what: str, *, needed: bool = True) -> str:
    """Return a text on one line.

    Raises:
        InputError: it is missing, or too long.
    """
    text = " ".join(text.split())
    if (needed and not text) or len(text) > MAX_LINE:
        raise InputError(f"{what} has {1 if needed else 0} to {MAX_LINE} characters")
    return text


def note(text: str) -> str:
    """Return a longer text.

    Raises:
        InputError: it is too long.
    """
    text = text.strip()
    if len(text) > MAX_NOTE:
        raise InputError(f"a note has at most {MAX_NOTE} characters")
    return text
