from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

from core.clock import SetClock
from core.errors import InputError, SourceBlocked, SourceBusy, SourceChanged, SourceError, SourceGone
from crawlers.spiders.x import X
from store import open_store
from tests.crawlers.exactness import inexact
from tests.crawlers.truth import BLOCK_PAGE, acme, answer, fixture, read

SEARCH = "https://api.x.com/2/tweets/search/recent?query=Acme&max_results=10"
NOW = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)


def test_posts_are_read_with_their_authors_and_figures() -> None:
    shared, long, bare, *_ = read("x", fixture("x_search.json"), SEARCH)
    assert (shared["author"]["handle"], shared["author"]["followers"]) == ("fern_example", 70)
    assert shared["url"] == "https://x.com/fern_example/status/1990000000000000005"
    assert shared["published_at"] == "2025-11-16T10:00:05Z"
    assert (long["kind"], long["language"]) == ("comment", "en")
    assert (long["thread_id"], long["parent_id"]) == ("x:1990000000000000010", "x:1990000000000000010")
    assert long["engagement"] == {"score": 3, "replies": 2, "shares": 5, "views": 600}
    assert (bare["author"]["handle"], bare["author"]["id"]) == (None, "13")


def test_a_share_and_a_long_post_are_read_uncut_and_unescaped() -> None:
    shared, long, *_ = read("x", fixture("x_search.json"), SEARCH)
    assert shared["text"].startswith("RT @moss_example: The Acme kettle & its lid broke")
    assert shared["text"].endswith("come back unopened")
    assert long["text"].endswith("below the lid")


def test_without_a_time_the_id_tells_it() -> None:
    bare = read("x", fixture("x_search.json"), SEARCH)[2]
    assert bare["published_at"].startswith("2025-11-16T")
    assert bare["url"] == "https://x.com/i/web/status/1990000000000000020"
    (old,) = read("x", {"data": {"id": "20", "text": "just setting up"}}, SEARCH)
    assert old["published_known"] is False


def test_the_newest_form_of_an_edited_post_stands_for_all() -> None:
    found = {item["native_id"]: item for item in read("x", fixture("x_search.json"), SEARCH)}
    assert found["1990000000000000012"]["edited_at"] is not None
    assert (found["1990000000000000011"]["deleted"], found["1990000000000000011"]["text"]) == (True, "")
    alone = {"data": [{"id": "1990000000000000011", "text": "Acme", "edit_history_tweet_ids": ["1990000000000000011", "1990000000000000012"]}]}  # fmt: skip  # noqa: E501 - as the service writes it
    (item,) = read("x", alone, SEARCH)
    assert not item["deleted"]


def test_what_an_answer_calls_gone_is_a_tombstone_and_a_hidden_account_none() -> None:
    gone = [item["native_id"] for item in read("x", fixture("x_search.json"), SEARCH) if item["deleted"]]
    assert gone == ["1970000000000000001", "1990000000000000011"]


@pytest.mark.parametrize(
    "body",
    [
        {"meta": {"result_count": 0}},
        {"data": [{"id": "1", "name": "Moss", "username": "moss"}]},
        {"data": [{"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z", "tweet_count": 3}]},
        {"data": [{"id": "5", "event_type": "MessageCreate", "text": "a private word"}], "meta": {}},
    ],
)
def test_an_empty_search_and_lists_of_other_things_give_nothing(body: object) -> None:
    assert read("x", body, SEARCH) == []


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"},
         SourceBlocked),
        ({"title": "Too Many Requests", "status": 429, "detail": "Too Many Requests"}, SourceBusy),
        ({"title": "UsageCapExceeded", "detail": "Usage cap exceeded",
          "type": "https://api.twitter.com/2/problems/usage-capped"}, SourceBusy),
        ({"errors": [{"resource_type": "user", "title": "Not Found Error", "detail": "Could not find user"}]},
         SourceGone),
        ({"errors": [{"message": "bad query", "parameters": {}}], "title": "Invalid Request"}, SourceBlocked),
        ({"weather": "fine"}, SourceChanged),
        ([1], SourceChanged),
        (BLOCK_PAGE, SourceBlocked),
    ],
)  # fmt: skip
def test_what_is_no_answer_gives_no_mention(body: object, error: type[SourceError]) -> None:
    with pytest.raises(error):
        read("x", body, SEARCH)
    if isinstance(body, dict) and error is not SourceChanged:
        assert isinstance(X().refused(answer(body, SEARCH), NOW), error)


def test_a_deleted_post_that_is_looked_up_is_a_tombstone() -> None:
    problem = "https://api.twitter.com/2/problems/not-authorized-for-resource"
    body = {"errors": [{"resource_type": "tweet", "resource_id": "1990000000000000001", "type": problem}]}
    (item,) = read("x", body, "https://api.x.com/2/tweets?ids=1990000000000000001")
    assert (item["deleted"], item["text"]) == (True, "")


def spender(tmp_path: Path, daily: float, at: datetime = NOW) -> X:
    store = open_store(f"sqlite:///{tmp_path / 'x.db'}")
    clock = SetClock(at)
    spider = X(keys={"bearer_token": "t0ken"}, clock=clock)
    spider.crawl = SimpleNamespace(store=store)
    (stream,) = spider.streams(acme(), {"daily_usd": daily})
    assert parse_qs(urlsplit(stream.url).query)["query"] == ['("Acme" OR "Globex") -is:retweet']
    return spider


def test_a_days_spending_ends_at_its_cap_and_a_restart_forgets_nothing(tmp_path: Path) -> None:
    spider = spender(tmp_path, 0.22)
    page = answer(fixture("x_search.json"), SEARCH)
    assert spider.headers(SEARCH) == {"Authorization": "Bearer t0ken"}
    assert spider.busy_until(page, NOW) is None
    for again in (spider, spender(tmp_path, 0.22)):
        with pytest.raises(SourceBusy) as busy:
            again.headers(SEARCH)
        assert busy.value.until == datetime(2026, 3, 3, tzinfo=UTC)
    assert spender(tmp_path, 0.22, NOW + timedelta(hours=4)).headers(SEARCH)


def test_the_same_post_is_paid_for_once_a_day(tmp_path: Path) -> None:
    spider, page = spender(tmp_path, 0.26), answer(fixture("x_search.json"), SEARCH)
    for _ in range(5):
        spider.busy_until(page, NOW)
    assert spider.headers(SEARCH)


def test_a_page_never_costs_more_than_is_left(tmp_path: Path) -> None:
    spider = spender(tmp_path, 0.5)
    with pytest.raises(SourceBusy):
        spider.headers("https://api.x.com/2/tweets/search/recent?query=x&max_results=100")
    with pytest.raises(SourceBusy):
        spider.headers(f"https://api.x.com/2/tweets?ids={','.join(map(str, range(100)))}")
    assert spider.headers("https://api.x.com/2/tweets?ids=1,2,3")


def test_the_next_page_and_the_conversation_with_its_first_post_are_asked_for() -> None:
    spider, page = X(keys={"bearer_token": "t"}), answer(fixture("x_search.json"), SEARCH)
    following = spider.next_page(page, [])
    assert following is not None
    assert parse_qs(urlsplit(following).query)["next_token"] == ["b26v89"]
    _, long, bare, *_ = spider.read(page)
    asked = spider.thread_url(long, page)
    assert asked is not None
    assert parse_qs(urlsplit(asked).query)["query"] == ["conversation_id:1990000000000000010"]
    assert spider.thread_url(bare, page) is None
    thread = spider.read_thread(page, long)
    assert [one.published_at for one in thread] == sorted(one.published_at for one in thread)
    root = spider.above([long], page)
    assert root is not None
    assert parse_qs(urlsplit(root).query)["ids"] == ["1990000000000000010"]
    assert list(spider.more(thread, page)) == [following]


def test_without_a_token_it_says_how_to_get_one_and_is_left_out_of_a_bare_product() -> None:
    assert X.needs_key
    assert X.default_settings("Acme") is None
    with pytest.raises(SourceBlocked, match="bearer token"):
        list(X().streams(acme(), {}))
    assert X(keys={"bearer_token": "t"}).headers("https://elsewhere.example/2/tweets") == {}


@pytest.mark.parametrize("daily", [0, -1, True, "much", float("nan")])
def test_a_cap_must_be_an_amount(daily: object) -> None:
    with pytest.raises(InputError, match="daily_usd"):
        X.check_settings({"daily_usd": daily})


def test_many_names_make_several_queries_of_the_allowed_length() -> None:
    names = tuple(f"Alias number {number} of Acme" for number in range(60))
    watch = acme(must=())
    watch = type(watch)(id="acme", product=type(watch.product)(name="Acme", aliases=names))
    streams = list(X(keys={"bearer_token": "t"}).streams(watch, {}))
    assert len(streams) > 1
    assert all(len(stream.name) <= 512 for stream in streams)


def test_the_recordings_are_read_exactly(shared: Path) -> None:
    assert inexact(shared, "x") == []
