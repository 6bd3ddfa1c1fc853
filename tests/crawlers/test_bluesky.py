from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from scrapy import Request
from scrapy.http import Response

from core.errors import SourceBlocked, SourceBusy, SourceChanged, SourceError, SourceGone
from crawlers.spiders.bluesky import Bluesky
from tests.crawlers.exactness import inexact
from tests.crawlers.truth import BLOCK_PAGE, acme, answer, fixture, read

API = "https://public.api.bsky.app/xrpc"
SEARCH = f"{API}/app.bsky.feed.searchPosts?q=%22Acme%22&sort=latest&limit=100"
THREAD = f"{API}/app.bsky.feed.getPostThread?uri=x"
KEYS = {"handle": "acme.example", "app_password": "pass-word"}


def a_post(number: int = 1, at: str = "2026-05-01T09:00:00.250Z", **changes: Any) -> dict[str, Any]:
    return {
        "uri": f"at://did:plc:moss/app.bsky.feed.post/{number}",
        "author": {"did": "did:plc:moss", "handle": "moss.example"},
        "record": {"text": f"Acme {number}", "createdAt": at},
        "indexedAt": at,
    } | changes


def test_a_thread_is_read_parents_first_with_a_tombstone_for_what_was_deleted() -> None:
    gone, asked, answer_, picture = read("bluesky", fixture("bluesky_thread.json"), THREAD)
    assert (gone["deleted"], gone["text"], gone["native_id"]) == (
        True, "", "at://did:plc:gone/app.bsky.feed.post/3lq5uwxzzzs2a",
    )  # fmt: skip
    assert (asked["parent_id"], asked["author"]["handle"]) == (gone["id"], "moss.example")
    assert asked["published_at"] == "2026-05-02T08:00:00Z"
    assert asked["url"] == "https://bsky.app/profile/moss.example/post/3lq5uxaaaas2b"
    assert asked["engagement"] == {"score": 3, "replies": 1, "shares": 3, "views": None}
    assert (picture["text"], picture["title"]) == ("", "A kettle in pieces")
    assert {item["thread_id"] for item in (gone, asked, answer_, picture)} == {gone["id"]}


def test_a_time_in_the_future_gives_way_to_the_servers_and_a_broken_handle_to_the_did() -> None:
    item = read("bluesky", fixture("bluesky_thread.json"), THREAD)[2]
    assert item["published_at"] == "2026-05-02T08:05:00Z"
    assert (item["author"]["handle"], item["author"]["id"]) == (None, "did:plc:fern")
    assert item["url"] == "https://bsky.app/profile/did:plc:fern/post/3lq5uxbbbbs2c"
    assert item["text"] == "No 🫖 yet: acme.example/help/tick…"


def test_who_shows_to_signed_in_people_only_is_read_with_a_session_only() -> None:
    spider = Bluesky(keys=KEYS)
    page = answer(fixture("bluesky_thread.json"), THREAD)
    assert not any("shy" in mention.id for mention in spider.read(page))
    signed_in(spider)
    assert any("shy" in mention.id for mention in spider.read(page))


def test_feeds_lists_and_records_are_read_and_a_repost_is_the_post_itself() -> None:
    repost = {
        "post": a_post(1),
        "reason": {"$type": "app.bsky.feed.defs#reasonRepost", "by": {"did": "did:x"}},
    }
    feed = {"feed": [{"post": a_post(1)}, repost, {"post": a_post(2), "reply": {"parent": a_post(3)}}]}
    assert [item["native_id"][-1] for item in read("bluesky", feed)] == ["1", "2"]
    assert len(read("bluesky", {"uri": "at://x", "posts": [a_post(4)], "cursor": "c"})) == 1
    bare = {
        "uri": "at://did:plc:moss/app.bsky.feed.post/5",
        "value": {"text": "Hi", "createdAt": "2026-05-01T00:00:00Z"},
    }
    (item,) = read("bluesky", bare)
    assert (item["author"]["handle"], item["url"]) == (None, "https://bsky.app/profile/did:plc:moss/post/5")
    assert read("bluesky", {"profiles": []}) == []


def test_the_flat_form_of_a_thread_is_read_too() -> None:
    items = [
        {"uri": "at://did:plc:moss/app.bsky.feed.post/1", "depth": 0,
         "value": {"$type": "app.bsky.unspecced.defs#threadItemPost", "post": a_post(1)}},
        {"uri": "at://did:plc:gone/app.bsky.feed.post/2", "depth": 1,
         "value": {"$type": "app.bsky.unspecced.defs#threadItemNotFound"}},
        {"uri": "at://did:plc:gone/app.bsky.feed.post/3", "depth": 1,
         "value": {"$type": "app.bsky.unspecced.defs#threadItemBlocked"}},
    ]  # fmt: skip
    assert [item["deleted"] for item in read("bluesky", {"thread": items}, THREAD)] == [False, True]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": "NotFound", "message": "Post not found: at://x"}, SourceGone),
        (
            {"thread": {"$type": "app.bsky.feed.defs#notFoundPost", "uri": "at://x", "notFound": True}},
            SourceGone,
        ),
        (
            {"thread": {"$type": "app.bsky.feed.defs#blockedPost", "uri": "at://x", "blocked": True}},
            SourceGone,
        ),
        ({"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}, SourceBusy),
        ({"error": "AuthMissing", "message": "Authentication Required"}, SourceBlocked),
        ({"weather": "fine"}, SourceChanged),
        ([1], SourceChanged),
        (BLOCK_PAGE, SourceBlocked),
    ],
)
def test_what_is_no_answer_gives_no_mention(body: object, error: type[SourceError]) -> None:
    with pytest.raises(error):
        read("bluesky", body, THREAD)


def test_without_a_session_pages_go_back_in_time_and_never_stand_still() -> None:
    spider, asked = Bluesky(), SEARCH
    for bound in ("2026-05-01T09:00:00.251Z", "2026-05-01T09:00:00.250Z", None):
        page = answer({"posts": [a_post(1), a_post(2)], "cursor": "c"}, asked)
        following = spider.next_page(page, list(spider.read(page)))
        assert (following and parse_qs(urlsplit(following).query)["until"]) == ([bound] if bound else None)
        asked = following or asked
    assert spider.next_page(answer({"posts": [a_post(1)]}, SEARCH), []) is None


def test_with_a_session_pages_follow_the_cursor_on_the_accounts_own_server() -> None:
    spider = signed_in(Bluesky(keys=KEYS))
    (stream, _) = spider.streams(acme(), {})
    assert stream.url.startswith(
        "https://pds.example/xrpc/app.bsky.feed.searchPosts?q=%22Acme%22&sort=latest"
    )
    following = spider.next_page(answer({"posts": [], "cursor": "a b"}, stream.url), [])
    assert following is not None
    assert parse_qs(urlsplit(following).query)["cursor"] == ["a b"]
    assert spider.headers(stream.url) == {"Authorization": "Bearer access-1"}
    assert spider.headers("https://elsewhere.example/xrpc/x") == {}
    assert spider.request(stream.url, spider.headers(stream.url)).meta["dont_obey_robotstxt"]


def test_a_match_is_asked_for_with_what_stands_above_and_then_the_whole_thread() -> None:
    spider, page = Bluesky(), answer(fixture("bluesky_thread.json"), THREAD)
    thread = spider.read_thread(page, next(spider.read(page)))
    assert spider.above(thread, page) is None  # its root is deleted
    reply = a_post(2, record={"text": "Acme", "createdAt": "2026-05-01T09:00:00Z",
                              "reply": {"root": {"uri": "at://r"}, "parent": {"uri": "at://r"}}})  # fmt: skip
    root = a_post(1, uri="at://r")
    branch = answer({"thread": {"parent": {"post": root}, "post": reply}}, f"{THREAD}&uri=at%3A%2F%2F2")
    wider = spider.above(list(spider.read(branch)), branch)
    assert wider is not None
    assert parse_qs(urlsplit(wider).query)["uri"] == ["at://r"]
    assert spider.above(list(spider.read(branch)), answer({}, wider)) is None


def test_a_post_that_stands_alone_costs_no_request_for_its_thread() -> None:
    spider, page = Bluesky(), answer({"posts": [a_post(1, replyCount=0), a_post(2, replyCount=1)]}, SEARCH)
    alone, asked = spider.read(page)
    assert spider.thread_url(alone, page) is None
    assert parse_qs(urlsplit(spider.thread_url(asked, page) or "").query)["uri"] == [asked.native_id]


def test_a_refusal_with_400_tells_what_is_gone() -> None:
    gone = answer({"error": "NotFound", "message": "Post not found"}, THREAD)
    assert isinstance(Bluesky().refused(gone, Bluesky().clock.now()), SourceGone)
    stale = answer({"error": "ExpiredToken", "message": "Token has expired"}, THREAD)
    assert Bluesky().refused(stale, Bluesky().clock.now()) is None


class Server:
    """Answers sign-ins and refreshes, and counts them."""

    def __init__(self, *, refreshes: bool = True, status: int = 200) -> None:
        self.refreshes, self.status, self.asked = refreshes, status, list[str]()
        self.engine = self

    async def download_async(self, request: Request) -> Response:
        await asyncio.sleep(0)
        call = request.url.rpartition(".")[2]
        self.asked.append(call)
        status = self.status if call == "createSession" or self.refreshes else 400
        number = len(self.asked)
        place = {"type": "AtprotoPersonalDataServer", "serviceEndpoint": "https://pds.example"}
        body = {
            "accessJwt": f"access-{number}",
            "refreshJwt": f"refresh-{number}",
            "didDoc": {"service": [place]},
        }
        return Response(request.url, status=status, body=json.dumps(body if status == 200 else {}).encode())


def signed_in(spider: Bluesky, server: Server | None = None) -> Bluesky:
    spider.crawler = server or Server()
    asyncio.run(spider.renew(""))
    return spider


def test_a_storm_of_refusals_costs_one_refresh() -> None:
    server = Server()
    spider = signed_in(Bluesky(keys=KEYS), server)

    async def storm() -> list[bool]:
        return await asyncio.gather(*(spider.renew("access-1") for _ in range(20)))

    assert all(asyncio.run(storm()))
    assert server.asked == ["createSession", "refreshSession"]
    assert spider.headers(f"{spider.base}/x") == {"Authorization": "Bearer access-2"}


def test_a_session_that_cannot_be_refreshed_is_made_anew() -> None:
    server = Server(refreshes=False)
    spider = signed_in(Bluesky(keys=KEYS), server)
    assert asyncio.run(spider.renew("access-1"))
    assert server.asked == ["createSession", "refreshSession", "createSession"]


def test_a_wrong_password_is_told_once_and_never_tried_again() -> None:
    server = Server(status=401)
    spider = Bluesky(keys=KEYS)
    with pytest.raises(SourceBlocked, match="app password"):
        signed_in(spider, server)
    with pytest.raises(SourceBlocked, match="app password"):
        list(spider.streams(acme(), {}))
    assert server.asked == ["createSession"]


def test_a_bare_product_is_searched_without_a_key() -> None:
    assert Bluesky.default_settings("Acme") == {}
    assert [stream.name for stream in Bluesky().streams(acme(), {})] == ['"Acme"', '"Globex"']


def test_the_recordings_are_read_exactly(shared: Path) -> None:
    assert inexact(shared, "bluesky") == []
