"""What the tables hold of a mention beyond what its source said."""

from __future__ import annotations

import json
from collections.abc import Iterable

from core.errors import StoreError
from store.sqlite.connection import Link
from store.sqlite.docids import TIES

NEXT = """
SELECT value, (SELECT max(docid) FROM mention WHERE docid BETWEEN value AND value + ?) FROM json_each(?)
"""


def next_docids(link: Link, seconds: Iterable[int]) -> dict[int, int]:
    """Return the lowest free docid after all others of each second; seconds are named by their first docid.

    Raises:
        StoreError: a second is full.
    """
    free: dict[int, int] = {}
    for first, highest in link.connection.execute(NEXT, (TIES, json.dumps(sorted(seconds)))):
        if highest == first + TIES:
            raise StoreError(
                "more than a million mentions carry the very same second; import them with their own times"
            )
        free[first] = first if highest is None else highest + 1
    return free
