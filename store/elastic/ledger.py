"""The audit as a chain of hashes: record N is created after N-1, and only one writer can create it.

What a record tells stands beforehand, as an *act*, in the document that it is about, written there by the
same compare-and-set; so a process that dies between the two leaves an act that the next one writes down.
"""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime

from core.audit import AuditRecord
from core.errors import StoreUnavailable
from store.chain import GENESIS, Row
from store.codecs import dumps, micros, storable
from store.elastic.bulk import Action, Outcome
from store.elastic.documents import Documents
from store.elastic.faults import Json
from store.elastic.records import LONGEST

NAME = "audit"
#: Records read together while looking for the end of the chain.
STEP = 100
TRIES = 200


def act(
    *,
    actor: str,
    action: str,
    target: str,
    now: datetime,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    act_id: str | None = None,
) -> Json:
    """Return an act: an audit record that has no place in the chain yet."""
    return {
        "act": act_id or uuid.uuid4().hex,
        "at": micros(now),
        "actor": storable(actor),
        "action": storable(action),
        "target": storable(target),
        "payload": storable(dumps({"before": dict(before or {}), "after": dict(after or {})})),
    }


class Ledger:
    """The audit of one store."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self._lock = threading.Lock()
        self._tip: tuple[int, bytes] | None = None

    def write(self, told: Json, *, once: bool = False) -> AuditRecord | None:
        """Add an act to the chain; with `once` only where it is not there, then None is returned."""
        if once and self._is_written(told["act"]):
            return None
        digest = hashlib.sha256(told["payload"].encode()).digest()
        with self._lock:
            for _ in range(TRIES):
                number, chain = self._end()
                row = Row(
                    number + 1,
                    told["at"],
                    told["actor"],
                    told["action"],
                    told["target"],
                    told["payload"],
                    digest,
                    b"",
                )
                row = row._replace(hash=row.expected(chain))
                outcome = self.documents.write([row_doc("create", row, told["act"])])[0]
                if outcome is Outcome.DONE:
                    self._tip = (row.id, row.hash)
                    return row.record()
                self._tip = self._walk((number, chain))
        raise StoreUnavailable("others keep writing into the audit; try again")

    def _is_written(self, act_id: str) -> bool:
        server = self.documents.server
        server.refresh(NAME)
        found = server.search(NAME, {"query": {"term": {"act": act_id}}, "size": 1, "_source": False})
        return bool(found["hits"]["hits"])

    def _end(self) -> tuple[int, bytes]:
        """Return the last record's number and hash, as far as this process knows."""
        if self._tip is None:
            server = self.documents.server
            server.refresh(NAME)
            found = server.search(NAME, {"size": 1, "sort": [{"number": "desc"}]})["hits"]["hits"]
            last = row_of(found[0]["_source"]["body"]) if found else None
            self._tip = self._walk((last.id, last.hash) if last else (0, GENESIS))
        return self._tip

    def _walk(self, tip: tuple[int, bytes]) -> tuple[int, bytes]:
        """Follow the chain from a record to its end, reading by number."""
        while True:
            asked = [(NAME, doc_id(tip[0] + step)) for step in range(1, STEP + 1)]
            found = self.documents.many(asked)
            if asked[0] not in found:
                return tip
            for place in asked:
                if place not in found:
                    return tip
                row = row_of(found[place].body)
                tip = (row.id, row.hash)

    def records(self, *, target: str | None, limit: int, before: int | None) -> list[AuditRecord]:
        """Return records, newest first."""
        server = self.documents.server
        server.refresh(NAME)
        parts: list[Json] = []
        if target is not None:
            parts.append({"term": {"target": target[:LONGEST]}})
        if before is not None:
            parts.append({"range": {"number": {"lt": before}}})
        hits = self.documents.scan(NAME, {"bool": {"filter": parts}}, [{"number": "desc"}], limit=limit)
        return [row_of(hit["_source"]["body"]).record() for hit in hits]

    def faults(self) -> Iterator[str]:
        """Yield what is wrong with the chain."""
        self.documents.server.refresh(NAME)
        chain, number = GENESIS, 0
        for hit in self.documents.scan(NAME, {"match_all": {}}, [{"number": "asc"}]):
            found = row_of(hit["_source"]["body"])
            number += 1
            if found.id != number:
                yield f"audit record {number} is missing"
                number = found.id
            if found.hash != found.expected(chain):
                yield f"audit record {found.id} was changed, or the one before it"
            elif (
                found.payload is not None
                and hashlib.sha256(found.payload.encode()).digest() != found.payload_digest
            ):
                yield f"the payload of audit record {found.id} was changed"
            chain = found.hash


def doc_id(number: int) -> str:
    """Return the id of a record's document."""
    return f"{number:012}"


def row_doc(op: str, row: Row, act_id: str) -> Action:
    """Return the write of a record."""
    body = [*row[:6], row.payload_digest.hex(), row.hash.hex()]
    source = {"number": row.id, "target": row.target[:LONGEST], "act": act_id, "body": {"row": body}}
    return Action(op, NAME, doc_id(row.id), source)


def row_of(body: Json) -> Row:
    """Return the record that a document holds."""
    *values, digest, chain = body["row"]
    return Row._make([*values, bytes.fromhex(digest), bytes.fromhex(chain)])
