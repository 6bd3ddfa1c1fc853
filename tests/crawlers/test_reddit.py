from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from scrapy import Request
from scrapy.http import TextResponse

from core.errors import InputError, SourceBlocked, SourceBusy, SourceChanged, SourceError, SourceGone
from crawlers.spiders.reddit import Reddit
from tests.crawlers.truth import BLOCK_PAGE, acme, answer, fixture, read, recordings

THREAD = "https://oauth.reddit.com/comments/aa11?limit=500&sort=old&raw_json=1"
SEARCH = "https://www.reddit.com/search.rss?q=%22Acme%22&sort=new&limit=100"


def a_post(**changes: Any) -> dict[str, Any]:
    data = {
        "name": "t3_zz9",
        "id": "zz9",
        "title": "Acme",
        "selftext": "Words",
        "author": "Rowan",
        "created_utc": 1789971200.0,
        "edited": False,
        "permalink": "/r/acme/comments/zz9/acme/",
        "subreddit": "acme",
    }
    return {"kind": "t3", "data": data | changes}


def listing(*things: dict[str, Any], after: str | None = None) -> dict[str, Any]:
    return {"kind": "Listing", "data": {"children": list(things), "after": after, "before": None}}


def test_a_thread_gives_its_post_and_all_comments_parents_first() -> None:
    found = read("reddit", fixture("reddit_thread.json"), THREAD)
    assert [item["native_id"] for item in found] == [
        "t3_aa11",
        "t1_c1",
        "t1_c2",
        "t1_c3",
        "t1_c4",
        "t1_c5",
    ]
    post, first, second, *_ = found
    assert (post["title"], post["text"]) == ("Acme backups & restores", "Does **Acme** keep <file> names?")
    assert post["url"] == "https://www.reddit.com/r/selfhosted/comments/aa11/a_slug/"
    assert (post["published_at"], post["edited_at"]) == ("2026-09-21T06:13:20Z", "2026-09-21T06:43:20Z")
    assert (post["author"]["handle"], post["author"]["id"]) == ("Rowan", "t2_rowan")
    assert (first["parent_id"], second["parent_id"]) == ("reddit:t3_aa11", "reddit:t1_c1")
    assert {item["thread_id"] for item in found} == {"reddit:t3_aa11"}


def test_a_deleted_comment_keeps_its_place_and_nothing_else() -> None:
    found = {item["native_id"]: item for item in read("reddit", fixture("reddit_thread.json"), THREAD)}
    gone = found["t1_c3"]
    assert (gone["deleted"], gone["text"], gone["author"]["handle"]) == (True, "", None)
    assert found["t1_c4"]["parent_id"] == "reddit:t1_c3"


def test_words_outlive_the_account_that_wrote_them() -> None:
    found = {item["native_id"]: item for item in read("reddit", fixture("reddit_thread.json"), THREAD)}
    kept = found["t1_c5"]
    assert (kept["deleted"], kept["text"]) == (False, "Account is gone, words stayed")
    assert kept["author"] == dict.fromkeys(("id", "handle", "name", "url", "followers"))


@pytest.mark.parametrize(
    "changes",
    [
        {"removed_by_category": "moderator"},
        {"selftext": "[removed]"},
        {"selftext": "[deleted]", "author": "[deleted]"},
        {"selftext": "[ Removed by Reddit on account of violating the [content policy](/policy). ]"},
        {"title": "[deleted by user]", "selftext": ""},
    ],
)
def test_a_removed_post_keeps_no_words(changes: dict[str, Any]) -> None:
    (item,) = read("reddit", listing(a_post(**changes)), THREAD)
    assert (item["deleted"], item["title"], item["text"]) == (True, None, "")


def test_text_is_unescaped_where_it_was_asked_for_without_raw_json() -> None:
    post = listing(a_post(selftext="a &lt;b&gt; &amp; c", title="R&amp;D"))
    (escaped,) = read("reddit", post, "https://oauth.reddit.com/r/acme/new")
    assert (escaped["title"], escaped["text"]) == ("R&D", "a <b> & c")
    (raw,) = read("reddit", post, "https://oauth.reddit.com/r/acme/new?raw_json=1")
    assert raw["text"] == "a &lt;b&gt; &amp; c"


def test_a_comment_without_a_permalink_gets_the_one_that_reddit_would_give() -> None:
    data = {"name": "t1_q1", "body": "Acme", "author": "Moss", "created_utc": 1.0, "subreddit": "acme"}
    (item,) = read("reddit", listing({"kind": "t1", "data": data | {"link_id": "t3_zz9"}}), THREAD)
    assert item["url"] == "https://www.reddit.com/r/acme/comments/zz9/_/q1/"


def test_resolved_stubs_and_other_kinds_of_things_are_told_apart() -> None:
    things = [a_post(), {"kind": "t5", "data": {"name": "t5_x", "id": "x", "created_utc": 1.0}}]
    found = read("reddit", {"json": {"errors": [], "data": {"things": things}}}, THREAD)
    assert [item["native_id"] for item in found] == ["t3_zz9"]


def test_a_feed_gives_posts_and_comments_without_inventing_parents() -> None:
    post, comment, gone = read("reddit", fixture("reddit_search.rss"), SEARCH)
    assert (post["native_id"], post["author"]["handle"], post["title"]) == (
        "t3_bb22",
        "Rowan",
        "Lost & found",
    )
    assert " ".join(post["text"].split()) == "Acme lost my photos submitted by /u/Rowan [link] [comments]"
    assert (comment["native_id"], comment["title"], comment["parent_id"]) == ("t1_d1", None, None)
    assert comment["thread_id"] == "reddit:t3_bb22"
    assert (gone["deleted"], gone["title"], gone["text"]) == (True, None, "")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"message": "Not Found", "error": 404}, SourceGone),
        ({"message": "Too Many Requests", "error": 429}, SourceBusy),
        ({"reason": "private", "message": "Forbidden", "error": 403}, SourceBlocked),
        ({"error": "invalid_grant"}, SourceBlocked),
        ({"json": {"errors": [["RATELIMIT", "you are doing that too much. try again", "x"]]}}, SourceBusy),
        ({"weather": "fine"}, SourceChanged),
        ([1, 2], SourceChanged),
        (BLOCK_PAGE, SourceBlocked),
        (b"<html><body><h2>whoa there, pardner!</h2></body></html>", SourceBlocked),
        (b"<?xml version='1.0'?><note>hello</note>", SourceChanged),
    ],
)
def test_what_is_no_answer_gives_no_mention(body: object, error: type[SourceError]) -> None:
    with pytest.raises(error):
        read("reddit", body, THREAD)


def test_a_deep_thread_is_read_whole() -> None:
    below: object = ""
    for number in range(100, 0, -1):
        data = {"name": f"t1_d{number}", "body": "deep", "author": "M", "created_utc": 1.0, "link_id": "t3_a"}
        below = listing({"kind": "t1", "data": data | {"replies": below}})
    assert len(read("reddit", [listing(a_post()), below], THREAD)) == 101


def test_without_a_key_the_feeds_are_read() -> None:
    streams = list(Reddit().streams(acme(), {"subreddits": ["r/selfhosted"]}))
    assert [stream.name for stream in streams] == [
        '"Acme"',
        '"Globex"',
        "r/selfhosted new",
        "r/selfhosted comments",
    ]
    assert streams[0].url.startswith("https://www.reddit.com/search.rss?q=%22Acme%22&sort=new")
    assert streams[3].url.startswith("https://www.reddit.com/r/selfhosted/comments/.rss?")


def test_a_bare_product_is_searched_without_a_key() -> None:
    assert Reddit.default_settings("Acme") == {}
    assert not Reddit.needs_key


def test_a_subreddit_must_be_one() -> None:
    with pytest.raises(InputError, match="subreddit"):
        Reddit.check_settings({"subreddits": "no such/place"})


def test_the_next_page_follows_the_last_item() -> None:
    spider, url = Reddit(), "https://oauth.reddit.com/search?q=x&limit=100"
    page = answer(listing(a_post(), after="t3_zz9"), url)
    following = spider.next_page(page, list(spider.read(page)))
    assert following is not None
    assert parse_qs(urlsplit(following).query)["after"] == ["t3_zz9"]
    last = answer(listing(a_post()), url)
    assert spider.next_page(last, list(spider.read(last))) is None


def test_stubs_are_resolved_and_deep_branches_asked_for() -> None:
    spider, page = Reddit(), answer(fixture("reddit_thread.json"), THREAD)
    thread = spider.read_thread(page, next(spider.read(page)))
    stubs, deep = list(spider.more(thread, page))
    query = parse_qs(urlsplit(stubs).query)
    assert (query["link_id"], query["children"]) == (["t3_aa11"], ["c8,c9,c6,c7"])
    assert urlsplit(deep).path == "/comments/aa11/_/c2"


def test_the_user_agent_names_the_user_and_a_token_goes_to_the_api_only() -> None:
    spider = Reddit(keys={"user": "acme_ops"})
    assert spider.headers(THREAD) == {"User-Agent": "python:earful:0.1 (by /u/acme_ops)"}
    spider._token = "t0ken"
    assert spider.headers(THREAD)["Authorization"] == "Bearer t0ken"
    assert "Authorization" not in spider.headers("https://www.reddit.com/search.rss?q=x")
    assert spider.request(THREAD, {}).meta["dont_obey_robotstxt"]
    assert not spider.request("https://www.reddit.com/search.rss?q=x", {}).meta


class Engine:
    """Stands for Scrapy's engine: answers each request for a token with the next body."""

    def __init__(self, *bodies: object) -> None:
        self.bodies = list(bodies)
        self.requests: list[Request] = []

    async def download_async(self, request: Request) -> TextResponse:
        self.requests.append(request)
        await asyncio.sleep(0)
        return answer(self.bodies.pop(0), request.url)


def signing_in(*bodies: object) -> tuple[Reddit, Engine]:
    spider, engine = (
        Reddit(keys={"client_id": "id", "client_secret": "hush", "user": "acme_ops"}),
        Engine(*bodies),
    )
    spider.crawler = SimpleNamespace(engine=engine)
    return spider, engine


def test_of_many_refused_requests_one_asks_for_a_fresh_token() -> None:
    spider, engine = signing_in({"access_token": "first"}, {"access_token": "second"})

    async def storm() -> list[bool]:
        await spider.renew("")
        return list(await asyncio.gather(*(spider.renew("first") for _ in range(20))))

    assert asyncio.run(storm()) == [True] * 20
    assert len(engine.requests) == 2
    assert spider.headers(THREAD)["Authorization"] == "Bearer second"
    assert engine.requests[0].url == "https://www.reddit.com/api/v1/access_token"
    assert engine.requests[0].headers["Authorization"] == b"Basic aWQ6aHVzaA=="
    assert engine.requests[0].body == b"grant_type=client_credentials"


def test_with_a_token_the_api_is_read_instead_of_the_feeds() -> None:
    spider, _ = signing_in({"access_token": "first"})
    asyncio.run(spider.renew(""))
    stream = next(iter(spider.streams(acme(), {})))
    assert stream.url.startswith("https://oauth.reddit.com/search?q=%22Acme%22&sort=new&type=link&limit=100")
    assert "raw_json=1" in stream.url


def test_a_refused_secret_is_said_and_never_shown() -> None:
    spider, _ = signing_in({"error": "invalid_grant"})
    with pytest.raises(SourceBlocked, match="client_id") as refusal:
        asyncio.run(spider.renew(""))
    assert "hush" not in str(refusal.value)


def test_the_recordings_are_read_exactly(shared: Path) -> None:
    assert [fault for one in recordings(shared, "reddit") for fault in one.faults("reddit")] == []
