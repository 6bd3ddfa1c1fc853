"""What of a database that SQLite can no longer read is still to be had from its bytes: who was forgotten.

An erasure is a row of about a hundred bytes, never split over pages, that begins with its kind and its
digest; the secret stands behind its name in the same way. Both are found wherever their page lies, whatever
became of the pages around it. A digest that was torn tells nobody apart and does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from core.clock import iso
from core.erasure import KIND, SECRET, joined
from core.kept import Kept
from core.records import Record
from store.sqlite.moving_tables import Memo
from store.wholes import kept_record

#: Read at once, and read again with the next piece, so that nothing is cut: more than any such row has.
PIECE, AGAIN = 1 << 20, 8192

_DIGEST = re.compile(KIND.encode() + rb"([0-9a-f]{40})")
_SECRET = re.compile(re.escape(f"{Memo.SIGN}{SECRET}").encode() + rb"([0-9a-f]{64}(?: [0-9a-f]{64})*)")


def salvaged(database: Path, *, now: datetime) -> list[Record]:
    """Return the erasures, and their secret, whose bytes still stand in a database or in its log."""
    digests, secrets = set[str](), set[str]()
    for path in (database, database.with_name(f"{database.name}-wal")):
        for piece in _pieces(path):
            digests |= {found[1].decode() for found in _DIGEST.finditer(piece)}
            secrets |= {found[1].decode() for found in _SECRET.finditer(piece)}
    marks = [_mark(digest, now) for digest in sorted(digests)]
    if not secrets or not marks:
        return marks
    # What the log holds of an earlier state is shorter, and part of the longest.
    secret = joined(*sorted(secrets, key=lambda one: (-len(one), one)))
    return [Record(kind="memo", key=SECRET, body={"key": SECRET, "value": secret}), *marks]


def _mark(digest: str, now: datetime) -> Record:
    return kept_record(Kept(kind=KIND, key=digest, body={"at": iso(now)}, by="earful", at=now, version=1))


def _pieces(path: Path) -> Iterator[bytes]:
    """Yield a file's bytes, each piece beginning with the end of the one before; nothing where none is."""
    try:
        with path.open("rb") as file:
            tail = b""
            while piece := file.read(PIECE):
                yield tail + piece
                tail = piece[-AGAIN:]
    except OSError:
        # Also in the middle: a disk that is failing gives what it can.
        return
