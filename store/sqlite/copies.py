"""Near-duplicates: each mention points to the earliest one at most three bits of SimHash away."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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
#: Rows that gather before they move on, four for each mention: each move writes most pages of a large table.
GATHERED = 80_000
READ = "SELECT docid, simhash, published, id, duplicate_of FROM mention WHERE docid = ?"


def add_all(link: Link, hashes: Sequence[tuple[int, int]]) -> None:
    """Take a batch of new mentions in; only those that have a copy somewhere cost more than a look-up."""
    if not hashes:
        return
    copied = _close_ones(link, [value for _, value in hashes])
    lonely = [
        (key, value, docid)
        for (docid, value), has_copy in zip(hashes, copied, strict=True)
        if not has_copy
        for key in simhash.bands(value)
    ]
    # In order of their keys, neighbours fall on the same pages.
    link.many(KEEP, sorted(lonely))
    for (docid, value), has_copy in zip(hashes, copied, strict=True):
        if has_copy:
            add(link, docid, value)
    if link.number("SELECT count(*) FROM near_fresh") > GATHERED:
        link.run(SETTLE)
        link.run("DELETE FROM near_fresh")


def _close_ones(link: Link, values: Sequence[int]) -> list[bool]:
    """Tell of each hash whether a stored one, or one before it in the batch, is close to it."""
    keys = np.array([simhash.bands(value) for value in values], dtype=np.int64).ravel()
    own = np.array(values, dtype=np.int64)
    bands, others = _same_bands(link, np.unique(keys).tolist())
    # Those of the batch stand behind the stored ones and know their places, so that only earlier ones count.
    places = np.repeat(np.arange(len(own)), simhash.BANDS)
    bands = np.concatenate([bands, keys])
    order = np.argsort(bands, kind="stable")
    bands, others = bands[order], np.concatenate([others, own[places]])[order]
    since = np.concatenate([np.full(len(order) - len(keys), -1), places])[order]
    first, end = np.searchsorted(bands, keys, "left"), np.searchsorted(bands, keys, "right")
    # Every hash beside every other of its bands.
    counts = end - first
    mine = np.repeat(np.arange(len(keys)), counts)
    beside = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + first[mine]
    mine = places[mine]
    close = simhash.all_close(own[mine], others[beside]) & (since[beside] < mine)
    found: list[bool] = (np.bincount(mine[close], minlength=len(own)) > 0).tolist()
    return found


def _same_bands(link: Link, keys: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the stored hashes under these bands, and the band of each."""
    asked = json.dumps(keys)
    rows = [row for sql in FIND_ALL for row in link.connection.execute(sql, (asked,)) if row[1]]
    bands = np.repeat([band for band, _, _ in rows], [count for *_, count in rows]).astype(np.int64)
    joined = ",".join([values for _, values, _ in rows])
    return bands, np.fromstring(joined, dtype=np.int64, sep=",") if rows else np.zeros(0, dtype=np.int64)


# One row for each band and not for each hash: a band of a large store holds many.
FIND_ALL = [
    f"""
    SELECT j.value, group_concat(n.simhash), count(n.simhash)
    FROM json_each(?) AS j CROSS JOIN {table} AS n ON n.band = j.value GROUP BY j.key
    """  # noqa: S608 — our own names
    for table in ("near_settled", "near_fresh")
]


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
