"""Stored items are looked at again: edits become revisions, and what is deleted there is deleted here."""

from __future__ import annotations

import http.client
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.clock import iso
from core.watch import Brand, Watch
from crawlers.freshness import AGES, ROUND, ROUND_LASTS, Lookup, Place, Places, checks
from crawlers.replay import PRODUCT, RIVALS, SERVERS
from crawlers.replay.corpus import Post
from crawlers.replay.server import ReplayServer
from store import open_store
from tests.builders import a_mention
from tests.crawlers.crawl_rig import Bench, Told
from tests.crawlers.test_crawl_ledger import bases, replay

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_an_item_is_due_an_hour_a_day_a_week_and_thirty_days_after_it_was_published() -> None:
    published = NOW
    places, due = Places(), []
    for step in range(24 * 40 * 4):
        now = NOW + timedelta(minutes=7) + step * HOUR / 4
        for age in AGES:
            place, end = places.span(age, now)
            if place.at <= published < end:
                due.append((age, now - published))
            places = places.moved(age, Place(at=max(place.at, end)))
    assert [age for age, _ in due] == ["1h", "1d", "7d", "30d"]
    assert all(AGES[age] <= after <= AGES[age] + HOUR / 4 for age, after in due)


def test_places_come_back_from_a_cursor_and_an_unknown_form_begins_anew() -> None:
    places = Places().begun(NOW).moved("1h", Place(at=NOW, after="x:1"))
    assert Places.from_json(json.loads(json.dumps(places.to_json()))) == places
    assert Places.from_json({"places": {"1h": ["yesterday", None]}}) == Places()
    assert Places.from_json({"places": 7}) == Places()


def test_everything_is_gone_through_every_20_hours_and_late_after_4() -> None:
    places = Places(round_at=NOW)
    assert not places.round_is_due(NOW + 19 * HOUR)
    assert places.round_is_due(NOW + 20 * HOUR)
    begun = places.begun(NOW + 20 * HOUR)
    assert not begun.round_is_due(NOW + 90 * HOUR)
    assert not begun.round_is_late(NOW + 24 * HOUR)
    assert begun.round_is_late(NOW + 20 * HOUR + ROUND_LASTS + HOUR)
    assert ROUND not in begun.done().places


def test_look_ups_take_as_many_ids_at_once_as_the_service_allows() -> None:
    posts = [a_mention(id=f"x:t3_{n}", native_id=f"t3_{n}") for n in range(5)]
    lone = a_mention(id="x:video", native_id="video")
    found = list(
        checks(
            (Lookup(path="/info?id={ids}", at_once=2, of=r"^t3_(\d)"),), "https://x.example", [*posts, lone]
        )
    )
    assert [check.url.partition("=")[2] for check in found] == ["0,1", "2,3", "4"]
    assert all(check.absent_is_gone for check in found)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path)
    store = open_store(bench.url)
    watch = Watch(
        id="plinthly",
        product=Brand(name=PRODUCT),
        rivals=tuple(Brand(name=rival) for rival in RIVALS),
        sources={"hackernews": {}, "mastodon": {"servers": list(SERVERS)}},
    )
    store.save_watch(watch, actor="test", now=NOW)
    store.close()
    return bench


def change(server: ReplayServer, post: Post, text: str | None) -> None:
    """Edit or delete a post, as another process would."""
    dialled = http.client.HTTPConnection(*server.server_address[:2], timeout=5)
    body = {"source": post.source, "id": post.id} | ({"text": text} if text is not None else {})
    dialled.request("POST", "/changes.json", json.dumps(body))
    assert dialled.getresponse().status == 200
    dialled.close()


def crawl(bench: Bench, server: ReplayServer, at: datetime, **plan: Any) -> Told:
    return bench.crawl(**bases(server), now=iso(at), **plan)


@pytest.mark.parametrize("source", ["hackernews", "mastodon"])
def test_an_edit_becomes_a_revision_and_a_deletion_leaves_a_tombstone(bench: Bench, source: str) -> None:
    with replay() as server:
        corpus = server.desk.corpus
        leaves = [post for post in corpus.of(source) if not corpus.replies(post) and post.brands]
        edited, deleted = leaves[-1], leaves[-2]
        first = edited.at + timedelta(minutes=5)
        stored = crawl(bench, server, first, sources=[source]).mentions
        ids = {one.id: next(key for key in stored if key.endswith(one.id)) for one in (edited, deleted)}
        change(server, edited, f"{PRODUCT} fixed it within the hour, I take it back")
        change(server, deleted, None)
        told = crawl(bench, server, first + 31 * 24 * HOUR, sources=[source])
        assert told.mentions[ids[edited.id]]["text"].endswith("I take it back")
        assert told.mentions[ids[edited.id]]["revision"] == 2
        assert told.mentions[ids[deleted.id]]["deleted"] is True
        assert told.mentions[ids[deleted.id]]["text"] == ""
        others = [one for key, one in told.mentions.items() if key not in ids.values()]
        assert all(one["revision"] == 1 and not one["deleted"] for one in others)
        assert told.state["rechecked"] > 0
        store = open_store(bench.url)
        assert [r.mention.text for r in store.revisions(ids[deleted.id])][-1] == ""
        assert deleted.text.split()[0] not in " ".join(
            r.mention.text for r in store.revisions(ids[deleted.id])
        )
        store.close()


def test_an_answered_comment_that_its_author_took_away_is_emptied(bench: Bench) -> None:
    with replay() as server:
        corpus = server.desk.corpus
        post = [one for one in corpus.of("hackernews") if one.parent and corpus.replies(one) and one.brands][
            -1
        ]
        first = corpus.posts[-1].at + timedelta(minutes=5)
        crawl(bench, server, first, sources=["hackernews"])
        change(server, post, None)
        told = crawl(bench, server, first + 31 * 24 * HOUR, sources=["hackernews"])
        assert told.mentions[f"hackernews:{post.id}"]["deleted"] is True
        answer = told.mentions[f"hackernews:{corpus.replies(post)[0].id}"]
        assert not answer["deleted"]


def test_nothing_is_asked_again_before_it_is_due(bench: Bench) -> None:
    with replay() as server:
        first = server.desk.corpus.posts[-1].at + timedelta(days=60)
        crawl(bench, server, first, sources=["hackernews"])
        before = len(server.desk.log)
        told = crawl(bench, server, first + HOUR, sources=["hackernews"])
        assert told.state["rechecked"] == 0
        assert len(server.desk.log) - before < 10
