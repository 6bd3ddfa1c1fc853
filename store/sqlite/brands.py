"""Which brands each mention names, and which pairs of mention and brand want a label."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from core.watch import Watch, name_pattern
from store.sqlite.connection import Link
from store.sqlite.watchcodec import watch_from_text


class Flags(NamedTuple):
    """What a brand is to a mention; see the columns of `pair`."""

    product: bool = False
    wanted: bool = False
    names_product: bool = False
    names_rival: bool = False

    def __or__(self, other: tuple[object, ...]) -> Flags:
        """Return the flags that stand in either."""
        return Flags(*(bool(one or two) for one, two in zip(self, other, strict=True)))


class _Brand(NamedTuple):
    name: str
    is_product: bool
    pattern: re.Pattern[str]
    #: Beginnings of which a plain ASCII text holds one if it names the brand.
    hints: tuple[str, ...]


class Naming:
    """Tell which brands of the stored watches a text names."""

    def __init__(self, watches: Mapping[str, Watch]) -> None:
        self.watches = watches
        self._brands = {watch.id: _brands(watch) for watch in watches.values()}

    def flags(self, said: str, watches: Mapping[str, bool], *, labelled: bool) -> dict[str, Flags]:
        """Return what each brand is to a text kept by `watches` (True where it matched).

        `labelled` is False for what gets no labels: our own, context and deleted mentions.
        """
        found: dict[str, Flags] = {}
        lowered = said.lower() if said.isascii() else ""
        for watch_id, matched in watches.items():
            wanted = matched and labelled
            # Texts beyond ASCII have forms to compose and scripts to part, which the watch knows about.
            told = set() if lowered else self._named(watch_id, said)
            for brand in self._brands.get(watch_id, ()):
                named = _names(brand, lowered) if lowered else brand.name in told
                if not named and not (brand.is_product and matched):
                    continue
                flags = Flags(
                    product=brand.is_product and matched,
                    wanted=wanted,
                    names_product=named and brand.is_product,
                    names_rival=named and not brand.is_product,
                )
                found[brand.name] = found[brand.name] | flags if brand.name in found else flags
        return found

    def _named(self, watch_id: str, said: str) -> set[str]:
        watch = self.watches.get(watch_id)
        return {brand.name for brand in watch.brands_in(said)} if watch else set()


@functools.lru_cache(maxsize=256)
def _watch_brands(names: tuple[tuple[str, ...], ...]) -> tuple[_Brand, ...]:
    return tuple(
        _Brand(brand[0], place == 0, name_pattern(brand), _hints(brand)) for place, brand in enumerate(names)
    )


def _brands(watch: Watch) -> tuple[_Brand, ...]:
    return _watch_brands(tuple(brand.names for brand in watch.brands))


def _hints(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first words in lower case: looking for these is ten times faster than the pattern."""
    return tuple(re.split(r"[\s_-]", name.lower().lstrip("-_"))[0] for name in names if name.isascii())


def _names(brand: _Brand, lowered: str) -> bool:
    """Tell whether a plain ASCII text in lower case names a brand; no other name can stand in it."""
    return any(hint in lowered for hint in brand.hints) and brand.pattern.search(lowered) is not None


def watches(link: Link) -> dict[str, Watch]:
    """Return all watches by id."""
    return {watch.id: watch for watch in link.rows(watch_from_text, "SELECT body FROM watch ORDER BY id")}


def sync(link: Link, docid: int, brands: Mapping[int, Flags], *, anew: bool) -> bool:
    """Make the pairs of a mention what they should be; `anew` asks for new answers to the wanted ones.

    Labels of a brand that is no longer wanted stay. Returns whether anything changed.
    """
    stored = {
        row[0]: Flags(*map(bool, row[1:]))
        for row in link.rows(
            lambda *row: row,
            "SELECT brand, product, wanted, names_product, names_rival FROM pair WHERE docid = ?",
            docid,
        )
    }
    changed = False
    for brand in stored.keys() | brands.keys():
        flags = brands.get(brand, Flags())
        if brand not in stored or stored[brand] != flags:
            changed = True
            link.run(UPSERT, docid, brand, *map(int, flags))
    if anew:
        link.run("UPDATE pair SET answer = 0, lease_until = NULL, lease_owner = NULL WHERE docid = ?", docid)
    return changed or anew


def repair(
    link: Link,
    naming: Naming,
    number: Callable[[str], int],
    docid: int,
    watches: Mapping[str, bool],
    *,
    said_anew: bool,
) -> bool:
    """Work out the pairs of a stored mention anew; return whether anything changed."""
    found = link.one(
        lambda *row: row,
        "SELECT b.title, b.text, m.own, m.deleted "
        "FROM mention m JOIN body b ON b.docid = m.docid WHERE m.docid = ?",
        docid,
    )
    if found is None:
        return False
    title, text, own, deleted = found
    said = "\n\n".join(part for part in (title, text) if part)
    flags = naming.flags(said, watches, labelled=not own and not deleted)
    changed = sync(link, docid, {number(brand): flag for brand, flag in flags.items()}, anew=said_anew)
    if changed:
        refresh(link, [docid])
    return changed


UPSERT = """
INSERT INTO pair (docid, brand, product, wanted, names_product, names_rival) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (docid, brand) DO UPDATE SET product = excluded.product, wanted = excluded.wanted,
    names_product = excluded.names_product, names_rival = excluded.names_rival
"""

# What counts toward the products together; a mention without any keeps the defaults.
REFRESH = """
UPDATE mention SET (risk, tones, churns, intents) = (
    SELECT coalesce(max(risk), -1),
        max(tones & 1) | max(tones & 2) | max(tones & 4),
        max(churns & 1) | max(churns & 2) | max(churns & 4) | max(churns & 8) | max(churns & 16)
            | max(churns & 32) | max(churns & 64) | max(churns & 128),
        max(intents & 1) | max(intents & 2) | max(intents & 4) | max(intents & 8) | max(intents & 16)
            | max(intents & 32) | max(intents & 64)
    FROM (
        SELECT risk, tones, churns, intents FROM pair WHERE docid = mention.docid AND product = 1
        UNION ALL SELECT -1, 0, 0, 0
    )
)
WHERE docid IN (SELECT value FROM json_each(?))
"""


def refresh(link: Link, docids: Iterable[int]) -> None:
    """Work out anew what counts toward the products of these mentions."""
    link.run(REFRESH, json.dumps(sorted(docids)))
