"""The audit as a chain of hashes: each record covers the one before it."""

# The SQL here is put together from our own names; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from store.chain import GENESIS, Row, digest_of
from store.codecs import dumps, micros, storable
from store.sqlite.connection import Link

COLUMNS = "id, at, actor, action, target, payload, payload_digest, hash"
INSERT = f"INSERT INTO audit ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


def write(
    link: Link,
    *,
    actor: str,
    action: str,
    target: str,
    now: datetime,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> Row:
    """Add a record to the chain."""
    last = link.one(lambda *row: row, "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1")
    number, chain = last or (0, GENESIS)
    payload = dumps({"before": dict(before or {}), "after": dict(after or {})})
    digest = digest_of(payload)
    names = [storable(name) for name in (actor, action, target)]
    row = Row(number + 1, micros(now), names[0], names[1], names[2], payload, digest, b"")
    row = row._replace(hash=row.expected(chain))
    link.connection.execute(INSERT, row)  # no text in it is still to be made storable
    return row


def faults(link: Link) -> Iterator[str]:
    """Yield what is wrong with the chain."""
    chain, number = GENESIS, 0
    for row in link.connection.execute(f"SELECT {COLUMNS} FROM audit ORDER BY id"):
        found = Row(*row)
        number += 1
        if found.id != number:
            yield f"audit record {number} is missing"
            number = found.id
        if found.hash != found.expected(chain):
            yield f"audit record {found.id} was changed, or the one before it"
        elif found.payload is not None and digest_of(found.payload) != found.payload_digest:
            yield f"the payload of audit record {found.id} was changed"
        chain = found.hash
