"""The hashes that came in last: few, so that they are read and looked through as a whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from store import simhash
from store.sqlite.connection import Link

Numbers = NDArray[np.int64]
#: As they are stored, on every machine.
STORED = np.dtype("<i8")
#: Hashes that stand in one row at most, unless more came together.
ROW = 500

READ = "SELECT number, hashes, docids FROM near_fresh ORDER BY number"
WRITE = "INSERT OR REPLACE INTO near_fresh (number, hashes, docids) VALUES (?, ?, ?)"
REMOVE = "DELETE FROM near_fresh WHERE number = ?"


class Fresh:
    """The fresh hashes with the docids of their earliest mentions, read and written within one act."""

    def __init__(self, link: Link) -> None:
        self.link = link
        rows = list(link.connection.execute(READ))
        self.hashes = _read([hashes for _, hashes, _ in rows])
        self.docids = _read([docids for *_, docids in rows])
        #: The row of each.
        self.numbers = np.repeat([row[0] for row in rows], [len(row[1]) // STORED.itemsize for row in rows])

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.hashes)

    def close_to(self, value: int) -> dict[int, int]:
        """Return the hashes close to one, each with its docid."""
        close = simhash.all_close(self.hashes, np.array([value], dtype=np.int64))
        return dict(zip(self.hashes[close].tolist(), self.docids[close].tolist(), strict=True))

    def under(self, keys: Numbers) -> tuple[Numbers, Numbers]:
        """Return the keys that fresh hashes share with these, and the hash of each."""
        asked = np.zeros(simhash.BANDS << simhash.BAND_BITS, dtype=np.bool_)
        asked[keys] = True
        bands = np.concatenate([simhash.all_bands(self.hashes, place) for place in range(simhash.BANDS)])
        shared = np.flatnonzero(asked[bands])
        return bands[shared], self.hashes[shared % max(len(self), 1)]

    def keep(self, hashes: Sequence[tuple[int, int]]) -> None:
        """Take hashes in that are not here yet, each after its docid."""
        if not hashes:
            return
        last = int(self.numbers[-1]) if len(self) else 1
        full = np.count_nonzero(self.numbers == last) + len(hashes) > ROW
        row = last + 1 if full else last
        new = np.array(hashes, dtype=np.int64)
        self.docids = np.concatenate([self.docids, new[:, 0]])
        self.hashes = np.concatenate([self.hashes, new[:, 1]])
        self.numbers = np.concatenate([self.numbers, np.full(len(new), row)])
        self._write({row})

    def put(self, docid: int, value: int) -> None:
        """Take one hash in; where it is here already, it gets the other docid."""
        known = np.flatnonzero(self.hashes == value)
        if not len(known):
            self.keep([(docid, value)])
            return
        self.docids[known] = docid
        self._write(set(self.numbers[known].tolist()))

    def remove(self, docid: int) -> None:
        """Take the hash of a mention out, where it stands here."""
        stays = self.docids != docid
        if stays.all():
            return
        rows = set(self.numbers[~stays].tolist())
        self.hashes, self.docids, self.numbers = self.hashes[stays], self.docids[stays], self.numbers[stays]
        self._write(rows)

    def clear(self) -> None:
        """Take all out."""
        self.hashes, self.docids, self.numbers = self.hashes[:0], self.docids[:0], self.numbers[:0]
        self.link.run("DELETE FROM near_fresh")

    def _write(self, rows: set[int]) -> None:
        for row in rows:
            own = self.numbers == row
            hashes, docids = self.hashes[own].astype(STORED), self.docids[own].astype(STORED)
            if len(hashes):
                self.link.run(WRITE, row, hashes.tobytes(), docids.tobytes())
            else:
                self.link.run(REMOVE, row)

    def by_band(self) -> list[tuple[int, int, int]]:
        """Return band, hash and docid of each of their bands, in order."""
        bands = np.concatenate([simhash.all_bands(self.hashes, place) for place in range(simhash.BANDS)])
        hashes, docids = np.tile(self.hashes, simhash.BANDS), np.tile(self.docids, simhash.BANDS)
        order = np.lexsort((hashes, bands))
        return list(zip(*(column[order].tolist() for column in (bands, hashes, docids)), strict=True))


def _read(blobs: Sequence[bytes]) -> Numbers:
    return np.frombuffer(b"".join(blobs), dtype=STORED).astype(np.int64)
