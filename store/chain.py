"""The audit as a chain of hashes: each record covers the one before it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from core.audit import AuditRecord
from store.codecs import dumps, loads, moment

#: What stands before the first record.
GENESIS = b"\x00" * 32


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
        return self.telling(
            before if isinstance(before, dict) else {},
            after if isinstance(after, dict) else {},
        )

    def telling(self, before: Mapping[str, object], after: Mapping[str, object]) -> AuditRecord:
        """Return the record whose payload tells these plain JSON values."""
        return AuditRecord(
            id=self.id,
            at=moment(self.at),
            actor=self.actor,
            action=self.action,
            target=self.target,
            before=before,
            after=after,
        )


def digest_of(payload: str) -> bytes:
    """Return what a payload is known by in the chain after it was erased."""
    return hashlib.sha256(payload.encode()).digest()
