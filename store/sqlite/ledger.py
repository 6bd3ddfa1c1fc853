"""The audit as a chain of hashes: each record covers the one before it."""

# The SQL here is put together from our own names; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from core.audit import AuditRecord
from store.sqlite.codecs import dumps, loads, micros, moment
from store.sqlite.connection import Link, storable

#: What stands before the first record.
GENESIS = b"\x00" * 32
COLUMNS = "id, at, actor, action, target, payload, payload_digest, hash"
#: The program itself as an actor.
EARFUL = "earful"


class Row(NamedTuple):
    """An audit record as it is stored."""

    id: int
    at: int
    actor: str
    action: str
    target: str
    payload: str | None
    payload_digest: bytes
    hash: bytes

    def expected(self, before: bytes) -> bytes:
        """Return the hash that this record must have after one whose hash is `before`."""
        said = dumps([self.id, self.at, self.actor, self.action, self.target])
        return hashlib.sha256(before + said.encode() + self.payload_digest).digest()

    def record(self) -> AuditRecord:
        """Return the record as everyone else knows it; an erased payload reads as empty."""
        data = loads(self.payload) if self.payload else {}
        before, after = data.get("before"), data.get("after")
        return AuditRecord(
            id=self.id,
            at=moment(self.at),
            actor=self.actor,
            action=self.action,
            target=self.target,
            before=before if isinstance(before, dict) else {},
            after=after if isinstance(after, dict) else {},
        )


def write(
    link: Link,
    *,
    actor: str,
    action: str,
    target: str,
    now: datetime,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> AuditRecord:
    """Add a record to the chain."""
    last = link.one(lambda *row: row, "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1")
    number, chain = last or (0, GENESIS)
    payload = dumps({"before": dict(before or {}), "after": dict(after or {})})
    digest = _digest(payload)
    names = [storable(name) for name in (actor, action, target)]
    row = Row(number + 1, micros(now), names[0], names[1], names[2], payload, digest, b"")
    row = row._replace(hash=row.expected(chain))
    link.run(f"INSERT INTO audit ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *row)
    return row.record()


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
        elif found.payload is not None and _digest(found.payload) != found.payload_digest:
            yield f"the payload of audit record {found.id} was changed"
        chain = found.hash


def _digest(payload: str) -> bytes:
    return hashlib.sha256(payload.encode()).digest()
