"""Keys under which near-duplicates find each other on the server.

The 64 bits of a SimHash are cut into five blocks. Two hashes at most three bits apart agree in at least
two whole blocks, so they share one of the ten keys that pairs of blocks make. Such a key has 25 or 26
bits: among a million mentions it is almost never shared by chance, while a band of 16 bits would be by 15.
"""

from __future__ import annotations

import itertools

from store.simhash import MASK

#: Where each block begins and how many bits it has.
BLOCKS = ((0, 13), (13, 13), (26, 13), (39, 13), (52, 12))


def keys(simhash: int) -> list[str]:
    """Return the ten keys of a hash."""
    unsigned = simhash & MASK
    parts = [(unsigned >> start) & ((1 << bits) - 1) for start, bits in BLOCKS]
    pairs = itertools.combinations(enumerate(parts), 2)
    return [f"{i}{j}{one << 13 | other:x}" for (i, one), (j, other) in pairs]
