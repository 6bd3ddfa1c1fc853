"""From mentions to the store: cleaned, matched, once each, and the cursor never ahead of them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from core.clock import Clock
from core.errors import NotFound
from core.mention import Mention
from core.ports import Store
from core.source import Cursor, Found, PutCount
from core.watch import Watch
from crawlers.floods import STREAM as FLOODS
from crawlers.floods import Floods
from crawlers.identity import agree, keys
from crawlers.stream import Position, Stream, to_cursor

if TYPE_CHECKING:
    from crawlers.source import Source

#: Mentions stored in one act.
BATCH = 100
#: A date further ahead than this is a mistake of the source; the time of first sight stands in for it.
AHEAD = timedelta(hours=24)


@dataclass
class Pipeline:
    """Takes what a source read for one watch and hands it to the store in batches."""

    store: Store
    clock: Clock
    source: Source
    watch: Watch
    count: PutCount = field(default_factory=PutCount)
    #: Newest publication among what was kept for its own sake.
    newest_at: datetime | None = None
    #: Ids of matches whose conversation was read in this crawl.
    covered: set[str] = field(default_factory=set)
    _waiting: list[Found] = field(default_factory=list)
    #: Mention id → what was stored of it in this crawl, so that pages that overlap write once.
    _stored: dict[str, Found] = field(default_factory=dict)
    #: Mention id → thread id, of parents looked up in the store.
    _threads: dict[str, str | None] = field(default_factory=dict)
    #: Entry's own id → the id that it is stored under, of those that came again under another id.
    _same: dict[str, str] = field(default_factory=dict)
    _floods: Floods = field(default_factory=Floods)
    #: Mentions of this crawl that belong to a flood.
    flooded: int = 0

    def __post_init__(self) -> None:
        """Remember who wrote what lately."""
        kept = self.store.cursor(self.watch.id, self.source.name, FLOODS)
        self._floods = Floods.from_json(kept.value) if kept else Floods()

    def add(self, mentions: Sequence[Mention]) -> None:
        """Take mentions in reading order; full batches are stored at once, without a cursor."""
        for mention in mentions:
            found = self._found(self._placed(self._dated(self._identified(mention))))
            own_id = found.mention.id
            known = self._stored.get(own_id)
            if known == found or (known and known.context is False and found.context):
                continue
            self._stored[own_id] = found
            if found.mention.published_known and not found.context:
                self.newest_at = max(filter(None, (self.newest_at, found.mention.published_at)))
            self._waiting.append(found)
        while len(self._waiting) >= BATCH:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            self._put(batch)

    def forget(self, mention: Mention) -> None:
        """Take a deleted item's tombstone, where the store knows the item at all."""
        try:
            self.store.mention(mention.id)
        except NotFound:
            return
        self.add([mention])

    def save(self, stream: Stream, position: Position) -> None:
        """Store what waits, and the place in the stream after it, as one act."""
        self.put_with(to_cursor(stream, self.source.name, position))

    def put_with(self, cursor: Cursor) -> None:
        """Store what waits, and a cursor after it, as one act."""
        batch, self._waiting = self._waiting, []
        self.count += self.store.put(batch, now=self.clock.now(), cursor=cursor)

    def end(self) -> None:
        """Store what waits, and who wrote what lately."""
        value = self._floods.to_json()
        if self._floods.changed:
            self.put_with(Cursor(watch_id=self.watch.id, source=self.source.name, stream=FLOODS, value=value))

    def flush(self) -> None:
        """Store what waits, without a cursor."""
        batch, self._waiting = self._waiting, []
        if batch:
            self._put(batch)

    def _put(self, batch: Sequence[Found]) -> None:
        self.count += self.store.put(batch, now=self.clock.now())

    def _found(self, mention: Mention) -> Found:
        own = any(self.watch.is_own(mention.source, handle) for handle in self.source.handles(mention))
        context = mention.deleted or not self.source.matches(self.watch, mention)
        if not context and not own and self._floods.takes(mention):
            context = True
            self.flooded += mention.id not in self._stored
        return Found(mention=mention, watch_id=self.watch.id, context=context, own=own)

    def _identified(self, mention: Mention) -> Mention:
        """Give an entry that came again under another id the id that it is stored under."""
        if not self.source.ids_change or mention.parent_id is not None or mention.deleted:
            return mention
        if mention.id not in self._same:
            self._same[mention.id] = self._first_id(mention)
        same = self._same[mention.id]
        if same == mention.id:
            return mention
        return replace(
            mention, id=same, thread_id=same if mention.thread_id == mention.id else mention.thread_id
        )

    def _first_id(self, mention: Mention) -> str:
        try:
            return self.store.mention(mention.id).mention.id
        except NotFound:
            pass
        first = mention.id
        for key in keys(mention):
            found = self.store.remember(key, mention.id)
            # Two that stand in the lists at the same time are two entries with one address.
            if first == mention.id and found != mention.id and found not in self._same:
                with contextlib.suppress(NotFound):
                    if agree(self.store.mention(found).mention, mention):
                        first = found
        return first

    def _dated(self, mention: Mention) -> Mention:
        """Give an entry without a date, or from the future, the time of its first sight, now and later."""
        now = self.clock.now()
        if mention.published_known and mention.published_at <= now + AHEAD:
            return mention
        try:
            published = self.store.mention(mention.id).mention.published_at
        except NotFound:
            published = now
        return replace(mention, published_at=published, published_known=False)

    def _placed(self, mention: Mention) -> Mention:
        """Put an answer into the stored thread of what it answers, where the page did not show its root."""
        parent = mention.parent_id
        if parent is None or mention.thread_id != parent or parent in self._stored:
            return mention
        if parent not in self._threads:
            try:
                self._threads[parent] = self.store.mention(parent).mention.thread_id
            except NotFound:
                self._threads[parent] = None
        return replace(mention, thread_id=self._threads[parent] or mention.thread_id)


def bounded(thread: Sequence[Mention], wanted: frozenset[str], limit: int) -> list[Mention]:
    """Return at most `limit` mentions of a thread: the wanted ones, what stands above them, then the first.

    The order, parents before children, stays.
    """
    if len(thread) <= limit:
        return list(thread)
    by_id = {mention.id: mention for mention in thread}
    kept: dict[str, None] = {}
    for mention in thread:
        above: Mention | None = mention if mention.id in wanted else None
        while above is not None and above.id not in kept:
            kept[above.id] = None
            above = by_id.get(above.parent_id or "")
    for mention in thread:
        if len(kept) >= limit:
            break
        kept.setdefault(mention.id)
    chosen = frozenset(list(kept)[:limit])
    return [mention for mention in thread if mention.id in chosen]
