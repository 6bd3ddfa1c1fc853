"""What a person would write by hand on the client: what `earful bench store --url` compares with.

The client's own bulk helper, and searches written out over the same indices, whose hits it hands out as
JSON. A triage is written into copies, which the benchmark throws away.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence

from core.errors import ConfigError
from store.elastic import ElasticStore, records, talks
from store.elastic.bulk import Action, Outcome, Sender
from store.elastic.connection import Server
from store.elastic.documents import Documents
from store.elastic.faults import Json
from store.elastic.indices import MAPPINGS, SETTINGS
from store.elastic.records import mention_key
from store.elastic.talks import talk_key

ORDER = [{"published": "desc"}, {"id": "desc"}]
QUEUE_ORDER = [{"pinned": "desc"}, {"points": "desc"}, {"thread": "asc"}]
STEP = 500
#: What is written for the benchmark alone, and the mapping of each.
PLACES = {"own": "mentions", "raw": "mentions", "threads": "threads", "members": "mentions", "audit": "audit"}

Written = tuple[str, Json]


class Raw:
    """The client beside the store at the same address; its indices are gone when it is closed."""

    def __init__(self, store: object) -> None:
        if not isinstance(store, ElasticStore):
            raise ConfigError("give --url as elasticsearch+http://HOST:PORT/PREFIX, a server for benchmarks")
        import elasticsearch  # noqa: PLC0415 — an extra, imported where it is used
        from elasticsearch import helpers  # noqa: PLC0415

        self.server: Server = store.server
        self.documents: Documents = store.documents
        self.sender = Sender(self.server)
        self.client = elasticsearch.Elasticsearch(self.server.address.server, request_timeout=60)
        self.helpers = helpers
        self.places = {name: f"{self.server.address.prefix}-bench-{name}" for name in PLACES}
        self._last = (0, b"")
        self._remove()
        for name, place in self.places.items():
            mapping = {"dynamic": False, "properties": MAPPINGS[PLACES[name]]}
            self.client.indices.create(index=place, mappings=mapping, settings=SETTINGS)

    def documents_written(self) -> Iterator[list[Written]]:
        """Yield what the store wrote of mentions, a batch at a time."""
        found = self.helpers.scan(self.client, index=self.server.alias("mentions"), size=STEP)
        batch: list[Written] = []
        for hit in found:
            batch.append((hit["_id"], hit["_source"]))
            if len(batch) == STEP:
                yield batch
                batch = []

    def send(self, batch: list[Written]) -> int:
        """Write a batch with the store's sender; return how many went in."""
        actions = [Action("index", "mentions", key, body, self.places["own"]) for key, body in batch]
        return self.sender.send(actions).count(Outcome.DONE)

    def bulk(self, batch: list[Written]) -> int:
        """Write a batch with the client's own helper; return how many went in."""
        actions = [{"_index": self.places["raw"], "_id": key, "_source": body} for key, body in batch]
        return int(self.helpers.bulk(self.client, actions, chunk_size=STEP)[0])

    def page(self, asked: Json, *, limit: int = 50) -> list[Json]:
        """Return the newest mentions that `asked` finds."""
        found = self._search(asked, sort=ORDER, size=limit + 1, track_total_hits=False)
        hits: list[Json] = found["hits"]["hits"]
        return hits

    def count(self, asked: Json) -> int:
        """Return how many mentions `asked` finds."""
        counted = self.client.count(index=self.server.alias("mentions"), query=_standing(asked))
        return int(counted["count"])

    def mentions(self) -> int:
        """Return how many mentions the store holds."""
        return int(self.client.count(index=self.server.alias("mentions"))["count"])

    def facets(self, asked: Json, fields: Sequence[str]) -> Json:
        """Return the commonest values of fields among what `asked` finds."""
        aggs = {field: {"terms": {"field": field, "size": 20}} for field in fields}
        found: Json = self._search(asked, size=0, track_total_hits=False, aggs=aggs)["aggregations"]
        return found

    def histogram(self, asked: Json, width: int) -> list[Json]:
        """Return hits per bar, and of each tone in it."""
        bars: Json = {"field": "published", "interval": width, "min_doc_count": 1}
        tones = {"tones": {"terms": {"field": "tones"}}}
        aggs = {"bars": {"histogram": bars, "aggs": tones}}
        found = self._search(asked, size=0, track_total_hits=False, aggs=aggs)
        buckets: list[Json] = found["aggregations"]["bars"]["buckets"]
        return buckets

    def queue(self, *, limit: int = 50) -> tuple[list[Json], list[Json], int]:
        """Return the open threads that come first, what shows beside them, and how many there are."""
        kept = [{"term": {"status": "open"}}, {"range": {"matched": {"gt": 0}}}]
        found = self.client.search(
            index=self.server.alias("threads"),
            query={"bool": {"filter": kept}},
            sort=QUEUE_ORDER,
            size=limit + 1,
            track_total_hits=True,
        )["hits"]
        bodies = [hit["_source"]["body"] for hit in found["hits"]]
        shown = {mention_id for body in bodies for mention_id in _ends(body)}
        return bodies, self._mentions(sorted(shown)), int(found["total"]["value"])

    def thread(self, thread_id: str) -> tuple[Json, list[Json]]:
        """Return a thread and its mentions, oldest first."""
        doc = self.client.get(index=self.server.alias("threads"), id=talk_key(thread_id))
        body: Json = doc["_source"]["body"]
        return body, sorted(self._mentions(list(body["members"])), key=_published)

    def threads(self, count: int) -> list[str]:
        """Return the ids of some threads, the largest first."""
        aggs = {"threads": {"terms": {"field": "thread", "size": count}}}
        found = self._search({"match_all": {}}, size=0, aggs=aggs)
        return [bucket["key"] for bucket in found["aggregations"]["threads"]["buckets"]]

    def copy(self, thread_ids: Sequence[str]) -> None:
        """Write threads and their mentions, whole, into the indices that `triage` writes."""
        found = self.documents.many(("threads", talk_key(one)) for one in thread_ids)
        known = [talks.read(doc) for doc in found.values()]
        ids = [("mentions", mention_key(one)) for talk in known for one in talk.members]
        members = [(doc.id, records.read(doc).source()) for doc in self.documents.many(ids).values()]
        copies = {"threads": [(talk_key(talk.id), talk.source_doc()) for talk in known], "members": members}
        for name, written in copies.items():
            actions = [{"_index": self.places[name], "_id": key, "_source": body} for key, body in written]
            self.helpers.bulk(self.client, actions, refresh=True)

    def triage(self, thread_id: str, version: int, status: str, at: int) -> int:
        """Change a thread's status by compare-and-set; return the number of its chained audit record.

        What the port promises: the version that the person saw is compared, the thread is to be ranked anew,
        its mentions are found by the new status, and whoever dies in between leaves the record to be
        written where the next one finds it.

        Raises:
            ValueError: somebody changed it first.
        """
        place, key = self.places["threads"], talk_key(thread_id)
        doc = self.client.get(index=place, id=key)
        body: Json = doc["_source"]["body"]
        if body["triage"][6] != version:
            raise ValueError("somebody changed this thread first")
        became = [status, *body["triage"][1:6], version + 1]
        payload = json.dumps({"before": body["triage"], "after": became})
        digest = hashlib.sha256(payload.encode()).digest()
        told = (self._last[0] + 1, at, "ada", "triage.resolve", f"thread:{thread_id}")
        chain = hashlib.sha256(self._last[1] + json.dumps(told).encode() + digest).digest()
        row = [*told, payload, digest.hex(), chain.hex()]
        decided: Json = {"triage": became, "sequence": body["sequence"] + 1, "acts": [row]}
        written = self.client.update(
            index=place,
            id=key,
            doc={"status": status, "stale": True, "pending": True, "body": decided},
            if_seq_no=doc["_seq_no"],
            if_primary_term=doc["_primary_term"],
        )
        lines: list[Json] = [{"create": {"_index": self.places["audit"], "_id": f"{told[0]:012}"}}]
        lines += [{"number": told[0], "target": told[4], "body": {"row": row}}]
        for one in body["members"]:
            lines += [{"update": {"_index": self.places["members"], "_id": mention_key(one)}}]
            lines += [{"doc": {"status": status}}]
        if self.client.bulk(operations=lines)["errors"]:
            raise ValueError("somebody else writes into the audit or the mentions")
        self._last = (told[0], chain)
        self.client.update(
            index=place,
            id=key,
            doc={"pending": False, "body": {"acts": []}},
            if_seq_no=written["_seq_no"],
            if_primary_term=written["_primary_term"],
        )
        return told[0]

    def close(self) -> None:
        """Take the indices of the benchmark away."""
        self._remove()
        self.client.close()

    def _search(self, asked: Json, **wanted: object) -> Json:
        found = self.client.search(
            index=self.server.alias("mentions"),
            query=_standing(asked),
            **wanted,
        )
        return dict(found.body)

    def _mentions(self, ids: Sequence[str]) -> list[Json]:
        keys = [mention_key(one) for one in ids]
        found = self.client.mget(index=self.server.alias("mentions"), ids=keys)
        return [doc["_source"]["body"] for doc in found["docs"] if doc["found"]]

    def _remove(self) -> None:
        for place in self.places.values():
            self.client.options(ignore_status=404).indices.delete(index=place)


def _standing(asked: Json) -> Json:
    """Return the same of mentions that stand and are no context."""
    return {"bool": {"filter": [asked, {"term": {"deleted": False}}, {"term": {"context": False}}]}}


def _published(body: Json) -> str:
    return str(body["mention"]["published_at"])


def _ends(body: Json) -> set[str]:
    """Return the mention that began a thread, and the matched one likeliest to leave."""
    members: dict[str, list[int]] = body["members"]
    first = body["id"] if body["id"] in members else min(members, key=lambda one: members[one][0])
    matched = [(one[5], one[0], key) for key, one in members.items() if not (one[1] or one[2] or one[3])]
    return {first, max(matched)[2]} if matched else {first}
