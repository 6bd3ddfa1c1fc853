"""Whole conversations and refusals, crawled from a loopback server through the public door."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from tests.crawlers.crawl_rig import Bench, Told
from tests.crawlers.hostile import Hostile, Page, say


def told(body: object, status: int = 200) -> Page:
    return say(status, json.dumps(body).encode())


def crawl(tmp_path: Path, name: str, pages: dict[str, Page], **settings: Any) -> Told:
    bench = Bench(tmp_path)
    bench.watch({name: settings})
    with Hostile(pages=pages) as server:
        result = bench.crawl(base_urls={name: server.base})
        asked = len(server.seen)
        if result.state["until"]:
            # One request for each of the two names may be on its way; after that nothing until it is due.
            assert asked <= 2
            bench.crawl(base_urls={name: server.base})
            assert len(server.seen) == asked
    return result


def test_a_stack_overflow_answer_comes_with_question_and_comments(tmp_path: Path) -> None:
    when = {"creation_date": 1789971200}
    owner = {"owner": {"display_name": "Rowan", "user_id": 5}}
    hit = {
        "item_type": "answer",
        "answer_id": 300,
        "question_id": 101,
        "body": "Acme can",
        "title": "T",
    } | when
    answer = {"answer_id": 300, "question_id": 101, "body": "<p>Acme can, with a flag</p>"} | when | owner
    question = {"question_id": 101, "title": "How?", "body": "<p>To the moon</p>"} | when | owner
    comment = {"comment_id": 7, "post_id": 300, "post_type": "answer", "body": "Thanks"} | when | owner
    result = crawl(
        tmp_path,
        "stackexchange",
        {
            "/2.3/search/excerpts": told({"items": [hit], "has_more": False}),
            "/2.3/questions/101/answers": told({"items": [answer], "has_more": False}),
            "/2.3/questions/101": told({"items": [question], "has_more": False}),
            "/2.3/posts/101;300/comments": told({"items": [comment], "has_more": False}),
        },
        sites=["stackoverflow"],
    )
    assert result.state["status"] == "ok", result.failures
    found = {item["native_id"]: item for item in result.mentions.values()}
    assert sorted(found) == ["answer/300", "comment/7", "question/101"]
    assert (found["answer/300"]["author"]["handle"], found["answer/300"]["context"]) == ("Rowan", False)
    assert found["comment/7"]["parent_id"] == found["answer/300"]["id"]


def test_backoff_holds_the_host_and_a_throttled_client_stays_away(tmp_path: Path) -> None:
    message = "too many requests from this IP, more requests available in 3000 seconds"
    body = {"error_id": 502, "error_name": "throttle_violation", "error_message": message}
    result = crawl(tmp_path, "stackexchange", {"/2.3/search/excerpts": told(body, 400)})
    assert result.state["status"] == "backing off"
    assert result.state["until"] - time.time() > 2900


def test_a_spent_day_is_not_asked_beyond(tmp_path: Path) -> None:
    spent = told({"items": [], "has_more": False, "quota_remaining": 0})
    result = crawl(tmp_path, "stackexchange", {"/2.3/search/excerpts": spent})
    assert result.state["requests"] <= 2


def test_a_discourse_topic_is_read_to_its_last_post(tmp_path: Path) -> None:
    def post(number: int) -> dict[str, Any]:
        said = {
            "cooked": f"<p>Post {number}</p>" if number != 3 else "<p>I left Globex for Acme, all of it</p>"
        }
        place = {"post_number": number, "topic_id": 9, "topic_slug": "news", "post_type": 1}
        when = dict.fromkeys(("created_at", "updated_at"), "2026-09-20T08:00:00.000Z")
        return {"id": 100 + number, "username": "rowan", "version": 1} | said | place | when

    stream = [100 + number for number in range(1, 44)]
    topic = {"id": 9, "slug": "news", "title": "News", "posts_count": 43}
    hit = post(3) | {"blurb": "… left Globex for Acme", "cooked": None}
    pages = {
        "/forum.example/search.json": told({"posts": [hit], "topics": [topic], "grouped_search_result": {}}),
        "/forum.example/t/9/3.json": told(topic | {"post_stream": {"posts": [post(3)], "stream": stream}}),
        "/forum.example/t/9.json": told(
            topic | {"post_stream": {"posts": [post(1), post(2)], "stream": stream}}
        ),
        "/forum.example/t/9/posts.json": told(
            {"post_stream": {"posts": [post(n) for n in range(4, 44)]}, "id": 9}
        ),
    }
    result = crawl(tmp_path, "discourse", pages, forums=["forum.example"])
    assert result.state["status"] == "ok", result.failures
    assert len(result.mentions) == 43
    match = result.mentions["discourse:forum.example:103"]
    assert (match["text"], match["context"]) == ("I left Globex for Acme, all of it", False)
    assert match["url"] == "https://forum.example/t/news/9/3"


def test_a_lemmy_comment_comes_with_its_post(tmp_path: Path) -> None:
    post = {"id": 11, "name": "Which one?", "ap_id": "https://far.example/post/700"}
    times = {"published": "2026-09-20T08:00:00Z"}
    comment = {
        "id": 30,
        "content": "Acme",
        "path": "0.30",
        "post_id": 11,
        "ap_id": "https://l.example/comment/30",
    }
    creator = {"name": "rowan", "actor_id": "https://l.example/u/rowan"}
    view = {
        "comment": comment | times,
        "post": post | times,
        "creator": creator,
        "counts": {"child_count": 0},
    }
    pages = {
        "/l.example/api/v3/search": told({"posts": [], "comments": [view]}),
        "/l.example/api/v3/comment/list": told({"comments": [view]}),
        "/l.example/api/v3/post": told({"post_view": {"post": post | times, "creator": creator}}),
    }
    result = crawl(tmp_path, "lemmy", pages, servers=["l.example"])
    assert result.state["status"] == "ok", result.failures
    assert sorted(result.mentions) == ["lemmy:far.example:post/700", "lemmy:l.example:comment/30"]
    assert {item["thread_id"] for item in result.mentions.values()} == {"lemmy:far.example:post/700"}


def test_a_lemmy_instance_that_says_too_fast_with_400_is_left_alone(tmp_path: Path) -> None:
    pages = {"/l.example/api/v3/search": told({"error": "rate_limit_error"}, 400)}
    result = crawl(tmp_path, "lemmy", pages, servers=["l.example"])
    assert result.state["status"] == "backing off"
    assert 500 < result.state["until"] - time.time() < 700


def test_a_github_issue_comes_with_all_pages_of_its_comments(tmp_path: Path) -> None:
    issue = {
        "id": 9001,
        "number": 41,
        "title": "Acme sync fails",
        "body": "Why",
        "html_url": "https://github.com/acme/sync/issues/41",
        "created_at": "2026-09-20T08:00:00Z",
        "user": {"login": "rowan"},
        "comments": 2,
    }
    comment = {
        "id": 1,
        "body": "Same",
        "html_url": "https://github.com/acme/sync/issues/41#issuecomment-1",
        "created_at": "2026-09-20T09:00:00Z",
        "user": None,
    }
    path, later = "/repos/acme/sync/issues/41/comments", "/repositories/1/issues/41/comments"
    bench = Bench(tmp_path)
    bench.watch({"github": {}})
    with Hostile() as server:
        server.pages |= {
            "/search/issues": told({"items": [issue]}),
            path: say(200, json.dumps([comment]).encode(), Link=f'<{server.base}{later}?page=2>; rel="next"'),
            later: told([comment | {"id": 2, "body": "Fixed"}]),
        }
        result = bench.crawl(base_urls={"github": server.base})
    assert result.state["status"] == "ok", result.failures
    assert sorted(result.mentions) == ["github:9001", "github:comment/1", "github:comment/2"]
    assert {item["parent_id"] for item in result.mentions.values()} == {None, "github:9001"}
    assert len({item["thread_id"] for item in result.mentions.values()}) == 1
