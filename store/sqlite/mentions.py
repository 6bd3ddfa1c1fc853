"""Mentions, cursors and the health of sources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from core.errors import NotFound
from core.source import Cursor, Found, PutCount, SourceState
from core.thread import StoredMention
from store.codecs import dumps, loads, maybe_moment, micros
from store.sourcecodec import state_from_json, state_to_json
from store.sqlite import loading
from store.sqlite.connection import Link
from store.sqlite.docids import first_docid, last_docid
from store.sqlite.kept import eraser_in
from store.sqlite.part import Part
from store.sqlite.putting import Batch

#: Mentions read together by `mentions()`.
STEP = 500

PUT_CURSOR = "INSERT OR REPLACE INTO cursor (watch, source, stream, value) VALUES (?, ?, ?, ?)"


class Mentions(Part):
    """Keep mentions and where each spider stands."""

    def put(self, found: Sequence[Found], *, now: datetime, cursor: Cursor | None = None) -> PutCount:
        """Store a batch, then the cursor, as one act."""
        with self.database.write() as link:
            batch = Batch(link, now)
            count = batch.put(eraser_in(link).admitted(found))
            if cursor is not None:
                link.run(PUT_CURSOR, cursor.watch_id, cursor.source, cursor.stream, dumps(dict(cursor.value)))
        if batch.erased:
            # The log still holds the pages as they were before the deletion.
            self.database.shrink_log()
        return count

    def cursor(self, watch_id: str, source: str, stream: str) -> Cursor | None:
        """Return where a spider's stream stands; None for never read."""
        with self.database.read() as link:
            value = link.one(
                loads,
                "SELECT value FROM cursor WHERE watch = ? AND source = ? AND stream = ?",
                watch_id,
                source,
                stream,
            )
        return None if value is None else Cursor(watch_id=watch_id, source=source, stream=stream, value=value)

    def mention(self, mention_id: str) -> StoredMention:
        """Return one mention with its labels; raises `NotFound`."""
        with self.database.read() as link:
            docid = docid_of(link, mention_id)
            return loading.mentions(link, [docid])[docid]

    def mentions(self) -> Iterator[StoredMention]:
        """Yield every mention with its labels, context included, by id."""
        last: str | None = ""
        while last is not None:
            # Each step is a read of its own, so that an export never holds the log back.
            with self.database.read() as link:
                docids = link.rows(
                    int, "SELECT docid FROM mention WHERE id > ? ORDER BY id LIMIT ?", last, STEP
                )
                found = loading.mentions(link, docids)
            yield from (found[docid] for docid in docids)
            last = found[docids[-1]].mention.id if docids else None

    def revisions(self, mention_id: str) -> list[StoredMention]:
        """Return every revision of a mention, oldest first, without labels."""
        with self.database.read() as link:
            docid = docid_of(link, mention_id)
            row = loading.rows(link, [docid])[docid]
            newest = replace(row.stored(), mention=row.mention().with_labels(()))
            earlier = link.rows(_Revision, REVISIONS, docid)
        return [*(revision.of(newest) for revision in earlier), newest]

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
        """Return what a watch keeps of a source and was published from `start` to before `end`."""
        first, last = micros(start), micros(end)
        with self.database.read() as link:
            passed = link.number("SELECT docid FROM mention WHERE id = ?", after) if after else 0
            docids = link.rows(
                int,
                PUBLISHED,
                source,
                max(first_docid(first) - 1, passed),
                last_docid(last),
                first,
                last,
                watch_id,
                limit,
            )
            found = loading.mentions(link, docids)
        return [found[docid] for docid in docids]

    def source_states(self) -> list[SourceState]:
        """Return how every source of every watch is doing, by watch and source."""
        with self.database.read() as link:
            return link.rows(_state, "SELECT body FROM source_state ORDER BY watch, source")

    def save_source_state(self, state: SourceState) -> None:
        """Store how a source is doing; whether it is paused stays as it is stored, where it is."""
        with self.database.write() as link:
            link.run(KEEP_STATE, state.watch_id, state.source, dumps(state_to_json(state)))

    def pause_source(self, watch_id: str, source: str, *, paused: bool) -> None:
        """Pause a source or let it go on, whatever a crawl stores of it meanwhile."""
        state = SourceState(watch_id=watch_id, source=source, paused=paused)
        with self.database.write() as link:
            link.run(PAUSE, watch_id, source, dumps(state_to_json(state)))


# A crawl knows a state as it was when the crawl began: somebody may have paused the source since.
KEEP_STATE = """
INSERT INTO source_state AS kept (watch, source, body) VALUES (?, ?, ?)
ON CONFLICT (watch, source)
DO UPDATE SET body = json_set(excluded.body, '$.paused', json(kept.body -> '$.paused'))
"""

# The other way round: the stored state with the new word.
PAUSE = """
INSERT INTO source_state AS kept (watch, source, body) VALUES (?, ?, ?)
ON CONFLICT (watch, source)
DO UPDATE SET body = json_set(kept.body, '$.paused', json(excluded.body -> '$.paused'))
"""

# A docid begins with the second of publication, so this walks one index and sorts nothing.
PUBLISHED = """
SELECT m.docid FROM mention m
WHERE m.source = (SELECT id FROM source WHERE name = ?) AND m.docid > ? AND m.docid <= ?
  AND m.published >= ? AND m.published < ? AND NOT m.deleted
  AND EXISTS (SELECT 1 FROM mention_watch k WHERE k.docid = m.docid AND k.watch = ?)
ORDER BY m.docid LIMIT ?
"""

REVISIONS = """
SELECT revision, title, text, rating, edited, deleted FROM revision WHERE docid = ? ORDER BY revision
"""


class _Revision(NamedTuple):
    revision: int
    title: str | None
    text: str
    rating: int | None
    edited: int | None
    deleted: int

    def of(self, newest: StoredMention) -> StoredMention:
        """Return the mention as it was at this revision."""
        mention = replace(
            newest.mention,
            title=self.title,
            text=self.text,
            rating=self.rating,
            edited_at=maybe_moment(self.edited),
            deleted=bool(self.deleted),
        )
        return replace(newest, mention=mention, revision=self.revision)


def docid_of(link: Link, mention_id: str) -> int:
    """Return the docid of a mention.

    Raises:
        NotFound: there is no such mention.
    """
    docid = link.number("SELECT docid FROM mention WHERE id = ?", mention_id)
    if not docid:
        raise NotFound(f"there is no mention {mention_id!r}; search for its text instead")
    return docid


def _state(text: str) -> SourceState:
    return state_from_json(loads(text))
