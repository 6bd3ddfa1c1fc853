from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from core.errors import InputError, SourceBlocked, SourceBusy, SourceChanged, SourceError, SourceGone
from crawlers.spiders.discourse import Discourse
from tests.crawlers.truth import BLOCK_PAGE, acme, answer, fixture, read, recordings

FORUM = "https://forum.example"
TOPIC = f"{FORUM}/t/77.json"
NOW = datetime(2026, 9, 22, tzinfo=UTC)


def a_post(**changes: Any) -> dict[str, Any]:
    return {
        "id": 40,
        "username": "rowan",
        "name": None,
        "created_at": "2026-09-20T08:00:00.000Z",
        "updated_at": "2026-09-20T08:00:00.000Z",
        "cooked": "<p>Acme again</p>",
        "post_number": 3,
        "post_type": 1,
        "topic_id": 9,
        "topic_slug": "news",
        "topic_title": "News",
        "version": 1,
    } | changes


def a_search(**more: Any) -> dict[str, Any]:
    hit = {
        "id": 51,
        "name": "Quill",
        "username": "quill",
        "created_at": "2026-09-20T08:00:00.000Z",
        "like_count": 2,
        "blurb": "&hellip; is <span>Acme</span> any good &amp; why",
        "post_number": 4,
        "topic_id": 9,
    }
    topic = {
        "id": 9,
        "title": "News",
        "slug": "news",
        "posts_count": 12,
        "created_at": "2026-09-01T00:00:00Z",
    }
    return {"posts": [hit], "topics": [topic], "grouped_search_result": {"post_ids": [51], **more}}


def test_a_topic_gives_what_people_said_in_it() -> None:
    found = {item["native_id"]: item for item in read("discourse", fixture("discourse_topic.json"), TOPIC)}
    first = found["900"]
    assert first["id"] == "discourse:forum.example:900"
    assert (first["kind"], first["title"]) == ("post", "Acme restores nothing")
    assert " ".join(first["text"].split()) == "Acme restores nothing. Why?"
    assert first["url"] == f"{FORUM}/t/acme-restore/77/1"
    assert (first["author"]["handle"], first["author"]["url"]) == ("rowan", f"{FORUM}/u/rowan")
    assert (first["published_at"], first["edited_at"]) == (
        "2026-09-20T08:01:00.500000Z",
        "2026-09-20T09:01:00Z",
    )
    assert first["engagement"] == {"score": 4, "replies": 7, "shares": None, "views": 120}
    assert (found["901"]["title"], found["901"]["edited_at"]) == (None, None)
    assert found["901"]["parent_id"] == first["id"]
    assert found["902"]["parent_id"] == "discourse:forum.example:901"
    assert {item["thread_id"] for item in found.values()} == {"discourse:forum.example:topic/77"}


def test_deleted_and_flagged_posts_keep_no_words_and_system_lines_are_none() -> None:
    found = {item["native_id"]: item for item in read("discourse", fixture("discourse_topic.json"), TOPIC)}
    assert sorted(found) == ["900", "901", "902", "903", "905"]
    for number in ("903", "905"):
        assert (found[number]["deleted"], found[number]["text"]) == (True, "")
        assert found[number]["author"]["handle"] is None


def test_a_search_gives_posts_with_the_part_around_the_word() -> None:
    (item,) = read("discourse", a_search(), f"{FORUM}/search.json?q=Acme")
    assert item["text"] == "… is Acme any good & why"
    assert item["url"] == f"{FORUM}/t/news/9/4"
    assert (item["title"], item["engagement"]["score"]) == (None, 2)


@pytest.mark.parametrize(
    "body",
    [
        {"latest_posts": [a_post()]},
        {"post_stream": {"posts": [a_post()]}, "id": 9},
        [a_post()],
        a_post(),
    ],
)
def test_posts_are_read_in_every_list_that_holds_them(body: object) -> None:
    (item,) = read("discourse", body, f"{FORUM}/posts.json")
    assert (item["native_id"], item["text"], item["url"]) == ("40", "Acme again", f"{FORUM}/t/news/9/3")


def test_a_list_of_topics_gives_their_titles() -> None:
    topic = {
        "id": 9,
        "title": "News &amp; more",
        "slug": "news",
        "created_at": "2026-09-01T03:00:00.500-05:00",
    }
    body = {"users": [], "topic_list": {"topics": [topic | {"posts_count": 3, "views": 8}]}}
    (item,) = read("discourse", body, f"{FORUM}/latest.json")
    assert (item["native_id"], item["title"], item["url"]) == ("9", "News & more", f"{FORUM}/t/news/9")
    assert item["published_at"] == "2026-09-01T08:00:00.500000Z"
    assert item["id"] == "discourse:forum.example:topic/9"


def test_a_forum_in_a_folder_keeps_its_address() -> None:
    (item,) = read("discourse", [a_post()], "https://acme.example/community/posts/1/replies.json")
    assert item["url"] == "https://acme.example/community/t/news/9/3"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"errors": ["The requested URL could not be found."], "error_type": "not_found"}, SourceGone),
        ({"errors": ["Slow down"], "error_type": "rate_limit", "extras": {"wait_seconds": 9}}, SourceBusy),
        ({"errors": ["You are not permitted"], "error_type": "invalid_access"}, SourceBlocked),
        ({"users": [], "groups": []}, SourceChanged),
        ([{"type": "topic", "results": []}], SourceChanged),
        (BLOCK_PAGE, SourceBlocked),
    ],
)
def test_what_is_no_answer_gives_no_mention(body: object, error: type[SourceError]) -> None:
    with pytest.raises(error):
        read("discourse", body, TOPIC)


def test_a_forum_that_is_asked_too_fast_says_how_long_to_wait() -> None:
    body = {"errors": ["Slow down"], "error_type": "rate_limit", "extras": {"wait_seconds": 9}}
    refusal = Discourse().refused(answer(body, TOPIC), NOW)
    assert isinstance(refusal, SourceBusy)
    assert refusal.until == NOW + timedelta(seconds=9)


def test_each_name_is_searched_on_each_forum() -> None:
    streams = list(Discourse().streams(acme(), {"forums": "https://Forum.example/, meta.example"}))
    assert [stream.name for stream in streams] == [
        '"Acme"@forum.example',
        '"Globex"@forum.example',
        '"Acme"@meta.example',
        '"Globex"@meta.example',
    ]
    assert parse_qs(urlsplit(streams[0].url).query)["q"] == ['"Acme" order:latest']


def test_it_is_read_only_where_forums_are_named() -> None:
    assert Discourse.default_settings("Acme") is None
    for settings in ({}, {"forums": ["not a forum"]}):
        with pytest.raises(InputError, match="forum"):
            Discourse.check_settings(settings)


def test_the_next_page_follows_where_a_search_or_a_list_has_one() -> None:
    spider = Discourse()
    page = answer(a_search(more_full_page_results=True), f"{FORUM}/search.json?q=Acme&page=2")
    assert "page=3" in str(spider.next_page(page, list(spider.read(page))))
    last = answer(a_search(), f"{FORUM}/search.json?q=Acme")
    assert spider.next_page(last, list(spider.read(last))) is None
    new = answer({"latest_posts": [a_post(), a_post(id=38)]}, f"{FORUM}/posts.json")
    assert "before=37" in str(spider.next_page(new, list(spider.read(new))))


def test_the_thread_is_the_topic_around_the_post_its_beginning_and_the_rest() -> None:
    spider = Discourse()
    hit = answer(a_search(), f"{FORUM}/search.json?q=Acme")
    url = spider.thread_url(next(spider.read(hit)), hit)
    assert url == f"{FORUM}/t/9/4.json"
    middle = answer({"post_stream": {"posts": [a_post()], "stream": [38, 40, 44]}, "id": 9}, url)
    thread = list(spider.read(middle))
    assert spider.above(thread, middle) == f"{FORUM}/t/9.json"
    assert list(spider.more(thread, middle)) == [f"{FORUM}/t/9/posts.json?post_ids[]=38&post_ids[]=44"]


def test_a_key_goes_to_its_own_forum_only() -> None:
    spider = Discourse(keys={"api_key@forum.example": "k3y", "api_user@forum.example": "acme"})
    assert spider.headers(TOPIC)["Api-Key"] == "k3y"
    assert spider.headers("https://other.example/t/1.json") == {"Accept": "application/json"}


def test_the_recordings_are_read_exactly(shared: Path) -> None:
    assert [fault for one in recordings(shared, "discourse") for fault in one.faults("discourse")] == []
