"""What a person would write by hand on the client: what `earful bench store --url` compares with.

The client's own bulk helper, and searches written out over the same index, whose hits it hands out as JSON.
"""

from __future__ import annotations

from collections.abc import Iterator

from core.errors import ConfigError
from store.elastic import ElasticStore
from store.elastic.bulk import Action, Outcome, Sender
from store.elastic.connection import Server
from store.elastic.faults import Json
from store.elastic.indices import MAPPINGS, SETTINGS

ORDER = [{"published": "desc"}, {"id": "desc"}]
STEP = 500

Written = tuple[str, Json]


class Raw:
    """The client beside the store at the same address; its indices are gone when it is closed."""

    def __init__(self, store: object) -> None:
        if not isinstance(store, ElasticStore):
            raise ConfigError("give --url as elasticsearch+http://HOST:PORT/PREFIX, a server for benchmarks")
        import elasticsearch  # noqa: PLC0415 — an extra, imported where it is used
        from elasticsearch import helpers  # noqa: PLC0415

        self.server: Server = store.server
        self.sender = Sender(self.server)
        self.client = elasticsearch.Elasticsearch(self.server.address.server, request_timeout=60)
        self.helpers = helpers
        self.places = [f"{self.server.address.prefix}-bench-{side}" for side in ("own", "raw")]
        self._remove()
        for place in self.places:
            mapping = {"dynamic": False, "properties": MAPPINGS["mentions"]}
            self.client.indices.create(index=place, mappings=mapping, settings=SETTINGS)

    def documents(self) -> Iterator[list[Written]]:
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
        actions = [Action("index", "mentions", key, body, self.places[0]) for key, body in batch]
        return self.sender.send(actions).count(Outcome.DONE)

    def bulk(self, batch: list[Written]) -> int:
        """Write a batch with the client's own helper; return how many went in."""
        actions = [{"_index": self.places[1], "_id": key, "_source": body} for key, body in batch]
        return int(self.helpers.bulk(self.client, actions, chunk_size=STEP)[0])

    def page(self, words: str, *, limit: int = 50) -> list[Json]:
        """Return the newest mentions in whose title or text all of `words` stand."""
        asked = [
            {"multi_match": {"query": word, "fields": ["title", "text"], "analyzer": "whitespace"}}
            for word in words.split()
        ]
        kept = [{"term": {"deleted": False}}, {"term": {"context": False}}]
        found = self.client.search(
            index=self.server.alias("mentions"),
            query={"bool": {"filter": [*asked, *kept]}},
            sort=ORDER,
            size=limit + 1,
            track_total_hits=False,
        )
        hits: list[Json] = found["hits"]["hits"]
        return hits

    def close(self) -> None:
        """Take the indices of the benchmark away."""
        self._remove()
        self.client.close()

    def _remove(self) -> None:
        for place in self.places:
            self.client.options(ignore_status=404).indices.delete(index=place)
