"""Looking at stored items again: edits become revisions, and what is deleted there is deleted here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from scrapy.http import TextResponse

from core.errors import (
    EarfulError,
    EgressRefused,
    SourceBlocked,
    SourceBusy,
    SourceChanged,
    SourceError,
    SourceGone,
    StoreError,
)
from core.mention import Mention
from core.source import Cursor
from core.thread import StoredMention
from crawlers.asking import Asker
from crawlers.freshness import AGES, ROUND, Place, Places, Recheck, usable
from crawlers.pipelines import Pipeline

if TYPE_CHECKING:
    from crawlers.crawl import Crawl, Job
    from crawlers.source import Source

logger = logging.getLogger(__name__)

#: The cursor's name, beside those of the streams.
STREAM = "looked at again"
#: Conversations looked at in one go, where there are no look-ups by id.
THREADS = 20
#: That so many items were all deleted is less likely than that the service changed its answers.
UNLIKELY = 10
#: How long a text may stand here without a look, where the terms say so.
A_DAY = timedelta(hours=24)
#: After this many requests a crawl begins no further go: new mentions would have to wait for old ones.
MOST = 40
#: Most further answers asked for of one conversation.
FURTHER = 12


@dataclass(kw_only=True)
class Rechecker:
    """Looks at what one watch keeps of one source, as far as it is due."""

    crawl: Crawl
    source: Source
    job: Job
    pipeline: Pipeline
    asker: Asker
    places: Places = field(default_factory=Places)
    _asked: int = 0
    _dropped: int = 0

    async def run(self) -> None:
        """Look at what is due; a failure is noted and ends this look only."""
        kept = self.crawl.store.cursor(self.job.watch.id, self.source.name, STREAM)
        self.places = Places.from_json(kept.value) if kept else Places(round_at=self.crawl.clock.now())
        try:
            await self._look()
        except StoreError:
            raise
        except EarfulError as error:
            self.job.outcome.notes.append(f"stored items wait to be looked at again: {error}")
            if isinstance(error, SourceBusy) and error.until:
                # A budget or a limit; a network that is down names no time, and drops nothing.
                self._drop_late()
        except Exception:  # a fault of ours here must not hide what was read
            logger.exception("%s: looking at stored items again", self.source.name)
        self._save()
        if self._dropped:
            told = f"{self._dropped:,} texts were dropped: they could not be looked at again within a day"
            self.job.outcome.notes.append(f"{told}, as {self.source.title} wants it")

    async def _look(self) -> None:
        if self.source.recheck_daily:
            if self.places.round_is_due(self.crawl.clock.now()):
                self.places = self.places.begun(self.crawl.clock.now())
            if ROUND in self.places.places and await self._span(ROUND):
                self.places = self.places.done()
        for age in AGES:
            await self._span(age)

    async def _span(self, age: str) -> bool:
        """Look at all that came to an age since the last time; tell whether that was done to its end."""
        now = self.crawl.clock.now()
        if age == ROUND:
            place, end = self.places.places[ROUND], now
        else:
            place, end = self.places.span(age, now)
        while place.at < end:
            if self._asked >= MOST or self.crawl.over:
                return False
            found = self._stored(place, end)
            checks = list(self.source.recheck([stored.mention for stored in found]))
            for check in checks:
                await self._check(check)
            if age == ROUND:
                self._drop_unseen(found, checks)
            last = found[-1].mention if len(found) == self._step else None
            place = Place(at=last.published_at, after=last.id) if last else Place(at=end)
            self.places = self.places.moved(age, place)
            self._save()
        self.places = self.places.moved(age, place)
        return True

    @property
    def _step(self) -> int:
        """How many items go together: as many as one request shows, so that each request is a step on."""
        return min((lookup.at_once for lookup in usable(self.source)), default=THREADS)

    def _stored(self, place: Place, end: datetime) -> list[StoredMention]:
        return self.crawl.store.published(
            self.job.watch.id,
            self.source.name,
            start=place.at,
            end=end,
            limit=self._step,
            after=place.after,
        )

    async def _check(self, check: Recheck) -> None:
        """Ask once about some items, and store what the answer says of each."""
        try:
            found, whole = await self._answer(check)
        except SourceGone:
            self._gone(check.named)
        except (SourceError, EgressRefused) as error:
            # One conversation that is closed to us, or one server of many, says nothing of the rest.
            if self.source.home and not isinstance(error, SourceBlocked | SourceChanged):
                raise
            logger.info("%s: %s cannot be looked at again: %s", self.source.name, check.url, error)
        else:
            self._take(check, found, whole=whole)
        self.job.outcome.rechecked += len(check.mentions)

    async def _answer(self, check: Recheck) -> tuple[list[Mention], bool]:
        """Return what stands at an address, its later pages included, and whether that is all."""
        page = await self._fetch(check.url)
        if page is None:
            return [], False
        if check.around is None:
            return await self._read(page), True
        thread = {one.id: one for one in self.source.read_thread(page, check.around)}
        waiting = dict.fromkeys(self.source.more(list(thread.values()), page))
        asked: set[str] = set()
        while waiting and len(asked) < FURTHER:
            url = next(iter(waiting))
            del waiting[url]
            asked.add(url)
            if (page := await self._fetch(url)) is not None:
                found = self.source.read_thread(page, check.around)
                thread = {one.id: one for one in found} | thread
                following = self.source.more(list(thread.values()), page)
                waiting |= dict.fromkeys(one for one in following if one not in asked)
        return list(thread.values()), not waiting

    async def _read(self, page: TextResponse) -> list[Mention]:
        if self.source.reads_slowly:
            return await asyncio.to_thread(lambda: list(self.source.read(page)))
        return list(self.source.read(page))

    async def _fetch(self, url: str) -> TextResponse | None:
        self._asked += 1
        return await self.asker.fetch(url, {})

    def _take(self, check: Recheck, found: Sequence[Mention], *, whole: bool) -> None:
        stored = {mention.id: mention for mention in check.mentions}
        shown: Mapping[str, Mention] = {one.id: one for one in found}
        # Where an item stands is known from the first reading; a look-up by id often tells less.
        placed = [
            replace(one, thread_id=stored[one.id].thread_id, parent_id=stored[one.id].parent_id)
            if one.id in stored
            else one
            for one in shown.values()
            if check.around or one.id in stored
        ]
        for one in placed:
            if one.deleted:
                self.pipeline.forget(one)
        self.pipeline.add([one for one in placed if not one.deleted])
        if check.absent_is_gone and whole:
            gone = [mention for mention in check.mentions if mention.id not in shown]
            if len(gone) == len(stored) >= UNLIKELY:
                told = f"an answer about stored items shows none of {len(gone)}: nothing was deleted for it"
                self.job.outcome.notes.append(told)
                return
            self._gone(gone)

    def _gone(self, mentions: Sequence[Mention]) -> None:
        self.pipeline.add([replace(mention, deleted=True) for mention in mentions])

    def _drop_unseen(self, found: Sequence[StoredMention], checks: Sequence[Recheck]) -> None:
        """Drop the texts that nothing here can look at again, when the terms give them 24 hours."""
        seen = {mention.id for check in checks for mention in check.mentions}
        before = self.crawl.clock.now() - A_DAY
        unseen = [one for one in found if one.mention.id not in seen and one.first_seen_at < before]
        self._gone([one.mention for one in unseen])
        self._dropped += len(unseen)

    def _drop_late(self) -> None:
        """Drop the texts that the terms let us keep no longer without a look, where none can be had."""
        now, count = self.crawl.clock.now(), 0
        if not (self.source.recheck_daily and self.places.round_is_late(now)):
            return
        place, end = self.places.places[ROUND], self.places.round_at or now
        while found := self._stored(place, end):
            self._gone([stored.mention for stored in found])
            count += len(found)
            place = Place(at=found[-1].mention.published_at, after=found[-1].mention.id)
            self.places = self.places.moved(ROUND, place)
            self._save()
        self.places = self.places.done()
        self._dropped += count

    def _save(self) -> None:
        """Store what waits, and the places after it, as one act."""
        cursor = Cursor(
            watch_id=self.job.watch.id,
            source=self.source.name,
            stream=STREAM,
            value=self.places.to_json(),
        )
        self.pipeline.put_with(cursor)
