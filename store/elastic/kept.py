"""Things kept by key: set up by people, or known of customers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from core.clock import iso
from core.erasure import KIND as ERASURE
from core.erasure import SECRET, Eraser, eraser
from core.errors import Conflict, InputError
from core.kept import Kept, KeptPage, Order, Sought
from store.codecs import maybe_micros, maybe_moment, micros, moment, plain, storable
from store.elastic import facts, ledger
from store.elastic.bulk import Action, Outcome
from store.elastic.connection import MERGING_SECONDS
from store.elastic.documents import TRIES, Doc, Documents, read
from store.elastic.faults import Json
from store.elastic.indices import MAPPINGS, in_use
from store.elastic.ledger import Ledger
from store.elastic.part import Part
from store.elastic.rebuilding import remove_old

KIND = "kept"


#: For the time of one expunging: no share of deleted documents is too small to merge, none is kept for
#: recovery. The server itself looks at that each half minute.
EXPUNGING: Json = {
    "index.merge.policy.expunge_deletes_allowed": 0,
    "index.soft_deletes.retention_lease.period": "0s",
}
LEASE_TRIES, LEASE_PAUSE = 120, 0.5


class KeptThings(Part):
    """Keep small things under a kind and a key."""

    ledger: Ledger

    def kept(self, kind: str) -> list[Kept]:
        """Return all things of a kind, by key."""
        found = [doc.body for doc in facts.listed(self.documents, f"{KIND} {kind}")]
        return sorted((kept_of(body) for body in found if not body["gone"]), key=lambda one: one.key)

    def keep(self, item: Kept) -> Kept:
        """Store a thing by compare-and-set on its version; raises `Conflict`."""
        doc, stored = self._stored(item.kind, item.key)
        if (stored.version if stored else 0) != item.version:
            raise Conflict("somebody saved this first; nothing of yours was applied", fresh=stored)
        saved = replace(item, body=facts.cleaned(plain(item.body)), version=item.version + 1)
        told = ledger.act(
            actor=item.by,
            action=f"{item.kind}.save",
            target=f"{item.kind}:{item.key}",
            now=item.at,
            before=dict(stored.body) if stored else {},
            after=dict(saved.body),
        )
        source, doc_id = kept_source(saved, told), facts.fact_key(KIND, item.kind, item.key)
        action = doc.replaced(source) if doc else Action("create", facts.NAME, doc_id, source)
        if self.documents.write([action], refresh=True)[0] is not Outcome.DONE:
            fresh = self._stored(item.kind, item.key)[1]
            raise Conflict("somebody saved this first; nothing of yours was applied", fresh=fresh)
        self.ledger.write(told)
        self._forget_act(doc_id)
        return self._stored(item.kind, item.key)[1] or saved

    def drop(self, kind: str, key: str, *, actor: str, now: datetime) -> None:
        """Take a thing away; its audit record keeps what it was."""
        for _ in range(TRIES):
            doc, stored = self._stored(kind, key)
            if doc is None or stored is None:
                return
            told = ledger.act(
                actor=actor,
                action=f"{kind}.remove",
                target=f"{kind}:{key}",
                now=now,
                before={**stored.body, "by": stored.by, "at": iso(stored.at)},
            )
            action = doc.replaced(kept_source(stored, told, gone=True))
            if self.documents.write([action], refresh=True)[0] is Outcome.DONE:
                self.ledger.write(told)
                self._forget_act(doc.id)
                return

    def kept_one(self, kind: str, key: str) -> Kept | None:
        """Return one thing; None where there is none."""
        return self._stored(kind, key)[1]

    def kept_many(self, kind: str, keys: Iterable[str]) -> dict[str, Kept]:
        """Return things by key; those that are not there are left out."""
        docs = self.documents.many((facts.NAME, facts.fact_key(KIND, kind, key)) for key in keys)
        found = [kept_of(doc.body) for doc in docs.values() if not doc.body["gone"]]
        return {item.key: item for item in found}

    def kept_page(self, sought: Sought, *, limit: int = 50, after: str | None = None) -> KeptPage:
        """Return a page of what is sought."""
        self.server.refresh(facts.NAME)
        sort: list[Json] = [{"key": "asc"}]
        if sought.order is not Order.KEY:
            sort.insert(0, {"due": "asc" if sought.order is Order.SOONEST else "desc"})
        place = _place(after, len(sort)) if after is not None else None
        hits = list(self.documents.scan(facts.NAME, _query(sought), sort, limit=limit + 1, after=place))
        items = tuple(kept_of(read(facts.NAME, hit).body) for hit in hits[:limit])
        more = len(hits) > limit
        return KeptPage(items=items, next=json.dumps(hits[limit - 1]["sort"]) if more else None)

    def kept_counts(self, sought: Sought) -> dict[str, int]:
        """Return how many of what is sought have each state."""
        self.server.refresh(facts.NAME)
        asked: Json = {"terms": {"field": "state", "size": 1_000, "missing": ""}}
        body: Json = {"size": 0, "query": _query(sought), "aggs": {"states": asked}}
        buckets = self.server.search(facts.NAME, body)["aggregations"]["states"]["buckets"]
        return {str(one["key"]): int(one["doc_count"]) for one in buckets}

    def kept_sums(self, kind: str, *path: str) -> dict[str, float]:
        """Return by state what the numbers at one place in the bodies of a kind add up to."""
        self.server.refresh(facts.NAME)
        parts = ["body.state", ".".join(("body.body", *path))]
        query = _query(Sought(kind=kind))
        sums: dict[str, float] = {}
        for hit in self.documents.scan(facts.NAME, query, [{"key": "asc"}], parts=parts):
            body = hit["_source"]["body"]
            value: object = body.get("body")
            for name in path:
                value = value.get(name) if isinstance(value, dict) else None
            number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
            state = str(body.get("state", ""))
            sums[state] = sums.get(state, 0.0) + number
        return sums

    def keep_all(self, items: Sequence[Kept]) -> list[Kept]:
        """Store things whose version is the stored one; return those that were."""
        docs = self._docs(items)
        wanted: list[tuple[Kept, Action]] = []
        for item in items:
            doc_id = facts.fact_key(KIND, item.kind, item.key)
            doc = docs.get((facts.NAME, doc_id))
            if _version(doc) != item.version:
                continue
            saved = replace(item, body=facts.cleaned(plain(item.body)), version=item.version + 1)
            source = kept_source(saved, doc.body["act"] if doc else None)
            wanted.append(
                (saved, doc.replaced(source) if doc else Action("create", facts.NAME, doc_id, source))
            )
        outcomes = self.documents.write([action for _, action in wanted])
        return [item for (item, _), outcome in zip(wanted, outcomes, strict=True) if outcome is Outcome.DONE]

    def drop_all(self, items: Sequence[Kept]) -> int:
        """Take away things whose version is the stored one; return how many."""
        docs = self._docs(items)
        found = [(docs.get((facts.NAME, facts.fact_key(KIND, one.kind, one.key))), one) for one in items]
        actions = [doc.removed() for doc, one in found if doc is not None and _version(doc) == one.version]
        return self.documents.write(actions).count(Outcome.DONE)

    def all_kept(self) -> Iterator[Kept]:
        """Yield everything kept, by kind and key."""
        self.server.refresh(facts.NAME)
        query: Json = {"prefix": {"kind": f"{KIND} "}}
        for hit in self.documents.scan(facts.NAME, query, [{"kind": "asc"}, {"key": "asc"}]):
            body = read(facts.NAME, hit).body
            if not body["gone"]:
                yield kept_of(body)

    def expunge(self) -> None:
        """Write every segment anew that holds something deleted, and let the translog go.

        What was deleted is first kept for recovery: until its leases have moved on, no merge drops it.
        """
        names = ",".join(self.server.alias(name) for name in MAPPINGS)
        # An index that was made anew an hour ago at most lies here still, with everybody in it.
        remove_old(self.server, in_use(self.server), grace_ms=0)
        self.server.put(f"/{names}/_settings", dict(EXPUNGING))
        try:
            self.server.post(f"/{names}/_flush", force="true", wait_if_ongoing="true")
            for _ in range(LEASE_TRIES):
                if not self._leased(names):
                    break
                time.sleep(LEASE_PAUSE)
            merge = {"only_expunge_deletes": "true", "flush": "true"}
            self.server.request("POST", f"/{names}/_forcemerge", params=merge, seconds=MERGING_SECONDS)
            self.server.post(f"/{names}/_flush", force="true", wait_if_ongoing="true")
            self.server.post(f"/{names}/_refresh")
        finally:
            self.server.put(f"/{names}/_settings", dict.fromkeys(EXPUNGING))

    def _leased(self, names: str) -> bool:
        """Tell whether any shard still keeps deleted documents for recovery."""
        told = self.server.get(f"/{names}/_stats", level="shards").body.get("indices", {})
        shards = [copy for index in told.values() for copies in index["shards"].values() for copy in copies]
        return any(
            lease["retaining_seq_no"] <= shard["seq_no"]["global_checkpoint"]
            for shard in shards
            for lease in shard["retention_leases"]["leases"]
        )

    def _docs(self, items: Sequence[Kept]) -> dict[tuple[str, str], Doc]:
        return self.documents.many((facts.NAME, facts.fact_key(KIND, one.kind, one.key)) for one in items)

    def _stored(self, kind: str, key: str) -> tuple[Doc | None, Kept | None]:
        """Return a thing as it is now; an act that a crash left untold is told first."""
        doc_id = facts.fact_key(KIND, kind, key)
        doc = self.documents.get(facts.NAME, doc_id)
        if doc is not None and doc.body["act"]:
            self.ledger.write(doc.body["act"], once=True)
            self._forget_act(doc_id)
            doc = self.documents.get(facts.NAME, doc_id)
        return doc, kept_of(doc.body) if doc is not None and not doc.body["gone"] else None

    def _forget_act(self, doc_id: str) -> None:
        """Take away what was told; of a thing that is gone nothing stays."""

        def forget(doc: Doc) -> Json | None:
            return None if doc.body["gone"] else kept_source(kept_of(doc.body), None)

        self.documents.edit(facts.NAME, [doc_id], forget)
        doc = self.documents.get(facts.NAME, doc_id)
        if doc is not None and doc.body["gone"]:
            self.documents.write([doc.removed()])


def eraser_in(documents: Documents) -> Eraser:
    """Return what recognises everybody who was erased."""
    doc = documents.get(facts.NAME, facts.fact_key("memo", SECRET))
    if doc is None:
        return eraser(None, ())
    query: Json = {"term": {"kind": f"{KIND} {ERASURE}"}}
    documents.server.fresh(facts.NAME)
    hits = documents.scan(facts.NAME, query, [{"key": "asc"}])
    return eraser(str(doc.body["value"]), (str(hit["_source"]["body"]["key"]) for hit in hits))


def _version(doc: Doc | None) -> int:
    return 0 if doc is None or doc.body["gone"] else int(doc.body["version"])


def _query(sought: Sought) -> Json:
    parts: list[Json] = [{"term": {"kind": f"{KIND} {storable(sought.kind)}"}}]
    if sought.states:
        parts.append({"terms": {"state": list(sought.states)}})
    parts += [{"term": {"refs": storable(ref)[: facts.LONGEST_KEY]}} for ref in sought.refs]
    bounds: Json = {}
    if sought.since is not None:
        bounds["gte"] = micros(sought.since)
    if sought.until is not None:
        bounds["lt"] = micros(sought.until)
    if bounds:
        parts.append({"range": {"due": bounds}})
    if sought.order is not Order.KEY:
        parts.append({"exists": {"field": "due"}})
    return {"bool": {"filter": parts}}


def _place(mark: str, length: int) -> list[object]:
    """Return the place that a page's `next` names.

    Raises:
        InputError: it is none of ours.
    """
    try:
        place = json.loads(mark)
    except ValueError:
        place = None
    kinds = (str,) if length == 1 else (int, str)
    if not isinstance(place, list) or [type(one) for one in place] != list(kinds):
        raise InputError("this page does not exist; start from the first one")
    return place


def kept_source(item: Kept, told: Json | None, *, gone: bool = False) -> Json:
    """Return a thing's document; `told` is the act that is not in the audit yet."""
    body = {
        "kind": item.kind,
        "key": item.key,
        "body": dict(item.body),
        "by": item.by,
        "at": micros(item.at),
        "version": item.version,
        "state": item.state,
        "due": maybe_micros(item.due),
        "refs": list(item.refs),
        "gone": gone,
        "act": told,
    }
    fields: Json = {"state": item.state, "due": maybe_micros(item.due)}
    fields["refs"] = [storable(ref)[: facts.LONGEST_KEY] for ref in item.refs]
    kind = f"{'gone' if gone else KIND} {item.kind}"
    return facts.fact(kind, item.key, body, pending=told is not None, **fields)


def kept_of(body: Json) -> Kept:
    """Return the thing in a document's body."""
    return Kept(
        kind=body["kind"],
        key=body["key"],
        body=body["body"],
        by=body["by"],
        at=moment(body["at"]),
        version=body["version"],
        # What an earlier Earful wrote has no more than that.
        state=body.get("state", ""),
        due=maybe_moment(body.get("due")),
        refs=tuple(body.get("refs", ())),
    )
