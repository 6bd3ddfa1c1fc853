"""Macros: answers that a team writes again and again, with places for what differs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.errors import InputError
from core.kept import Kept
from core.ports import Store

KIND = "macro"
MAX_TITLE = 60
MAX_TEXT = 5_000
MAX_MACROS = 100
#: What can stand in braces, and what it becomes.
PLACES: Mapping[str, str] = {
    "name": "their name, or their handle",
    "handle": "their handle",
    "product": "our product",
    "link": "the address of their post",
    "me": "who answers",
}
PLACE = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Macro:
    """One answer prepared."""

    key: str
    title: str
    text: str
    version: int = 0


def macros(store: Store) -> Sequence[Macro]:
    """Return all macros, by title."""
    found = [
        Macro(key=item.key, title=str(item.body["title"]), text=str(item.body["text"]), version=item.version)
        for item in store.kept(KIND)
        if {"title", "text"} <= item.body.keys()
    ]
    return sorted(found, key=lambda macro: (macro.title.casefold(), macro.key))


def save_macro(store: Store, macro: Macro, *, actor: str, now: datetime) -> None:
    """Store a macro.

    Raises:
        InputError: it is empty, too long, or names a place that there is none of.
        Conflict: somebody saved it first.
    """
    title, text = " ".join(macro.title.split()), macro.text.strip()
    if not title or len(title) > MAX_TITLE:
        raise InputError(f"a macro's name has 1 to {MAX_TITLE} characters")
    if not text or len(text) > MAX_TEXT:
        raise InputError(f"a macro has 1 to {MAX_TEXT:,} characters")
    unknown = sorted({place for place in PLACE.findall(text) if place not in PLACES})
    if unknown:
        known = ", ".join(f"{{{place}}}" for place in PLACES)
        raise InputError(f"there is no {{{unknown[0]}}}; there are {known}")
    if not macro.version and len(store.kept(KIND)) >= MAX_MACROS:
        raise InputError(f"there are {MAX_MACROS} macros already; remove one first")
    body = {"title": title, "text": text}
    store.keep(Kept(kind=KIND, key=macro.key, body=body, by=actor, at=now, version=macro.version))


def remove_macro(store: Store, key: str, *, actor: str, now: datetime) -> None:
    """Take a macro away."""
    store.drop(KIND, key, actor=actor, now=now)


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a macro's text with its places filled; what a value holds is never read as a place."""
    return PLACE.sub(lambda match: values.get(match.group(1), match.group(0)), text)
