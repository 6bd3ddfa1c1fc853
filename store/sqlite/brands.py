"""Which brands each mention names, and which pairs of mention and brand want a label."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping

from core.watch import Watch
from store.naming import Flags, Naming
from store.sqlite.connection import Link
from store.watchcodec import watch_from_text


def watches(link: Link) -> dict[str, Watch]:
    """Return all watches by id."""
    return {watch.id: watch for watch in link.rows(_watch, "SELECT body FROM watch ORDER BY id")}


# A watch seldom changes, and every batch and most pages read them all.
_watch = functools.lru_cache(maxsize=256)(watch_from_text)


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

# What counts toward the products together; a mention without any keeps the defaults. `OR FAIL`, because a
# statement of many rows that may undo itself alone copies each page aside; the act around it is undone whole.
REFRESH = """
UPDATE OR FAIL mention SET (risk, tones, churns, intents) = (
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
