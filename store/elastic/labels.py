"""Labels: the list of what is to be labelled, and the answers.

A lease is a small document of its own, so that claiming does not write mentions anew. It ends by time; one
that ran out although its answer is stored tells of a crash between the answer and the thread, which is
then brought up to date.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from core.clock import iso
from core.errors import NotFound
from core.labels import Labels as Label
from core.thread import Correction
from core.work import Answer, Unlabelled
from store import analysis
from store.codecs import micros, storable
from store.elastic import facts, ledger, records
from store.elastic.bulk import Action, Outcome
from store.elastic.documents import Doc, read
from store.elastic.faults import Json
from store.elastic.ledger import Ledger
from store.elastic.part import Part
from store.elastic.records import BETWEEN, Pair, Record, mention_key
from store.elastic.telling import Telling

NAME, OFFICE = "mentions", facts.NAME
#: Brands counted apart in the backlog.
MOST_BRANDS = 10_000
#: Leases looked at for crashes each time.
LATE = 500


class _Due(NamedTuple):
    """A pair that wants a label, and the lease that stands on it."""

    record: Record
    brand: str
    lease: Doc | None

    @property
    def place(self) -> tuple[int, str]:
        return micros(self.record.mention.published_at), self.record.mention.id


class Labels(Part):
    """Be the list of what is to be labelled, and keep the answers."""

    telling: Telling
    ledger: Ledger
    registry: facts.Registry

    def lease_unlabelled(
        self, model: str, *, limit: int, owner: str, lease: timedelta, now: datetime
    ) -> list[Unlabelled]:
        """Claim pairs that have no answer of `model`, newest first; its own owner may claim a pair again."""
        self._finish_late(now)
        self.server.refresh(NAME)
        claimed: list[_Due] = []
        for step in self._steps(model, limit):
            due = self._free(step, model, owner, now)[: limit - len(claimed)]
            body = {"owner": owner, "until": micros(now + lease), "model": model}
            actions = [_claim(one, body) for one in due]
            outcomes = self.documents.write(actions)
            claimed += [one for one, outcome in zip(due, outcomes, strict=True) if outcome is Outcome.DONE]
            if len(claimed) >= limit:
                break
        return self._unlabelled(claimed)

    def _steps(self, model: str, limit: int) -> Iterator[list[str]]:
        """Yield document ids of mentions that want a label, newest first."""
        # A list field is in a range where any of its values is: any other answer than the model's.
        other = [{"range": {"answers": {end: model}}} for end in ("lt", "gt")]
        query: Json = {"bool": {"should": other, "minimum_should_match": 1}}
        order: list[Json] = [{"published": "desc"}, {"id": "desc"}]
        hits = self.documents.scan(NAME, query, order, fields=["id"])
        while step := list(itertools.islice(hits, min(max(limit, 1), 1_000))):
            yield [hit["_id"] for hit in step]

    def _free(self, ids: Sequence[str], model: str, owner: str, now: datetime) -> list[_Due]:
        """Return the pairs of mentions that nobody else has claimed, as they are now."""
        docs = self.documents.many((NAME, doc_id) for doc_id in ids)
        wanted = [
            (record, brand)
            for doc in docs.values()
            for record in [records.read(doc)]
            for brand, pair in sorted(record.pairs.items())
            if pair.flags.wanted and pair.answer != model
        ]
        asked = [(OFFICE, lease_key(record.mention.id, brand)) for record, brand in wanted]
        leases = self.documents.many(asked)
        due = [
            _Due(record, brand, leases.get(place))
            for (record, brand), place in zip(wanted, asked, strict=True)
        ]
        free = [one for one in due if _is_free(one, owner, now)]
        return sorted(free, key=lambda one: one.place, reverse=True)

    def _unlabelled(self, claimed: Sequence[_Due]) -> list[Unlabelled]:
        ids = {watch for due in claimed for watch in due.record.watches}
        watches = facts.watches(self.documents, sorted(ids)) if ids else {}
        found = []
        for due in claimed:
            matched = sorted(watch for watch, matched in due.record.watches.items() if matched)
            asking = [watches[watch] for watch in matched if watch in watches]
            asking = [watch for watch in asking if any(due.brand == one.name for one in watch.brands)]
            asking.sort(key=lambda watch: (watch.product.name != due.brand, watch.id))
            stored = due.record.stored()
            found.append(
                Unlabelled(
                    mention=stored.mention,
                    revision=stored.revision,
                    brand=due.brand,
                    watch_id=asking[0].id if asking else stored.watches[0],
                )
            )
        return found

    def put_labels(self, answers: Sequence[Answer], *, now: datetime) -> int:
        """Store answers, tell the threads, then end the leases; return how many were stored."""
        del now  # the port's; nothing here needs the time
        asked: dict[str, list[Answer]] = {}
        for answer in answers:
            asked.setdefault(mention_key(answer.mention_id), []).append(answer)
        leases = self._leases(answers)
        kept: dict[str, int] = {}
        threads: dict[str, str] = {}
        self.registry.add(**_names(answer.labels for answer in answers))

        def store(doc: Doc) -> Json | None:
            record = records.read(doc)
            fresh = [one for one in asked[doc.id] if one.revision == record.revision]
            kept[doc.id] = 0 if record.mention.deleted else len(fresh)
            if not kept[doc.id]:
                return None
            for one in fresh:
                _answer(record, one.labels, leases)
            threads[record.mention.id] = record.mention.thread_id
            return record.source()

        self.documents.edit(NAME, asked, store)
        if threads:
            self.telling.refresh_members(threads.values(), threads)
        ended = [Action("delete", OFFICE, lease.id) for lease in leases.values()]
        self.documents.write(ended)
        return sum(kept.values())

    def _leases(self, answers: Iterable[Answer]) -> dict[str, Doc]:
        ids = [lease_key(answer.mention_id, answer.labels.brand) for answer in answers]
        found = self.documents.many((OFFICE, one) for one in ids)
        return {doc.id: doc for doc in found.values()}

    def _finish_late(self, now: datetime) -> None:
        """End leases that ran out; one whose answer is stored tells of a crash before its thread knew."""
        self.server.refresh(OFFICE)
        parts: list[Json] = [{"term": {"kind": "lease"}}, {"range": {"until": {"lte": micros(now)}}}]
        query: Json = {"bool": {"filter": parts}}
        body: Json = {"query": query, "size": LATE, "seq_no_primary_term": True, "track_total_hits": False}
        late = [read(OFFICE, hit) for hit in self.server.search(OFFICE, body)["hits"]["hits"]]
        if not late:
            return
        found = self.documents.many((NAME, mention_key(lease.body["mention"])) for lease in late)
        kept = {record.mention.id: record for record in map(records.read, found.values())}
        answered = [
            kept[lease.body["mention"]]
            for lease in late
            if lease.body["mention"] in kept and _is_answered(kept[lease.body["mention"]], lease)
        ]
        if answered:
            ids = {record.mention.id: record.mention.thread_id for record in answered}
            self.telling.refresh_members(ids.values(), ids)
        self.documents.write([lease.removed() for lease in late])

    def backlog(self, model: str) -> int:
        """Return how many pairs have no answer of `model`."""
        self.server.fresh(NAME)
        body: Json = {
            "size": 0,
            "track_total_hits": False,
            "aggs": {"pairs": {"terms": {"field": "answered", "size": MOST_BRANDS}}},
        }
        buckets = self.server.search(NAME, body)["aggregations"]["pairs"]["buckets"]
        counts: Counter[bool] = Counter()
        for bucket in buckets:
            counts[bucket["key"].rpartition(BETWEEN)[2] == model] += bucket["doc_count"]
        return counts[False]

    def correct(self, correction: Correction) -> None:
        """Store a person's word against a label; the same word twice is one word."""
        self.registry.add(brands=[storable(correction.brand)])
        told: list[str] = []
        doc_id = mention_key(correction.mention_id)

        def add(doc: Doc) -> Json | None:
            record = records.read(doc)
            told[:] = [record.mention.thread_id]
            same = (correction.brand, correction.at, correction.by)
            if any((one.brand, one.at, one.by) == same for one in record.corrections):
                return None
            record.corrections.append(correction)
            record.pairs.setdefault(correction.brand, Pair())
            return record.source()

        written = self.documents.edit(NAME, [doc_id], add)
        if not told:
            raise NotFound(f"there is no mention {correction.mention_id!r}; search for its text instead")
        self.telling.refresh_members(told, [correction.mention_id])
        act = _act(correction)
        self.ledger.write(act, once=not written)


def lease_key(mention_id: str, brand: str) -> str:
    """Return the id of a lease's document."""
    return facts.fact_key("lease", mention_id, brand)


def _is_free(due: _Due, owner: str, now: datetime) -> bool:
    if due.lease is None:
        return True
    body = due.lease.body
    mine, until, revision = body["owner"] == owner, int(body["until"]), int(body["revision"])
    return bool(mine) or until <= micros(now) or revision != due.record.revision


def _is_answered(record: Record, lease: Doc) -> bool:
    pair = record.pairs.get(lease.body["brand"])
    return pair is not None and bool(pair.answer)


def _claim(due: _Due, body: Json) -> Action:
    known: Json = {"mention": due.record.mention.id, "brand": due.brand, "revision": due.record.revision}
    source = facts.fact("lease", "", body | known, until=body["until"])
    if due.lease is not None:
        return due.lease.replaced(source)
    return Action("create", OFFICE, lease_key(due.record.mention.id, due.brand), source)


def _answer(record: Record, labels: Label, leases: dict[str, Doc]) -> None:
    pair = record.pairs.setdefault(labels.brand, Pair())
    model = labels.model
    if labels.not_labelled is not None:
        # A refusal may carry the name of the rule that refused; it answers for the model that asked.
        lease = leases.get(lease_key(record.mention.id, labels.brand))
        model = (lease.body["model"] if lease else "") or model
    pair.labels, pair.answer = Label.from_json(labels.to_json()), model


def _names(labels: Iterable[Label]) -> dict[str, set[str]]:
    """Return the names that queries need to know."""
    told = list(labels)
    return {
        "brands": {one.brand for one in told},
        "languages": {analysis.stem_language(one.language.replace("_", "-").lower()) for one in told},
    }


def _act(correction: Correction) -> Json:
    at = iso(correction.at)
    said = {"brand": correction.brand, "tone": correction.tone, "churn": correction.churn, "at": at}
    return ledger.act(
        actor=correction.by,
        action="label.correct",
        target=f"mention:{correction.mention_id}",
        now=correction.at,
        after=said,
        act_id=facts.fact_key("correct", correction.mention_id, correction.brand, at, correction.by),
    )
