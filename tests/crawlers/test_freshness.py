"""Stored items are looked at again: edits become revisions, and what is deleted there is deleted here."""

from __future__ import annotations

import http.client
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.clock import iso
from core.mention import Mention
from core.watch import Brand, Watch
from crawlers.catalog import source
from crawlers.freshness import AGES, ROUND, ROUND_LASTS, Place, Places
from crawlers.replay import PRODUCT, RIVALS, SERVERS
from crawlers.replay.corpus import Post
from crawlers.replay.server import ReplayServer
from store import open_store
from tests.builders import a_mention
from tests.crawlers.crawl_rig import Bench, Told
from tests.crawlers.hostile import Hostile, say
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


def a_stored(name: str, own: str, native: str) -> Mention:
    return a_mention(id=f"{name}:{own}", native_id=native, source=name, thread_id=f"{name}:{own}")


@pytest.mark.parametrize(
    ("name", "keys", "ids", "url"),
    [
        (
            "reddit",
            {"client_id": "i"},
            ["t3_a", "t1_b"],
            "https://oauth.reddit.com/api/info?raw_json=1&id=t3_a,t1_b",
        ),
        ("reddit", {}, ["t3_a", "t1_b"], "https://www.reddit.com/comments/a/.rss"),
        ("x", {"bearer_token": "t"}, ["11", "12"], "https://api.x.com/2/tweets?ids=11,12&tweet.fields="),
        (
            "bluesky",
            {},
            ["at://d/p/1", "at://d/p/2"],
            "getPosts?uris=at%3A%2F%2Fd%2Fp%2F1&uris=at%3A%2F%2Fd%2Fp%2F2",
        ),
        ("youtube", {"api_key": "k"}, ["aBcDeFgHiJk"], "/videos?part=snippet,statistics&id=aBcDeFgHiJk"),
        (
            "youtube",
            {"api_key": "k"},
            ["UgzTop1.r2"],
            "/comments?part=snippet&textFormat=plainText&id=UgzTop1.r2",
        ),
        ("stackexchange", {}, ["so.com:question/1", "so.com:question/2"], "/2.3/questions/1;2?site=so.com&"),
        ("lemmy", {}, ["far.example:comment/7"], "https://far.example/api/v3/comment?id=7"),
        ("discourse", {}, ["forum.example:900"], "https://forum.example/posts/900.json"),
        ("mastodon", {}, ["social.example:115"], "https://social.example/api/v1/statuses/115"),
        ("hackernews", {}, ["8"], "https://hn.algolia.com/api/v1/items/8"),
    ],
)
def test_stored_items_are_asked_for_by_id(name: str, keys: dict[str, str], ids: list[str], url: str) -> None:
    reader = source(name)(keys=keys)
    found = list(
        reader.recheck(
            [a_stored(name, one, one.rpartition(":")[2] if "/p/" not in one else one) for one in ids]
        )
    )
    assert len(found) == 1
    assert url in found[0].url
    assert found[0].absent_is_gone or name == "mastodon"


@pytest.mark.parametrize(
    "name", ["reddit", "x", "bluesky", "youtube", "stackexchange", "lemmy", "discourse", "github"]
)
def test_no_source_asks_for_more_at_once_than_its_service_gives(name: str) -> None:
    reader = source(name)(keys=dict.fromkeys(source(name).key_fields, "k"))
    for lookup in reader.lookups:
        assert 1 <= lookup.at_once <= 100
    assert list(reader.recheck([])) == []


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


@pytest.mark.parametrize("place", ["hackernews", "mastodon"])
def test_an_edit_becomes_a_revision_and_a_deletion_leaves_a_tombstone(bench: Bench, place: str) -> None:
    with replay() as server:
        corpus = server.desk.corpus
        leaves = [post for post in corpus.of(place) if not corpus.replies(post) and post.brands]
        edited, deleted = leaves[-1], leaves[-2]
        first = edited.at + timedelta(minutes=5)
        stored = crawl(bench, server, first, sources=[place]).mentions
        ids = {one.id: next(key for key in stored if key.endswith(one.id)) for one in (edited, deleted)}
        change(server, edited, f"{PRODUCT} fixed it within the hour, I take it back")
        change(server, deleted, None)
        told = crawl(bench, server, first + 31 * 24 * HOUR, sources=[place])
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


def tweets(*natives: str) -> bytes:
    posts = [
        {"id": one, "text": f"Acme is down {one}", "created_at": "2026-11-20T10:00:00.000Z", "author_id": "1"}
        for one in natives
    ]
    return json.dumps({"data": posts, "meta": {"result_count": len(posts)}}).encode()


def test_within_24_hours_everything_is_looked_at_where_the_terms_want_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.watch({"x": {}})
    with Hostile() as server:
        plan = {"base_urls": {"x": server.base}, "keys": {"x": {"bearer_token": "t0ken-t0ken"}}}
        server.pages = {"/2/tweets/search/recent": say(200, tweets("11", "12", "13"))}
        bench.crawl(**plan, now="2026-11-22T00:10:00Z")
        server.pages = {"/2/tweets/search/recent": say(200, b'{"meta": {"result_count": 0}}')}
        server.pages["/2/tweets"] = say(200, tweets("11", "13"))
        assert not bench.crawl(**plan, now="2026-11-22T15:00:00Z").mentions["x:12"]["deleted"]
        told = bench.crawl(**plan, now="2026-11-22T20:20:00Z")
        assert [told.mentions[f"x:{n}"]["deleted"] for n in (11, 12, 13)] == [False, True, False]
        assert len(server.asked("/2/tweets")) == 1


def test_what_cannot_be_looked_at_for_want_of_a_budget_loses_its_text_and_keeps_its_id(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path)
    bench.watch({"x": {"daily_requests": 1}})
    with Hostile(pages={"/2/tweets/search/recent": say(200, tweets("11", "12"))}) as server:
        plan = {"base_urls": {"x": server.base}, "keys": {"x": {"bearer_token": "t0ken-t0ken"}}}
        bench.crawl(**plan, now="2026-11-22T00:10:00Z")
        server.pages = {"/2/tweets/search/recent": say(200, b'{"meta": {"result_count": 0}}')}
        early = bench.crawl(**plan, now="2026-11-23T00:01:00Z")
        assert not early.mentions["x:11"]["deleted"]
        told = bench.crawl(**plan, now="2026-11-24T00:01:00Z")
        assert {one["text"] for one in told.mentions.values()} == {""}
        assert set(told.mentions) == {"x:11", "x:12"}
        assert "2 texts were dropped" in told.state["reason"]


def test_an_answer_that_shows_nothing_at_all_deletes_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.watch({"x": {}})
    natives = [str(100 + n) for n in range(30)]
    with Hostile(pages={"/2/tweets/search/recent": say(200, tweets(*natives))}) as server:
        plan = {"base_urls": {"x": server.base}, "keys": {"x": {"bearer_token": "t0ken-t0ken"}}}
        bench.crawl(**plan, now="2026-11-22T00:10:00Z")
        server.pages["/2/tweets"] = say(200, b'{"meta": {"result_count": 0}}')
        told = bench.crawl(**plan, now="2026-11-22T20:20:00Z")
        assert not any(one["deleted"] for one in told.mentions.values())
        assert "shows none of 30" in told.state["reason"]
