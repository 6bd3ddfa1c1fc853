"""What the scheduler reads next, and what it makes of requests from the pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from cli.crawling import is_due
from cli.scheduling import Scheduler
from core.clock import SystemClock
from core.ports import Store
from core.settings import Settings
from core.source import SourceState, SourceStatus
from core.watch import Brand, Watch
from core.work import Work
from crawlers.keys import save_key
from store import open_store
from store.watchcodec import watch_to_json
from tests.crawlers.hostile import Handler, Hostile, say

HIT = {"objectID": "1", "author": "ada", "created_at": "2026-11-20T00:00:00Z", "title": "Acme and Globex"}
POST = {"id": "1", "text": "Zqvearfulprobe", "author_id": "2"}


def guarded(handler: Handler) -> None:
    """Answer as X does: only to whoever has the key."""
    good = handler.headers.get("Authorization") == "Bearer right-token"
    body = {"data": [POST]} if good else {"title": "Unauthorized", "status": 401}
    say(200 if good else 401, json.dumps(body).encode())(handler)


PAGES = {
    "/api/v1/search_by_date": say(200, json.dumps({"hits": [HIT]}).encode()),
    "/api/v1/items/1": say(404, b'{"status": 404, "error": "Not Found"}'),
    "/2/tweets/search/recent": guarded,
}


@dataclass
class Office:
    """A scheduler over a store with two watches, reading from a loopback server."""

    store: Store
    scheduler: Scheduler
    directory: Path

    def ask(self, kind: str, **payload: object) -> Work:
        """Ask for work as the pages do, let it be done, and return it."""
        at = SystemClock().now()
        self.store.request_work(Work(id=kind, kind=kind, payload=payload, requested_by="ada", at=at))
        self.done()
        return next(work for work in self.store.work(limit=9) if work.id == kind)

    def done(self) -> None:
        """Let what was asked for be done."""
        self.scheduler.tick()
        if self.scheduler.reading is not None:
            self.scheduler.reading.child.wait(90)
            self.scheduler._finish_crawl()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    settings = Settings(data_dir=tmp_path)
    store = open_store(settings.database_url)
    for name in ("Acme", "Globex"):
        watch = Watch(id=name.lower(), product=Brand(name=name), sources={"hackernews": {}, "x": {}})
        store.save_watch(watch, actor="test", now=SystemClock().now())
    with Hostile(pages=PAGES) as server:
        bases = {"hackernews": server.base, "x": server.base}
        scheduler = Scheduler(store=store, settings=settings, clock=SystemClock(), say=print, base_urls=bases)
        yield Office(store, scheduler, tmp_path)
        scheduler.stop()
    store.close()


def test_fetch_all_reads_every_watch(office: Office) -> None:
    work = office.ask("crawl")
    states = {(one.watch_id, one.source): one for one in office.store.source_states()}
    assert len(states) == 4
    assert states["acme", "hackernews"].status is SourceStatus.OK
    assert states["globex", "hackernews"].status is SourceStatus.OK
    assert states["globex", "x"].status is SourceStatus.BLOCKED
    assert work.state.value == "failed", "X has no key"
    assert "X needs bearer_token" in work.outcome


def test_a_source_is_tried_with_one_request_that_stores_nothing(office: Office) -> None:
    work = office.ask("test_source", watch="acme", source="hackernews")
    assert work.state.value == "done"
    assert "1 items" in work.outcome
    assert "Acme and Globex" in work.outcome
    assert (office.store.source_states(), list(office.store.mentions())) == ([], [])


def test_a_watch_that_nobody_saved_is_tried_on_one_live_page(office: Office) -> None:
    draft = Watch(id="unsaved", product=Brand(name="Globex"), must=("and",), sources={"hackernews": {}})
    work = office.ask("test_source", source="hackernews", draft=watch_to_json(draft))
    assert (work.state.value, "1 match" in work.outcome) == ("done", True)
    assert [watch.id for watch in office.store.watches()] == ["acme", "globex"]
    assert (office.store.source_states(), list(office.store.mentions())) == ([], [])


def test_a_key_is_tried_and_what_waited_for_it_goes_on(office: Office) -> None:
    later = SystemClock().now().replace(year=2099)
    office.store.save_source_state(SourceState(watch_id="acme", source="x", until=later))
    save_key(office.directory, "x", "bearer_token", "wrong-token")
    work = office.ask("test_key", source="x")
    assert (work.state.value, "wrong-token" in work.outcome) == ("failed", False)
    assert office.store.source_states()[0].until == later
    save_key(office.directory, "x", "bearer_token", "right-token")
    office.store.request_work(Work(id="again", kind="test_key", payload={"source": "x"}, requested_by="a",
                                   at=SystemClock().now()))  # fmt: skip
    office.done()
    (work,) = [one for one in office.store.work(limit=9) if one.id == "again"]
    assert (work.state.value, work.outcome) == ("done", "x answers with its key")
    assert office.store.source_states()[0].until is None


def test_what_is_paused_is_not_fetched_and_the_request_says_so(office: Office) -> None:
    office.store.pause_source("acme", "hackernews", paused=True)
    work = office.ask("crawl", watch="acme", source="hackernews")
    assert (work.state.value, "paused" in work.outcome) == ("failed", True)
    assert office.scheduler.reading is None


@pytest.mark.parametrize("jump", [-24, -1, 1, 24])
def test_a_clock_that_jumps_neither_doubles_nor_skips_a_read(jump: int) -> None:
    now = SystemClock().now()
    watch = Watch(id="acme", product=Brand(name="Acme"), sources={"hackernews": {}}, every_minutes=15)
    state = SourceState(watch_id="acme", source="hackernews", last_try_at=now)
    jumped = now + timedelta(hours=jump)
    assert is_due(watch, state, jumped), "nobody knows how long ago it was read"
    read = replace(state, last_try_at=jumped)
    minutes = [jumped + timedelta(minutes=step) for step in range(61)]
    assert [is_due(watch, read, minute) for minute in minutes] == [False] * 15 + [True] * 46
