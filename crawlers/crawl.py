"""Walking the streams of one source: page after page, thread after thread, the cursor behind all of it.

A stream is read as one chain, newest first: a page, the threads of its matches, then the store gets both
with the place after them, then the next page. A kill at any point repeats what came after the last such
act, and what is stored twice is stored once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit, urlunsplit

from scrapy.http import TextResponse

from core.clock import Clock
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
from core.ports import Store
from core.source import SourceState
from core.watch import SourceSettings, Watch
from crawlers.asking import Asker, refuse_without_key
from crawlers.budget import Budget, daily_requests, pages_per_run, requests_budget, spent_today
from crawlers.health import Gap, Outcome, after
from crawlers.patience import Hosts
from crawlers.pipelines import Pipeline, bounded
from crawlers.rechecking import Rechecker
from crawlers.stream import MAX_TRIES, Position, Stream, Validators, from_cursor

if TYPE_CHECKING:
    from crawlers.source import Source

logger = logging.getLogger(__name__)

#: Streams of one source that are read side by side.
STREAMS_AT_ONCE = 8
#: A crawl begins no further page after this time; the next one goes on from the cursor.
LONGEST_CRAWL = timedelta(minutes=10)
#: Most conversations asked for above a thread's first answer.
WIDER = 2
#: Most further answers asked for of one conversation: 1,200 comments where the service gives 100 at once.
FURTHER = 12
#: Stands for the watch's settings among the names of streams that failed.
SETTINGS = "settings"


@dataclass(kw_only=True)
class Job:
    """One watch to be read from one source."""

    watch: Watch
    settings: SourceSettings
    state: SourceState
    #: Another watch of the same source comes first: this one may use no more of a day's budget than the day
    #: is old, so that something is left for the other.
    behind: bool = False
    outcome: Outcome = field(init=False)

    def __post_init__(self) -> None:
        """Begin with an outcome of nothing."""
        self.outcome = Outcome(watch_id=self.watch.id, source=self.state.source)


@dataclass(kw_only=True)
class Crawl:
    """One crawl of one source for several watches."""

    store: Store
    clock: Clock
    jobs: Sequence[Job]
    #: How far back to read; None for the usual depth, and no deeper than before.
    since: timedelta | None
    default_since: timedelta
    #: Shared by all sources of a crawl: two may ask one host.
    hosts: Hosts = field(default_factory=Hosts)
    #: Called with each job's outcome after every answer.
    progress: Callable[[Outcome], None] = lambda _outcome: None
    #: What ended the crawl before its time: the store.
    error: StoreError | None = None
    #: Takes credentials out of what is said.
    hide: Callable[[str], str] = str
    _ends_at: datetime | None = None
    _budget: Budget | None = None
    _seats: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(STREAMS_AT_ONCE))

    async def run(self, source: Source) -> None:
        """Read every job's streams and save how the source is doing for each watch."""
        self._ends_at = self.clock.now() + LONGEST_CRAWL
        limits = [limit for job in self.jobs if (limit := daily_requests(job.settings))]
        if limits:
            self._budget = requests_budget(self.store, self.clock, source.name, max(limits))
        try:
            for priority in sorted({job.watch.priority for job in self.jobs}, reverse=True):
                jobs = [job for job in self.jobs if job.watch.priority == priority]
                await asyncio.gather(*(self._job(source, job) for job in jobs))
        except StoreError as error:
            # Scrapy would only log it; `runner` raises it when the reactor has stopped.
            self.error = error

    @property
    def over(self) -> bool:
        """Whether the time of this crawl is used up."""
        return self._ends_at is not None and self.clock.now() >= self._ends_at

    async def _job(self, source: Source, job: Job) -> None:
        try:
            refuse_without_key(source)
            streams = list(source.streams(job.watch, job.settings))
        except EarfulError as error:
            streams, job.outcome.failures[SETTINGS] = [], error
        job.outcome.streams = len(streams) or 1
        pipeline = Pipeline(store=self.store, clock=self.clock, source=source, watch=job.watch)
        asker = self.asker(source, job)
        readers = [
            Reader(crawl=self, source=source, job=job, stream=stream, pipeline=pipeline, asker=asker)
            for stream in streams
        ]
        await asyncio.gather(*(self._seated(reader) for reader in readers))
        if streams:
            again = Rechecker(crawl=self, source=source, job=job, pipeline=pipeline, asker=asker)
            await again.run()
        pipeline.end()
        if pipeline.flooded:
            told = f"{pipeline.flooded:,} near-copies by the same authors stand apart (`is:context`)"
            job.outcome.notes.append(told)
        job.outcome.count = pipeline.count
        job.outcome.newest_at = pipeline.newest_at
        job.outcome.usd = spent_today(self.store, source.name, self.clock.now())
        state = after(job.state, job.outcome, self.clock.now())
        job.state = replace(state, reason=self.hide(state.reason))
        self.store.save_source_state(job.state)
        self.progress(job.outcome)

    def asker(self, source: Source, job: Job) -> Asker:
        """Return what asks for a job, within the source's budget."""
        return Asker(
            source=source,
            clock=self.clock,
            hosts=self.hosts,
            outcome=job.outcome,
            progress=self.progress,
            budget=self._budget,
            evenly=job.behind,
        )

    async def _seated(self, reader: Reader) -> None:
        async with self._seats:
            await reader.read()


@dataclass(kw_only=True)
class Reader:
    """Reads one stream to its end, to known ground or to the crawl's limit."""

    crawl: Crawl
    source: Source
    job: Job
    stream: Stream
    pipeline: Pipeline
    asker: Asker
    position: Position = field(default_factory=Position)

    async def read(self) -> None:
        """Walk the stream; a failure is noted with the stream's name and ends this stream only."""
        outcome = self.job.outcome
        self.position = from_cursor(
            self.crawl.store.cursor(self.stream.watch.id, self.source.name, self.stream.name)
        )
        try:
            self._wait_over()
            await self._walk()
        except StoreError:
            raise
        except SourceBusy as error:
            outcome.failures[self.stream.name] = error
            self.pipeline.save(self.stream, self.position.waiting(error.until, self.crawl.hide(str(error))))
        except EarfulError as error:
            outcome.failures[self.stream.name] = error
            if isinstance(error, SourceGone | SourceBlocked | SourceChanged | EgressRefused):
                # The page to go on with may be the one that is gone: the next walk begins at the top.
                self.position = replace(self.position, walk=None)
            self.pipeline.save(self.stream, self.position)
        except Exception as error:  # a fault of ours in one source must not end the others, nor be silent
            logger.exception("%s %s", self.source.name, self.stream.name)
            outcome.failures[self.stream.name] = SourceError(f"a fault in Earful itself: {error!r}")
            self.pipeline.flush()

    def _wait_over(self) -> None:
        until = self.position.until
        if until and until > self.crawl.clock.now():
            raise SourceBusy(f"{self.position.why}; not asked before {until:%Y-%m-%d %H:%M} UTC", until=until)
        self.position = self.position.waiting(None, "")

    async def _walk(self) -> None:
        floor = self._floor()
        # A deeper back-fill than ever before reads on through known ground.
        known = frozenset(self.position.known) if self._is_covered(floor) else frozenset()
        met, passed, url = self.position.walk, list[str](), self.stream.url
        gap = Gap(known=frozenset(self.position.known), since=self.job.state.last_success_at)
        for _ in range(pages_per_run(self.job.settings) or self.source.max_pages):
            page = await self.asker.fetch(url, self._conditions())
            if page is None:
                self.job.outcome.unchanged_answers += 1
                return
            mentions = await self._mentions(page)
            await self._keep(mentions, page)
            ids = [mention.id for mention in mentions]
            passed += ids
            following = self.source.next_page(page, mentions)
            gap.passed(mentions)
            if met and any(one in met.passed for one in ids):
                # What lies between here and the page where an earlier crawl stopped was read by that crawl.
                following, passed, met = urljoin(url, met.next_url), [*passed, *met.passed], None
            elif (known and ids and known.issuperset(ids)) or _all_older(mentions, floor):
                following = None
            self._validate(page)
            if following is None:
                self.job.outcome.gaps += gap.told(self.stream.name)
                self.pipeline.save(self.stream, self.position.finished(passed, floor))
                return
            self.position = self.position.underway(passed, path_of(following, self.stream.url))
            self.pipeline.save(self.stream, self.position)
            url = following
            if self.crawl.over:
                break
        self.job.outcome.notes.append(
            f"{self.stream.name} goes back further than one crawl reads; the next goes on"
        )

    def _floor(self) -> datetime:
        now = self.crawl.clock.now()
        if self.crawl.since is not None:
            return now - self.crawl.since
        return self.position.floor or now - self.crawl.default_since

    def _is_covered(self, floor: datetime) -> bool:
        return self.position.floor is not None and self.position.floor <= floor

    def _conditions(self) -> Mapping[str, str]:
        if not self.stream.conditional or not self._is_covered(self._floor()):
            return {}
        return self.position.validators.headers(self.stream.watch, self.crawl.clock.now())

    def _validate(self, page: TextResponse) -> None:
        if not self.stream.conditional:
            return
        told = {name: (page.headers.get(name) or b"").decode("latin-1") for name in ("ETag", "Last-Modified")}
        validators = Validators(
            etag=told["ETag"],
            modified=told["Last-Modified"],
            at=self.crawl.clock.now(),
            version=self.stream.watch.version,
        )
        self.position = replace(self.position, validators=validators)

    async def _mentions(self, page: TextResponse) -> list[Mention]:
        if self.source.reads_slowly:
            mentions = await asyncio.to_thread(lambda: list(self.source.read(page)))
        else:
            mentions = list(self.source.read(page))
        self.job.outcome.items += len(mentions)
        return mentions

    async def _keep(self, mentions: Sequence[Mention], page: TextResponse) -> None:
        """Hand the matches of a page to the store, each with the conversation around it."""
        for mention in mentions:
            if mention.deleted:
                self.pipeline.forget(mention)
            if not self._watched(mention):
                continue
            if self.source.is_placed(mention):
                self.pipeline.add([mention])
            if not self._is_read(mention):
                await self._thread(mention, page)
            self.crawl.progress(self.job.outcome)

    def _is_read(self, mention: Mention) -> bool:
        """Tell whether the conversation around a match is stored as it stands now."""
        if mention.id in self.pipeline.covered:
            self.position = self.position.read(mention.id, mention.engagement.replies or 0)
            return True
        size = self.position.threads.get(mention.id)
        return size is not None and size == (mention.engagement.replies or 0)

    async def _thread(self, mention: Mention, page: TextResponse) -> None:
        url = self.source.thread_url(mention, page)
        thread = [mention]
        if url is not None:
            try:
                thread = await self._conversation(url, mention)
            except (SourceBusy, StoreError):
                raise
            except SourceGone:
                logger.info("%s: the conversation around %s is gone", self.source.name, mention.id)
            except EarfulError as error:
                self.position = self.position.failed(mention.id)
                if self.position.stuck[mention.id] < MAX_TRIES:
                    raise
                logger.warning("%s: %s is stored without its thread: %s", self.source.name, mention.id, error)
        self.pipeline.add(thread)
        self.pipeline.covered.update(one.id for one in thread if self._watched(one))
        self.position = self.position.read(mention.id, mention.engagement.replies or 0)

    async def _conversation(self, url: str, mention: Mention) -> list[Mention]:
        thread: dict[str, Mention] = {}
        pages: list[TextResponse] = []
        start = mention
        for _ in range(1 + WIDER):
            page = await self.asker.fetch(url, {})
            if page is None:
                break
            pages.append(page)
            found = self.source.read_thread(page, start)
            # The wider view stands first: it begins at the conversation's first post.
            fresh = {one.id: one for one in found}
            thread = fresh | {key: one for key, one in thread.items() if key not in fresh}
            wider = self.source.above(found, page)
            if wider is None:
                break
            url, start = wider, found[0] if found else start
        await self._further(thread, pages)
        thread.setdefault(mention.id, mention)
        wanted = frozenset(one.id for one in thread.values() if self._watched(one))
        return bounded(list(thread.values()), wanted, self.source.max_thread)

    async def _further(self, thread: dict[str, Mention], pages: Sequence[TextResponse]) -> None:
        """Add what the answers of a conversation left out, up to the limits; what fails is left out."""
        waiting = dict.fromkeys(
            url for page in pages for url in self.source.more(list(thread.values()), page)
        )
        asked: set[str] = set()
        while waiting and len(asked) < FURTHER and len(thread) < self.source.max_thread:
            url = next(iter(waiting))
            del waiting[url]
            asked.add(url)
            try:
                page = await self.asker.fetch(url, {})
                found = self.source.read_thread(page, next(iter(thread.values()))) if page and thread else []
            except (SourceBusy, StoreError):
                raise
            except EarfulError as error:
                logger.warning("%s: a part of a conversation is missing: %s", self.source.name, error)
                continue
            for mention in found:
                thread.setdefault(mention.id, mention)
            if page:
                following = self.source.more(list(thread.values()), page)
                waiting |= dict.fromkeys(url for url in following if url not in asked)

    def _watched(self, mention: Mention) -> bool:
        return not mention.deleted and self.source.matches(self.stream.watch, mention)


def path_of(url: str, base: str) -> str:
    """Return an address without its host where that is `base`'s: a replay server moves to another port."""
    parts, own = urlsplit(url), urlsplit(base)
    if (parts.scheme, parts.netloc) != (own.scheme, own.netloc):
        return url
    return urlunsplit(("", "", parts.path, parts.query, ""))


def _all_older(mentions: Sequence[Mention], floor: datetime) -> bool:
    dated = [mention.published_at for mention in mentions if mention.published_known]
    return bool(dated) and max(dated) < floor
