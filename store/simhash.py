"""Near-duplicates: a 64-bit SimHash over pairs of neighbouring tokens; the same in every engine.

Two texts of at least eight tokens are near-duplicates where their hashes differ in at most three bits;
the earliest (by time of publication, then id) is the original of the others.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: Shorter texts ("thanks, that worked") are alike without being copies.
MIN_TOKENS = 8
#: Bits in which copies may differ.
MAX_DISTANCE = 3
#: Of each of the four bands: one more than `MAX_DISTANCE`, so that two close hashes share at least one.
BAND_BITS = 16
BANDS = 4
MASK = (1 << 64) - 1
#: The first keys of the bands after the first one.
BAND_STARTS = [place << BAND_BITS for place in range(1, BANDS)]
#: Tokens whose hash is kept; about 20 MB.
MAX_HASHES = 200_000
#: Tokens hashed together; their bits take 64 bytes each.
GROUP_TOKENS = 50_000
#: Odd constant (2^64 divided by the golden ratio) that tells `a b` from `b a`.
MIX = np.uint64(0x9E3779B97F4A7C15)
#: Shingles whose bits are counted in bytes; more would overflow them.
MAX_RUN = 255
#: For each byte its bits as eight bytes of 0 or 1, highest bit first: their sums count eight bits at once.
SPREAD = np.unpackbits(np.arange(256, dtype=np.uint8).reshape(-1, 1), axis=1).view(np.uint64).ravel()


class _TokenHashes(dict[str, int]):
    """Hashes of tokens, kept because most words come again."""

    def __missing__(self, token: str) -> int:
        if len(self) >= MAX_HASHES:
            self.clear()
        self[token] = value = int.from_bytes(
            hashlib.blake2b(token.encode(), digest_size=8).digest(), "little"
        )
        return value


_hashes = _TokenHashes()


def simhash(tokens: Sequence[str]) -> int | None:
    """Return the hash of a text's tokens as a signed 64-bit number; None for fewer than eight."""
    return simhashes([tokens])[0]


def simhashes(texts: Sequence[Sequence[str]]) -> list[int | None]:
    """Return the hashes of many texts: together they cost a fifth of what each costs alone."""
    found: list[int | None] = []
    group: list[Sequence[str]] = []
    size = 0
    for tokens in texts:
        group.append(tokens)
        size += len(tokens)
        if size > GROUP_TOKENS:
            found += _group(group)
            group, size = [], 0
    return found + _group(group)


def _group(texts: Sequence[Sequence[str]]) -> list[int | None]:
    long = [tokens for tokens in texts if len(tokens) >= MIN_TOKENS]
    if not long:
        return [None] * len(texts)
    ends = np.cumsum([len(tokens) for tokens in long])
    hashes = np.fromiter(map(_hashes.__getitem__, itertools.chain.from_iterable(long)), np.uint64, ends[-1])
    starts = np.concatenate(([0], ends[:-1]))
    shingles = _mixed(hashes[:-1] * MIX + hashes[1:])
    lanes = SPREAD[shingles.view(np.uint8)].reshape(-1, 8)
    # The last token of a text and the first of the next are no neighbours.
    lanes[ends[:-1] - 1] = 0
    majority = _bit_counts(lanes, starts, ends) * 2 > (ends - starts - 1).reshape(-1, 1)
    values = iter(np.packbits(majority, axis=1).view(np.int64).ravel().tolist())
    return [next(values) if len(tokens) >= MIN_TOKENS else None for tokens in texts]


def _bit_counts(
    lanes: NDArray[np.uint64], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.uint32]:
    """Return how many shingles of each text have each of the 64 bits."""
    runs = -(-(ends - starts) // MAX_RUN)
    first = np.concatenate(([0], np.cumsum(runs)[:-1]))
    # Each text begins a run, and a long one another after every `MAX_RUN` shingles.
    begins = np.repeat(starts, runs) + (np.arange(runs.sum()) - np.repeat(first, runs)) * MAX_RUN
    begins = np.minimum(begins, len(lanes) - 1)
    counts = np.add.reduceat(lanes, begins, axis=0).view(np.uint8)
    return np.add.reduceat(counts, first, axis=0, dtype=np.uint32)


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread every bit over all others: a sum of two hashes alone leaves the low bits telling."""
    values = (values ^ (values >> np.uint64(31))) * np.uint64(0x7FB5D329728EA185)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x81DADEF4BC2DD44D)
    return values ^ (values >> np.uint64(33))


def bands(value: int) -> tuple[int, ...]:
    """Return the keys under which a hash is found: its four bands, numbered."""
    # Written out: a batch asks for the bands of every text.
    return (
        value & 0xFFFF,
        1 << BAND_BITS | (value >> BAND_BITS) & 0xFFFF,
        2 << BAND_BITS | (value >> 2 * BAND_BITS) & 0xFFFF,
        3 << BAND_BITS | (value >> 3 * BAND_BITS) & 0xFFFF,
    )


def all_bands(values: NDArray[np.int64], place: int) -> NDArray[np.int64]:
    """Return of each hash the key of its band at `place`."""
    return (values >> place * BAND_BITS & 0xFFFF) | place << BAND_BITS


def all_close(ones: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell of each pair of hashes whether they belong to near-duplicates."""
    return np.bitwise_count((ones ^ others).view(np.uint64)) <= MAX_DISTANCE


def close(one: int, other: int) -> bool:
    """Tell whether two hashes belong to near-duplicates."""
    return ((one ^ other) & MASK).bit_count() <= MAX_DISTANCE
