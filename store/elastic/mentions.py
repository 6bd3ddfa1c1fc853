"""Mentions, cursors and the health of sources."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from core.errors import NotFound
from core.source import Cursor, Found, PutCount, SourceState
from core.thread import StoredMention
from store.codecs import micros
from store.elastic import facts, records
from store.elastic.bulk import Action, Outcome
from store.elastic.documents import read
from store.elastic.faults import Json
from store.elastic.kept import eraser_in
from store.elastic.part import Part
from store.elastic.putting import Batch
from store.elastic.records import Record, mention_key
from store.elastic.telling import Telling
from store.sourcecodec import state_from_json, state_to_json

NAME = "mentions"
#: Mentions read together by `mentions()`.
STEP = 500


class Mentions(Part):
    """Keep mentions and where each spider stands."""

    telling: Telling
    registry: facts.Registry

    def put(self, found: Sequence[Found], *, now: datetime, cursor: Cursor | None = None) -> PutCount:
        """Store a batch, then the cursor: one that a crash cut off is finished by putting it again."""
        count = Batch(self.documents, self.telling, self.registry, now).put(
            eraser_in(self.documents).admitted(found)
        )
        if cursor is not None:
            where = (cursor.watch_id, cursor.source, cursor.stream)
            self.documents.write([Action("index", facts.NAME, *cursor_doc(*where, cursor.value))])
        return count

    def cursor(self, watch_id: str, source: str, stream: str) -> Cursor | None:
        """Return where a spider's stream stands; None for never read."""
        doc = self.documents.get(facts.NAME, facts.fact_key("cursor", watch_id, source, stream))
        if doc is None:
            return None
        return Cursor(watch_id=watch_id, source=source, stream=stream, value=doc.body["value"])

    def mention(self, mention_id: str) -> StoredMention:
        """Return one mention with its labels; raises `NotFound`."""
        return self._record(mention_id).stored()

    def _record(self, mention_id: str) -> Record:
        doc = self.documents.get(NAME, mention_key(mention_id))
        if doc is None:
            raise NotFound(f"there is no mention {mention_id!r}; search for its text instead")
        return records.read(doc)

    def mentions(self) -> Iterator[StoredMention]:
        """Yield every mention with its labels, context included, by id."""
        last: list[object] | None = None
        while True:
            # Each step sees what was stored meanwhile, so no point in time is held over a long export.
            self.server.refresh(NAME)
            hits = list(self.documents.scan(NAME, {"match_all": {}}, [{"id": "asc"}], limit=STEP, after=last))
            yield from (records.read(read(NAME, hit)).stored() for hit in hits)
            if len(hits) < STEP:
                return
            last = hits[-1]["sort"]

    def revisions(self, mention_id: str) -> list[StoredMention]:
        """Return every revision of a mention, oldest first, without labels."""
        record = self._record(mention_id)
        earlier = [records.revision_of(record, one) for one in record.earlier]
        return [*earlier, record.stored(labels=False)]

    def published(
        self,
        watch_id: str,
        source: str,
        *,
        start: datetime,
        end: datetime,
        limit: int,
        after: str | None = None,
    ) -> list[StoredMention]:
        """Return what a watch keeps of a source and was published in a time, in order of publication."""
        last: list[object] | None = None
        if after is not None:
            record = self._record(after)
            last = [micros(record.mention.published_at), record.mention.id]
        wanted: list[Json] = [
            {"term": {"watches": watch_id}},
            {"term": {"source": source}},
            {"term": {"deleted": False}},
            {"range": {"published": {"gte": micros(start), "lt": micros(end)}}},
        ]
        order: list[Json] = [{"published": "asc"}, {"id": "asc"}]
        self.server.refresh(NAME)
        hits = self.documents.scan(NAME, {"bool": {"filter": wanted}}, order, limit=limit, after=last)
        return [records.read(read(NAME, hit)).stored() for hit in hits]

    def source_states(self) -> list[SourceState]:
        """Return how every source of every watch is doing, by watch and source."""
        found = [state_from_json(doc.body) for doc in facts.listed(self.documents, "source")]
        return sorted(found, key=lambda state: (state.watch_id, state.source))

    def save_source_state(self, state: SourceState) -> None:
        """Store how a source is doing; whether it is paused stays as it is stored, where it is."""
        self._merge_state(state, lambda kept: replace(state, paused=kept.paused))

    def pause_source(self, watch_id: str, source: str, *, paused: bool) -> None:
        """Pause a source or let it go on, whatever a crawl stores of it meanwhile."""
        fresh = SourceState(watch_id=watch_id, source=source, paused=paused)
        self._merge_state(fresh, lambda kept: replace(kept, paused=paused))

    def _merge_state(self, fresh: SourceState, merged: Callable[[SourceState], SourceState]) -> None:
        """Store `fresh` where there is no state yet, else what `merged` makes of the stored one."""
        doc_id = facts.fact_key("source", fresh.watch_id, fresh.source)
        create = Action("create", facts.NAME, doc_id, _state_fact(fresh))
        outcome = self.documents.write([create], refresh=True)[0]
        facts.refuse_dead(outcome)
        if outcome is Outcome.CLASH:
            self.documents.edit(
                facts.NAME, [doc_id], lambda doc: _state_fact(merged(state_from_json(doc.body)))
            )


def _state_fact(state: SourceState) -> Json:
    return facts.fact("source", state.watch_id, state_to_json(state))


def cursor_doc(watch_id: str, source: str, stream: str, value: Mapping[str, object]) -> tuple[str, Json]:
    """Return the id and the document of a cursor."""
    body: Json = {"watch": watch_id, "source": source, "stream": stream, "value": dict(value)}
    return facts.fact_key("cursor", watch_id, source, stream), facts.fact("cursor", watch_id, body)
