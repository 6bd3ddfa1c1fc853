from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from core.errors import InputError, SourceBlocked, SourceBusy, SourceChanged, SourceError
from crawlers.spiders.stackexchange import StackExchange
from tests.crawlers.truth import BLOCK_PAGE, acme, answer, fixture, read, recordings

API = "https://api.stackexchange.com/2.3"
QUESTIONS = f"{API}/questions?site=stackoverflow&filter=withbody"
NOW = datetime(2026, 9, 22, 15, 30, tzinfo=UTC)


def an_excerpt(**changes: Any) -> dict[str, Any]:
    return {
        "item_type": "answer",
        "answer_id": 300,
        "question_id": 101,
        "creation_date": 1789971200,
        "score": 2,
        "title": "Why does Acme&#39;s restore fail?",
        "body": "Set &lt;owner&gt;\r\nfirst",
        "excerpt": 'Set &lt;owner&gt; for <span class="highlight">Acme</span> &hellip;',
    } | changes


def test_a_question_comes_with_its_comments_and_answers_and_theirs() -> None:
    found = read("stackexchange", fixture("stackexchange_questions.json"), QUESTIONS)
    question, comment, reply, thanks = found
    assert [item["native_id"] for item in found] == [
        "question/101",
        "comment/501",
        "answer/201",
        "comment/502",
    ]
    assert question["title"] == 'Why does Acme\'s "restore" fail?'
    assert question["text"] == "It says EPERM & stops."
    assert (question["author"]["handle"], question["author"]["id"]) == ("Rowan & Co", "5")
    assert question["edited_at"] == "2026-09-21T06:25:00Z"
    assert (reply["url"], reply["parent_id"]) == ("https://stackoverflow.com/a/201", question["id"])
    assert comment["parent_id"] == question["id"]
    assert thanks["parent_id"] == "stackexchange:stackoverflow.com:answer/201"
    assert {item["thread_id"] for item in found} == {question["id"]}


def test_an_activity_is_no_edit() -> None:
    reply = read("stackexchange", fixture("stackexchange_questions.json"), QUESTIONS)[2]
    assert reply["edited_at"] is None


def test_an_excerpt_of_an_answer_belongs_to_its_question() -> None:
    (item,) = read("stackexchange", {"items": [an_excerpt()]}, f"{API}/search/excerpts?site=dba")
    assert item["id"] == "stackexchange:dba.stackexchange.com:answer/300"
    assert item["thread_id"] == "stackexchange:dba.stackexchange.com:question/101"
    assert (item["text"], item["title"], item["author"]["handle"]) == ("Set <owner>\nfirst", None, None)


def test_an_excerpt_without_a_body_is_its_excerpt() -> None:
    (item,) = read("stackexchange", {"items": [an_excerpt(body=None)]}, QUESTIONS)
    assert item["text"] == "Set <owner> for Acme …"


@pytest.mark.parametrize(
    ("site", "host"),
    [
        ("stackoverflow", "stackoverflow.com"),
        ("es.stackoverflow", "es.stackoverflow.com"),
        ("meta.serverfault", "meta.serverfault.com"),
        ("mathoverflow", "mathoverflow.net"),
        ("unix", "unix.stackexchange.com"),
        ("unix.meta", "unix.meta.stackexchange.com"),
        ("superuser.com", "superuser.com"),
    ],
)
def test_a_site_stands_for_its_host(site: str, host: str) -> None:
    (item,) = read("stackexchange", {"items": [an_excerpt()]}, f"{API}/search/excerpts?site={site}")
    assert item["url"] == f"https://{host}/a/300"


def test_markdown_bodies_are_read_as_they_were_written() -> None:
    item = {"question_id": 1, "creation_date": 1, "title": "T", "body_markdown": "a &lt;b&gt;\r\n- c"}
    (found,) = read("stackexchange", {"items": [item]}, QUESTIONS)
    assert found["text"] == "a <b>\n- c"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (
            {"error_id": 502, "error_name": "throttle_violation", "error_message": "too many requests"},
            SourceBusy,
        ),
        ({"error_id": 400, "error_name": "bad_parameter", "error_message": "site"}, SourceBlocked),
        ({"quota_remaining": 3}, SourceChanged),
        ({"items": [{"tag": "python", "count": 3}]}, SourceChanged),
        ([], SourceChanged),
        (BLOCK_PAGE, SourceBlocked),
    ],
)
def test_what_is_no_answer_gives_no_mention(body: object, error: type[SourceError]) -> None:
    with pytest.raises(error):
        read("stackexchange", body, QUESTIONS)


def test_a_throttled_client_waits_as_long_as_it_is_told() -> None:
    message = "too many requests from this IP, more requests available in 90 seconds"
    body = {"error_id": 502, "error_name": "throttle_violation", "error_message": message}
    refusal = StackExchange().refused(answer(body, QUESTIONS), NOW)
    assert isinstance(refusal, SourceBusy)
    assert refusal.until == NOW + timedelta(seconds=90)


@pytest.mark.parametrize(
    ("told", "until"),
    [
        ({"backoff": 10}, NOW + timedelta(seconds=10)),
        ({"backoff": 0.2}, NOW + timedelta(seconds=0.2)),
        ({"quota_remaining": 0}, datetime(2026, 9, 23, tzinfo=UTC)),
        ({"quota_remaining": 7}, None),
    ],
)
def test_backoff_and_a_spent_day_are_waited_for(told: dict[str, object], until: datetime | None) -> None:
    assert StackExchange().busy_until(answer({"items": []} | told, QUESTIONS), NOW) == until


def test_each_name_is_searched_on_each_site() -> None:
    streams = list(StackExchange().streams(acme(), {"sites": ["stackoverflow", "dba"]}))
    assert [stream.name for stream in streams] == [
        '"Acme"@stackoverflow',
        '"Globex"@stackoverflow',
        '"Acme"@dba',
        '"Globex"@dba',
    ]
    query = parse_qs(urlsplit(streams[0].url).query)
    assert (query["sort"], query["site"], query["q"]) == (["creation"], ["stackoverflow"], ['"Acme"'])


def test_the_key_stays_out_of_the_stream_and_goes_into_the_request() -> None:
    spider = StackExchange(keys={"key": "k3y"})
    stream = next(iter(spider.streams(acme(), {})))
    assert "k3y" not in stream.url
    assert spider.request(stream.url, {}).url.endswith("&key=k3y")


def test_a_site_must_be_one() -> None:
    with pytest.raises(InputError, match="site"):
        StackExchange.check_settings({"sites": ["stack overflow"]})


def test_pages_are_followed_to_the_last_one_shown_and_then_by_date() -> None:
    spider = StackExchange()
    for number, wanted in ((3, {"page": ["4"]}), (25, {"page": ["1"], "todate": ["1789971200"]})):
        page = answer(
            {"items": [an_excerpt()], "has_more": True}, f"{API}/search/excerpts?site=dba&page={number}"
        )
        following = spider.next_page(page, list(spider.read(page)))
        assert following is not None
        query = parse_qs(urlsplit(following).query)
        assert {name: query[name] for name in wanted} == wanted
    last = answer({"items": [an_excerpt()], "has_more": False}, QUESTIONS)
    assert spider.next_page(last, list(spider.read(last))) is None


def test_the_thread_is_the_answers_the_question_and_the_comments() -> None:
    spider = StackExchange()
    hit = answer({"items": [an_excerpt()]}, f"{API}/search/excerpts?site=dba")
    url = spider.thread_url(next(spider.read(hit)), hit)
    assert url is not None
    assert (urlsplit(url).path, parse_qs(urlsplit(url).query)["site"]) == (
        "/2.3/questions/101/answers",
        ["dba"],
    )
    answers = answer({"items": [an_excerpt()]}, url)
    thread = spider.read_thread(answers, next(spider.read(hit)))
    assert urlsplit(spider.above(thread, answers) or "").path == "/2.3/questions/101"
    (comments,) = spider.more(thread, answers)
    assert urlsplit(comments).path == "/2.3/posts/300/comments"
    assert not spider.is_placed(thread[0])


def test_the_recordings_are_read_exactly(shared: Path) -> None:
    assert [
        fault for one in recordings(shared, "stackexchange") for fault in one.faults("stackexchange")
    ] == []
