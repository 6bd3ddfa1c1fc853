"""Small documents and the audit as records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.errors import StoreError
from core.records import BETWEEN, Record, place
from store.codecs import dumps
from store.elastic import facts, ledger
from store.elastic.bulk import Action, Outcome
from store.elastic.desk import item_source, work_source
from store.elastic.documents import Documents, read
from store.elastic.faults import Json
from store.elastic.kept import KIND as KEPT
from store.elastic.kept import kept_of as stored_kept
from store.elastic.kept import kept_source
from store.elastic.mentions import cursor_doc
from store.elastic.office import link_doc, memo_doc, session_doc, user_doc
from store.elastic.watches import watch_source
from store.watchcodec import watch_from_text
from store.wholes import OTHER_AUDIT, audit_record, audit_row, kept_of, kept_record

Doc = tuple[str, Json]


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Records that are documents of the office index."""

    kind: str
    #: Which of them.
    query: Json
    #: The key and the body of a record from a document's body, and the id and the document from a record's.
    told: Callable[[Json], tuple[str, Json]]
    doc: Callable[[Json], Doc]
    #: How the office names the kind in the ids of its documents.
    name: str
    #: What the server can order them by; None where they are few enough to be ordered here.
    order: tuple[str, ...] | None = None
    index: str = facts.NAME

    def count(self, documents: Documents) -> int:
        """Return how many there are."""
        return _count(documents, facts.NAME, self.query)

    def read(self, documents: Documents) -> Iterator[Record]:
        """Yield all, in order."""
        order: list[Json] = [{name: "asc"} for name in self.order or ("_doc",)]
        hits = documents.scan(facts.NAME, self.query, order)
        found = (self.told(read(facts.NAME, hit).body) for hit in hits)
        records = (Record(kind=self.kind, key=key, body=body) for key, body in found)
        return records if self.order else iter(sorted(records, key=lambda record: record.place))

    def write(self, documents: Documents, records: Sequence[Record]) -> None:
        """Store documents, whatever stood under their keys."""
        _write(documents, [Action("index", facts.NAME, *self.doc(dict(record.body))) for record in records])

    def remove(self, documents: Documents, keys: Sequence[str]) -> None:
        """Take documents away."""
        ids = [facts.fact_key(self.name, *place(key)) for key in keys]
        documents.write([Action("delete", facts.NAME, one) for one in ids], refresh=True)


class Audit:
    """The audit as it is, hashes and all, so that its chain holds in the other store too."""

    index = ledger.NAME

    def count(self, documents: Documents) -> int:
        """Return how many there are."""
        return _count(documents, ledger.NAME, {"match_all": {}})

    def read(self, documents: Documents) -> Iterator[Record]:
        """Yield all, in order."""
        for hit in documents.scan(ledger.NAME, {"match_all": {}}, [{"number": "asc"}]):
            yield audit_record(ledger.row_of(hit["_source"]["body"]))

    def write(self, documents: Documents, records: Sequence[Record]) -> None:
        """Add records to the chain.

        Raises:
            StoreError: another record stands there; the audit is never changed.
        """
        rows = [audit_row(record.body) for record in records]
        there = documents.many((ledger.NAME, ledger.doc_id(row.id)) for row in rows)
        for row in rows:
            doc = there.get((ledger.NAME, ledger.doc_id(row.id)))
            if doc is not None and ledger.row_of(doc.body).hash != row.hash:
                raise StoreError(OTHER_AUDIT)
        _write(documents, [ledger.row_doc("index", row, f"moved {row.id}") for row in rows])

    def remove(self, _documents: Documents, _keys: Sequence[str]) -> None:
        """Refuse: the audit is append-only.

        Raises:
            StoreError: always.
        """
        raise StoreError(OTHER_AUDIT)


def _count(documents: Documents, name: str, query: Json) -> int:
    body: Json = {"size": 0, "query": query, "track_total_hits": True}
    return int(documents.server.search(name, body)["hits"]["total"]["value"])


def _write(documents: Documents, actions: Sequence[Action]) -> None:
    if Outcome.DEAD in documents.write(actions, refresh=True):
        raise StoreError("the server refused some of this; `earful dead-letters` tells which and why")


def _of(*keys: str) -> Callable[[Json], tuple[str, Json]]:
    """Return what makes the record of a document whose body is the record's."""
    return lambda body: (BETWEEN.join(body[name] for name in keys), body)


#: What a lease is called here, and in records.
LEASE = {"until": "lease_until", "owner": "lease_owner"}


def _leased(body: Json) -> tuple[str, Json]:
    found = {LEASE.get(name, name): value for name, value in body.items()}
    return body["id"], found | {"lease_owner": body.get("owner")}


def _desk_doc(kind: str, source: Callable[[Json], Json]) -> Callable[[Json], Doc]:
    back = {there: here for here, there in LEASE.items()}

    def doc(body: Json) -> Doc:
        found = {back.get(name, name): value for name, value in body.items()}
        return facts.fact_key(kind, body["id"]), source(found)

    return doc


def _watch_told(body: Json) -> tuple[str, Json]:
    watch = body["watch"]
    return watch["id"], {"id": watch["id"], "version": watch["version"], "body": watch}


def _watch_doc(body: Json) -> Doc:
    return facts.watch_key(body["id"]), watch_source(watch_from_text(dumps(body["body"])), None)


def _kept_told(body: Json) -> tuple[str, Json]:
    record = kept_record(stored_kept(body))
    return record.key, dict(record.body)


def _kept_doc(body: Json) -> Doc:
    return facts.fact_key(KEPT, body["kind"], body["key"]), kept_source(kept_of(body), None)


def _state_told(body: Json) -> tuple[str, Json]:
    watch, source = body["watch_id"], body["source"]
    return BETWEEN.join((watch, source)), {"watch": watch, "source": source, "body": body}


def _state_doc(body: Json) -> Doc:
    return facts.fact_key("source", body["watch"], body["source"]), facts.fact(
        "source", body["watch"], body["body"]
    )


def _cursor_doc(body: Json) -> Doc:
    return cursor_doc(body["watch"], body["source"], body["stream"], body["value"])


def _named(kind: str) -> Json:
    return {"term": {"kind": kind}}


_ALL = (
    Facts(
        kind="watch", name="watch", query=_named("watch"), told=_watch_told, doc=_watch_doc, order=("key",)
    ),
    Facts(
        kind="kept",
        name=KEPT,
        query={"prefix": {"kind": f"{KEPT} "}},
        told=_kept_told,
        doc=_kept_doc,
        order=("kind", "key"),
    ),
    Facts(kind="memo", name="memo", query=_named("memo"), told=_of("key"), doc=memo_doc),
    Facts(kind="user", name="user", query=_named("user"), told=_of("name"), doc=user_doc),
    Facts(kind="session", name="session", query=_named("session"), told=_of("token_hash"), doc=session_doc),
    Facts(kind="link", name="link", query=_named("link"), told=_of("token_hash"), doc=link_doc),
    Facts(kind="work", name="work", query=_named("work"), told=_leased, doc=_desk_doc("work", work_source)),
    Facts(
        kind="outbox",
        name="outbox",
        query=_named("outbox"),
        told=_leased,
        doc=_desk_doc("outbox", item_source),
    ),
    Facts(kind="state", name="source", query=_named("source"), told=_state_told, doc=_state_doc),
    Facts(
        kind="cursor",
        name="cursor",
        query=_named("cursor"),
        told=_of("watch", "source", "stream"),
        doc=_cursor_doc,
    ),
)
FACTS: Mapping[str, Facts] = {one.kind: one for one in _ALL}
AUDIT = Audit()
#: What the office holds and no record is made of, and why it stays behind.
STAY = {
    "hands": "who has a thread open at this moment: over within minutes",
    "lease": "claims of labellers that run out by themselves",
    facts.REGISTRY: "made anew from the mentions",
}
