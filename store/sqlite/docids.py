"""Document numbers that stand in order of time (docs/decisions/0010)."""

from __future__ import annotations

#: Seconds from the year 1 to 1970: docids count from the year 1, so that none is negative.
YEAR_ONE = 62_135_596_800


#: Bits of a docid below its second: room for a million mentions of one second.
TIE_BITS = 20
#: How many mentions after the first have room in a second; also the mask of a docid's place in its second.
TIES = (1 << TIE_BITS) - 1


def first_docid(published: int) -> int:
    """Return the lowest docid of the second in which `published` (microseconds) lies."""
    return (published // 1_000_000 + YEAR_ONE) << TIE_BITS


def last_docid(published: int) -> int:
    """Return the highest docid of the second in which `published` (microseconds) lies."""
    return first_docid(published) | TIES
