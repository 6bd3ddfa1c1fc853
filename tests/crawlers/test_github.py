from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError, SourceBlocked, SourceBusy, SourceChanged, SourceError, SourceGone
from crawlers.spiders.github import GitHub
from tests.crawlers.truth import BLOCK_PAGE, acme, answer, fixture, read, recordings

API = "https://api.github.com"
SEARCH = f"{API}/search/issues?q=Acme"
ISSUE = "https://github.com/acme/acme-sync/issues/41"


def a_comment(**changes: Any) -> dict[str, Any]:
    return {
        "id": 9001,
        "html_url": f"{ISSUE}#issuecomment-9001",
        "issue_url": f"{API}/repos/acme/acme-sync/issues/41",
        "user": {"login": "quill", "id": 7, "html_url": "https://github.com/quill", "type": "User"},
        "created_at": "2026-09-20T09:00:00Z",
        "updated_at": "2026-09-20T09:00:00Z",
        "body": "Same with **Globex**",
    } | changes


def discussions(**more: Any) -> dict[str, Any]:
    reply = {"id": "DC_3", "body": "Thanks", "createdAt": "2026-09-20T10:00:00Z", "author": None}
    comment = {
        "id": "DC_2",
        "body": "Use --force",
        "createdAt": "2026-09-20T09:00:00Z",
        "url": "https://github.com/acme/acme-sync/discussions/7#discussioncomment-2",
        "author": {"login": "quill", "url": "https://github.com/quill"},
        "replies": {"nodes": [reply]},
    }
    node = {
        "id": "D_1",
        "number": 7,
        "title": "How to restore",
        "body": "Acme?",
        "createdAt": "2026-09-20T08:00:00Z",
        "lastEditedAt": "2026-09-20T08:30:00Z",
        "url": "https://github.com/acme/acme-sync/discussions/7",
        "author": {"login": "rowan", "url": "https://github.com/rowan"},
        "upvoteCount": 5,
        "comments": {"totalCount": 1, "nodes": [comment]},
    }
    return {"data": {"search": {"nodes": [node], **more}}}


def test_a_search_gives_issues_and_pull_requests_as_they_were_written() -> None:
    issue, pull = read("github", fixture("github_search.json"), SEARCH)
    assert (issue["native_id"], issue["url"]) == ("9001", ISSUE)
    assert (issue["title"], issue["text"]) == (
        "Acme sync drops <files>",
        "Since 3.2 it **drops**\nfiles & folders",
    )
    assert issue["edited_at"] is None
    assert (issue["engagement"]["score"], issue["engagement"]["replies"]) == (3, 2)
    assert (pull["title"], pull["text"], pull["author"]["handle"]) == ("Bump Globex client", "", None)


def test_an_issue_and_a_comment_of_one_number_are_two_mentions_of_one_thread() -> None:
    (issue, _), (comment,) = (
        read("github", fixture("github_search.json"), SEARCH),
        read("github", [a_comment()]),
    )
    assert issue["native_id"] == comment["native_id"]
    assert issue["id"] != comment["id"]
    assert issue["thread_id"] == comment["thread_id"]


def test_review_comments_and_reviews_are_read_and_empty_ones_left_out() -> None:
    pull = "https://github.com/acme/acme-sync/pull/42"
    found = read(
        "github",
        [
            a_comment(id=1, html_url=f"{pull}#discussion_r1", diff_hunk="@@", in_reply_to_id=8),
            a_comment(
                id=2,
                html_url=f"{pull}#pullrequestreview-2",
                created_at=None,
                submitted_at="2026-09-20T09:00:00Z",
            ),
            a_comment(id=3, html_url=f"{pull}#pullrequestreview-3", body=""),
        ],
    )
    assert [item["id"] for item in found] == ["github:review-comment/1", "github:review/2"]
    assert found[0]["parent_id"] == "github:review-comment/8"


def test_discussions_give_their_comments_and_the_answers_to_these() -> None:
    post, comment, reply = read("github", discussions())
    assert (post["native_id"], post["kind"], post["edited_at"]) == ("D_1", "post", "2026-09-20T08:30:00Z")
    assert (comment["parent_id"], reply["parent_id"]) == ("github:D_1", "github:DC_2")
    assert {item["thread_id"] for item in (post, comment, reply)} == {"github:acme/acme-sync/7"}
    assert reply["author"]["handle"] is None


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"message": "Not Found", "documentation_url": "https://docs.github.com"}, SourceGone),
        ({"message": "API rate limit exceeded for 192.0.2.1."}, SourceBusy),
        ({"message": "You have exceeded a secondary rate limit."}, SourceBusy),
        ({"message": "Bad credentials"}, SourceBlocked),
        ({"message": "Validation Failed", "errors": [{"code": "invalid"}]}, SourceBlocked),
        ({"data": None, "errors": [{"type": "RATE_LIMITED", "message": "no"}]}, SourceBusy),
        ({"data": {"repository": None}, "errors": [{"message": "Could not resolve"}]}, SourceBlocked),
        ({"login": "rowan", "id": 1}, SourceChanged),
        ([{"event": "closed", "id": 1}], SourceChanged),
        (b'"text"', SourceChanged),
        (BLOCK_PAGE, SourceBlocked),
    ],
)
def test_what_is_no_answer_gives_no_mention(body: object, error: type[SourceError]) -> None:
    with pytest.raises(error):
        read("github", body, SEARCH)


@pytest.mark.parametrize("body", [{"total_count": 0, "items": []}, [], {"data": {"search": {"nodes": []}}}])
def test_an_empty_answer_is_no_error(body: object) -> None:
    assert read("github", body, SEARCH) == []


def test_without_a_token_issues_are_searched_and_named_repositories_read() -> None:
    streams = list(GitHub().streams(acme(), {"repositories": "acme/acme-sync"}))
    assert [stream.name for stream in streams] == [
        '"Acme"',
        '"Globex"',
        "acme/acme-sync",
        "acme/acme-sync comments",
    ]
    assert "is%3Aissue" in streams[0].url


def test_a_token_adds_discussions_which_are_asked_for_by_post() -> None:
    spider = GitHub(keys={"token": "t0ken"})
    stream = next(one for one in spider.streams(acme(), {}) if one.name == 'discussions "Acme"')
    request = spider.request(stream.url, spider.headers(stream.url))
    assert (request.method, request.url) == ("POST", f"{API}/graphql")
    assert json.loads(request.body)["variables"]["q"] == '"Acme" sort:created-desc'
    assert request.headers["Authorization"] == b"Bearer t0ken"
    page = answer(discussions(pageInfo={"endCursor": "C1", "hasNextPage": True}), stream.url)
    following = spider.next_page(page, [])
    assert following is not None
    assert json.loads(spider.request(following, {}).body)["variables"]["after"] == "C1"


def test_the_thread_of_a_discussion_is_asked_for_by_its_number() -> None:
    spider = GitHub(keys={"token": "t0ken"})
    page = answer(discussions(), f"{API}/graphql?q=x")
    comment = list(spider.read(page))[1]
    url = spider.thread_url(comment, page)
    assert url is not None
    told = json.loads(spider.request(url, {}).body)
    assert told["variables"] == {"owner": "acme", "name": "acme-sync", "number": 7}
    node = discussions()["data"]["search"]["nodes"][0]
    thread = spider.read_thread(answer({"data": {"repository": {"discussion": node}}}, url), comment)
    assert [one.native_id for one in thread] == ["D_1", "DC_2", "DC_3"]


def test_a_repository_must_be_one() -> None:
    with pytest.raises(InputError, match="owner/name"):
        GitHub.check_settings({"repositories": ["acme"]})


def test_the_next_page_is_followed_as_given_and_on_the_same_host_only() -> None:
    following = f"{API}/repositories/1/issues?page=2"
    page = answer(
        [], f"{API}/repos/a/b/issues", Link=f'<{following}>; rel="next", <{API}/x?page=9>; rel="last"'
    )
    assert GitHub().next_page(page, []) == following
    away = answer([], f"{API}/repos/a/b/issues", Link='<https://elsewhere.example/>; rel="next"')
    assert GitHub().next_page(away, []) is None


def test_the_thread_of_an_issue_is_its_comments_below_it() -> None:
    spider, page = GitHub(), answer(fixture("github_search.json"), SEARCH)
    issue = next(spider.read(page))
    url = spider.thread_url(issue, page)
    assert url == f"{API}/repos/acme/acme-sync/issues/41/comments?per_page=100"
    comments = answer([a_comment()], url)
    thread = spider.read_thread(comments, issue)
    assert [one.parent_id for one in thread] == [None, issue.id]
    assert spider.above(thread, comments) is None


def test_the_thread_of_a_comment_begins_with_its_issue() -> None:
    spider = GitHub()
    page = answer([a_comment()], f"{API}/repos/acme/acme-sync/issues/comments")
    comment = next(spider.read(page))
    url = spider.thread_url(comment, page)
    comments = answer([a_comment()], url or "")
    thread = spider.read_thread(comments, comment)
    assert spider.above(thread, comments) == f"{API}/repos/acme/acme-sync/issues/41"


def test_the_recordings_are_read_exactly(shared: Path) -> None:
    assert [fault for one in recordings(shared, "github") for fault in one.faults("github")] == []
