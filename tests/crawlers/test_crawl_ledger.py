"""The replay server's ledger against the store: nothing lost, nothing twice, whatever happens in between."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.clock import from_iso, iso
from core.watch import Brand, Watch
from crawlers.replay import FEEDS, OWN_HANDLES, PRODUCT, RIVALS, SERVERS
from crawlers.replay.corpus import load_corpus
from crawlers.replay.ledger import to_json
from crawlers.replay.server import Desk, Faults, ReplayServer
from store import open_store
from tests.crawlers.crawl_rig import Bench, Told

#: Random kills in the suite; the whole pipeline is killed more often in the tests of `up`.
KILLS = 5


@contextmanager
def replay(**options: Any) -> Iterator[ReplayServer]:
    faults = Faults(**{name: options.pop(name) for name in ("fail_every", "delay") if name in options})
    server = ReplayServer(Desk(corpus=load_corpus(), faults=faults, **options))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path)
    store = open_store(bench.url)
    watch = Watch(
        id="plinthly",
        product=Brand(name=PRODUCT),
        rivals=tuple(Brand(name=rival) for rival in RIVALS),
        own_handles=OWN_HANDLES,
        sources={"hackernews": {}, "mastodon": {"servers": list(SERVERS)}, "feed": {"feeds": list(FEEDS)}},
    )
    store.save_watch(watch, actor="test", now=from_iso("2026-11-22T00:00:00Z"))
    store.close()
    return bench


def bases(server: ReplayServer) -> dict[str, dict[str, str]]:
    return {
        "base_urls": {
            "hackernews": f"{server.base}/hackernews",
            "mastodon": f"{server.base}/mastodon",
            "feed": f"{server.base}/feeds",
        }
    }


def assert_equal(told: Told, server: ReplayServer, sources: Sequence[str] = ()) -> None:
    rows = to_json(server.desk.corpus)
    assert isinstance(rows, list)
    expected = {row["id"]: row for row in rows if not sources or row["source"] in sources}
    assert set(told.mentions) - set(expected) == set()
    assert set(expected) - set(told.mentions) == set()
    for key, row in expected.items():
        stored = told.mentions[key]
        assert stored["thread_id"] == row["thread_id"], key
        assert stored["parent_id"] == row["parent_id"], key
        assert " ".join(stored["text"].split()) == " ".join(row["text"].split()), key
        assert iso(from_iso(stored["published_at"]).replace(microsecond=0)) == row["published_at"], key
        assert (stored["author"]["handle"] or "").partition("@")[0] == row["author"], key
        assert stored["own"] == row["own"], key
        assert stored["revision"] == 1, key


def test_a_crawl_ends_up_with_exactly_the_ledger_and_a_second_one_adds_nothing(bench: Bench) -> None:
    with replay() as server:
        told = bench.crawl(**bases(server))
        assert_equal(told, server)
        assert {state["status"] for state in told.states} == {"ok"}
        requests = len(server.desk.log)
        again = bench.crawl(**bases(server))
        assert_equal(again, server)
        assert sum(state["new"] + state["changed"] for state in again.states) == 0
        # Threads that did not grow are not read again: each stream's first page and robots.txt, nothing more.
        assert len(server.desk.log) - requests < 30


def test_copies_that_have_other_ids_on_other_servers_are_stored_once(bench: Bench) -> None:
    with replay(federated_ids=True) as server:
        assert_equal(bench.crawl(**bases(server), sources=["mastodon"]), server, ["mastodon"])


def test_every_third_request_failing_changes_nothing(bench: Bench) -> None:
    sources = ["hackernews", "feed"]  # Mastodon's 200 requests would wait for a minute in all.
    with replay(fail_every=3) as server:
        told = Told()
        for _ in range(3):
            told = bench.crawl(**bases(server), sources=sources)
            if {state["status"] for state in told.states} == {"ok"}:
                break
        assert_equal(told, server, sources)
        log = server.desk.log
        waits = [entry for entry in log if entry["retry_after"]]
        assert waits
        for entry in waits:
            # Not even another source asks the host before its time.
            early = [one for one in log if entry["at"] < one["at"] < entry["at"] + 0.99]
            assert early == []


@pytest.mark.faults
def test_a_crawl_killed_at_any_moment_loses_and_doubles_nothing(bench: Bench) -> None:
    seed = random.SystemRandom().randrange(10**6)
    dice = random.Random(seed)
    with replay() as server:
        for kill in range(KILLS):
            pid = bench.start(**bases(server))
            # A whole crawl takes 2 to 8 s; the kills fall into all of it.
            time.sleep(dice.uniform(0.1, 2.0))
            os.kill(pid, signal.SIGKILL)
            bench.wait()
            store = open_store(bench.url)
            assert store.check() == [], f"kill {kill}, seed {seed}"
            store.close()
        told = bench.crawl(**bases(server))
        assert_equal(told, server)
