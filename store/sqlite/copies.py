"""Near-duplicates: each mention points to the earliest one at most three bits of SimHash away."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from store import simhash
from store.sqlite.connection import Link


class _Copy(NamedTuple):
    docid: int
    simhash: int | None
    published: int
    id: str
    duplicate_of: int | None

    @property
    def place(self) -> tuple[int, str]:
        return self.published, self.id


FIND = "SELECT simhash, docid FROM near WHERE band IN (?, ?, ?, ?)"
# `near` is a view of both tables; a hash stands in one of them.
KEEP = "INSERT OR REPLACE INTO near_fresh (band, simhash, docid) VALUES (?, ?, ?)"
DROP = "DELETE FROM near_settled WHERE band = ? AND simhash = ?"
SETTLE = """
INSERT INTO near_settled (band, simhash, docid) SELECT band, simhash, docid FROM near_fresh ORDER BY 1, 2
"""
#: Rows that gather before they move on: four for each of some thousand mentions.
GATHERED = 20_000
READ = "SELECT docid, simhash, published, id, duplicate_of FROM mention WHERE docid = ?"


def add_all(link: Link, hashes: Sequence[tuple[int, int]]) -> None:
    """Take a batch of new mentions in; only those that have a copy somewhere cost more than a look-up."""
    keys = [simhash.bands(value) for _, value in hashes]
    asked = sorted({key for found in keys for key in found})
    there: dict[int, list[int]] = {key: [] for key in asked}
    for band, value in link.connection.execute(FIND_ALL, (json.dumps(asked),)):
        there[band].append(value)
    lonely: list[tuple[int, int, int]] = []
    copied: list[tuple[int, int]] = []
    for (docid, value), found in zip(hashes, keys, strict=True):
        if any(_has_close(there[key], value) for key in found):
            copied.append((docid, value))
        else:
            lonely += [(key, value, docid) for key in found]
        for key in found:
            there[key].append(value)
    # In order of their keys, neighbours fall on the same pages.
    link.many(KEEP, sorted(lonely))
    for docid, value in copied:
        add(link, docid, value)
    if link.number("SELECT count(*) FROM near_fresh") > GATHERED:
        link.run(SETTLE)
        link.run("DELETE FROM near_fresh")


def _has_close(others: list[int], value: int) -> bool:
    """Tell whether any hash is close."""
    # Not `any()` and `simhash.close`: a band of a large store holds many, and calls would cost the most.
    for other in others:  # noqa: SIM110
        if ((value ^ other) & simhash.MASK).bit_count() <= simhash.MAX_DISTANCE:
            return True
    return False


FIND_ALL = """
SELECT n.band, n.simhash FROM json_each(?1) AS j CROSS JOIN near_settled AS n ON n.band = j.value
UNION ALL SELECT n.band, n.simhash FROM json_each(?1) AS j CROSS JOIN near_fresh AS n ON n.band = j.value
"""


def add(link: Link, docid: int, value: int) -> None:
    """Take a new mention in: find its original, and the ones that it is the original of."""
    keys = simhash.bands(value)
    near = {
        found: other
        for found, other in link.connection.execute(FIND, keys)
        if other != docid and simhash.close(value, found)
    }
    if not near:
        link.many(KEEP, [(key, value, docid) for key in keys])
        return
    mine = _read(link, docid)
    others = [_read(link, other) for other in near.values()]
    earlier = [other for other in others if other.place < mine.place]
    if earlier:
        link.run(
            "UPDATE mention SET duplicate_of = ? WHERE docid = ?",
            min(earlier, key=lambda other: other.place).docid,
            docid,
        )
    for other in others:
        if other.place > mine.place:
            _repoint(link, other, mine)
    twin = next((other for other in others if other.simhash == value), None)
    if twin is None or twin.place > mine.place:
        link.many(DROP, [(key, value) for key in keys])
        link.many(KEEP, [(key, value, docid) for key in keys])


def _read(link: Link, docid: int) -> _Copy:
    found = link.one(_Copy, READ, docid)
    assert found is not None  # noqa: S101 — `near` only names stored mentions; check() proves it
    return found


def _repoint(link: Link, other: _Copy, mine: _Copy) -> None:
    """Make `mine` the original of a later copy, and of all with that copy's very hash, if it is earlier."""
    original = other.duplicate_of
    if original is not None and _read(link, original).place < mine.place:
        return
    link.run("UPDATE mention SET duplicate_of = ? WHERE docid = ?", mine.docid, other.docid)
    link.run(
        "UPDATE mention SET duplicate_of = ? WHERE duplicate_of = ? AND simhash = ? AND docid <> ?",
        mine.docid,
        other.docid if original is None else original,
        other.simhash,
        mine.docid,
    )


def remove(link: Link, docid: int) -> None:
    """Take a mention out, because its text changed or went; its copies find their original anew."""
    mine = _read(link, docid)
    if mine.simhash is None:
        return
    link.run("UPDATE mention SET simhash = NULL, duplicate_of = NULL WHERE docid = ?", docid)
    for table in ("near_fresh", "near_settled"):
        link.run(REMOVE.format(table), *simhash.bands(mine.simhash), docid)
    copies = link.rows(_Copy, COPIES, docid, mine.duplicate_of, mine.simhash)
    link.run("UPDATE mention SET duplicate_of = NULL WHERE duplicate_of = ?", docid)
    for copy in copies:
        if copy.simhash is not None:
            add(link, copy.docid, copy.simhash)


REMOVE = "DELETE FROM {} WHERE band IN (?, ?, ?, ?) AND docid = ?"
# Those that pointed to it, and those of the same hash, of which one now stands for all in `near`.
COPIES = """
SELECT docid, simhash, published, id, duplicate_of FROM mention WHERE duplicate_of = ?
UNION
SELECT docid, simhash, published, id, duplicate_of FROM mention WHERE duplicate_of = ? AND simhash = ?
ORDER BY published, id
"""
