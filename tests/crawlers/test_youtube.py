from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from core.clock import SetClock
from core.errors import InputError, SourceBlocked, SourceBusy, SourceChanged, SourceError, SourceGone
from crawlers.spiders.youtube import YouTube
from store import open_store
from tests.crawlers.exactness import inexact
from tests.crawlers.truth import BLOCK_PAGE, acme, answer, fixture, read

API = "https://www.googleapis.com/youtube/v3"
THREADS = f"{API}/commentThreads?part=snippet,replies&videoId=aBcDeFgHiJk"
KEY = {"api_key": "k3y"}
CHANNEL = "UCacmeacmeacmeacmeacme12"
FEED = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns:yt="http://www.youtube.com/xml/schemas/2015" xmlns:media="http://search.yahoo.com/mrss/"
 xmlns="http://www.w3.org/2005/Atom"><yt:channelId>UCacmeacmeacmeacmeacme12</yt:channelId><title>Acme</title>
 <entry><id>yt:video:aBcDeFgHiJk</id><yt:videoId>aBcDeFgHiJk</yt:videoId>
  <yt:channelId>UCacmeacmeacmeacmeacme12</yt:channelId><title>Kettle &amp; lid</title>
  <author><name>Acme</name><uri>https://www.youtube.com/channel/UCacmeacmeacmeacmeacme12</uri></author>
  <published>2026-01-05T10:00:00+00:00</published><updated>2026-01-06T10:00:00+00:00</updated>
  <media:group><media:title>Kettle &amp; lid</media:title><media:description>How to
 close it</media:description><media:community><media:starRating count="9" average="5.00" min="1" max="5"/>
  <media:statistics views="120"/></media:community></media:group></entry></feed>"""


def a_hit(**changes: Any) -> dict[str, Any]:
    snippet = {
        "publishedAt": "2026-01-05T10:00:00Z",
        "channelId": CHANNEL,
        "title": "I left Acme &amp; it&#39;s fine",
        "description": "Why &amp; how",
        "channelTitle": "Moss &amp; Co",
    }
    found = {"kind": "youtube#video", "videoId": "aBcDeFgHiJk"}
    return {"kind": "youtube#searchResult", "id": found, "snippet": snippet} | changes


def a_list(kind: str, *items: object, **changes: object) -> dict[str, Any]:
    return {"kind": f"youtube#{kind}ListResponse", "items": list(items)} | changes


def refusal(reason: str, code: int = 403) -> dict[str, Any]:
    errors = [{"message": "m", "domain": "youtube", "reason": reason}]
    return {"error": {"code": code, "message": f"<a>{reason}</a>", "errors": errors}}


def test_comments_are_read_with_the_answers_beside_them_oldest_first() -> None:
    top, first, second, old = read("youtube", fixture("youtube_threads.json"), THREADS)
    assert (top["author"]["handle"], top["author"]["name"]) == ("moss", "@moss")
    assert " ".join(top["text"].split()) == "My Acme broke & nobody cares see 1:02"
    assert (top["edited_at"], top["engagement"]["replies"]) == ("2026-02-01T11:00:00Z", 3)
    assert top["url"] == "https://www.youtube.com/watch?v=aBcDeFgHiJk&lc=UgzTop1"
    assert (first["text"], first["edited_at"]) == ("1 < 2", None)
    assert [one["parent_id"] for one in (first, second)] == [top["id"], top["id"]]
    assert {one["thread_id"] for one in (top, first, second)} == {"youtube:aBcDeFgHiJk"}
    assert old["url"] == f"https://www.youtube.com/channel/{CHANNEL}/discussion?lc=UgzTop2"


def test_a_text_that_was_asked_for_in_plain_form_is_taken_as_it_is() -> None:
    snippet = {"textDisplay": "a <b> & c", "publishedAt": "2026-01-01T00:00:00Z"}
    comment = {"kind": "youtube#comment", "id": "Ugz", "snippet": snippet}
    (plain,) = read("youtube", a_list("comment", comment), f"{API}/comments?textFormat=plainText")
    (shown,) = read("youtube", a_list("comment", comment), f"{API}/comments")
    assert (plain["text"], shown["text"]) == ("a <b> & c", "a & c")
    assert plain["author"]["handle"] is None


def test_hits_of_a_search_are_unescaped_and_channels_among_them_left_out() -> None:
    channel = a_hit(id={"kind": "youtube#channel", "channelId": CHANNEL})
    (item,) = read("youtube", a_list("search", a_hit(), channel), f"{API}/search")
    assert (item["title"], item["text"], item["author"]["handle"]) == (
        "I left Acme & it's fine", "Why & how", "Moss & Co",
    )  # fmt: skip
    assert item["url"] == "https://www.youtube.com/watch?v=aBcDeFgHiJk"


def test_a_video_is_read_as_it_is_written_with_its_figures() -> None:
    video = a_hit(kind="youtube#video", id="aBcDeFgHiJk", statistics={"viewCount": "12", "commentCount": "3"})
    (item,) = read("youtube", a_list("video", video), f"{API}/videos")
    assert item["title"] == "I left Acme &amp; it&#39;s fine"
    assert item["engagement"] == {"score": None, "replies": 3, "shares": None, "views": 12}


def test_the_feed_of_a_channel_is_read_without_a_key() -> None:
    (item,) = read("youtube", FEED, "https://www.youtube.com/feeds/videos.xml?channel_id=x")
    assert (item["native_id"], item["title"], item["published_at"]) == (
        "aBcDeFgHiJk", "Kettle & lid", "2026-01-05T10:00:00Z",
    )  # fmt: skip
    assert (item["author"]["id"], item["engagement"]["views"]) == (CHANNEL, 120)
    (stream,) = YouTube().streams(acme(), {"channels": [CHANNEL]})
    assert stream.url == f"https://www.youtube.com/feeds/videos.xml?channel_id={CHANNEL}"
    assert not YouTube().request(stream.url, {}).meta["dont_obey_robotstxt"]
    assert YouTube().next_page(answer(FEED.encode(), stream.url), []) is None


def test_a_list_without_items_and_lists_of_other_things_give_nothing() -> None:
    assert read("youtube", a_list("commentThread"), THREADS) == []
    channel = {
        "kind": "youtube#channel",
        "id": CHANNEL,
        "snippet": {"title": "Acme", "publishedAt": "2020-01-01T00:00:00Z"},
    }
    assert read("youtube", a_list("channel", channel), THREADS) == []


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (refusal("commentsDisabled"), SourceGone),
        (refusal("videoNotFound", 404), SourceGone),
        (refusal("commentThreadNotFound", 404), SourceGone),
        (refusal("quotaExceeded"), SourceBusy),
        (refusal("rateLimitExceeded"), SourceBusy),
        (refusal("keyInvalid", 400), SourceBlocked),
        (refusal("forbidden"), SourceBlocked),
        ({"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED"}}, SourceBusy),
        ({"weather": "fine"}, SourceChanged),
        ([1], SourceChanged),
        (BLOCK_PAGE, SourceBlocked),
        (b"<?xml version='1.0'?><note>hello</note>", SourceChanged),
    ],
)
def test_what_is_no_answer_gives_no_mention(body: object, error: type[SourceError]) -> None:
    with pytest.raises(error):
        read("youtube", body, THREADS)
    if isinstance(body, dict) and "error" in body:
        assert isinstance(YouTube().refused(answer(body, THREADS), datetime.now(UTC)), error)


def test_a_used_up_quota_comes_back_at_midnight_in_california() -> None:
    now = datetime(2026, 7, 1, 20, 0, tzinfo=UTC)
    told = YouTube().refused(answer(refusal("quotaExceeded"), THREADS), now)
    assert isinstance(told, SourceBusy)
    assert told.until == datetime(2026, 7, 2, 7, 0, tzinfo=UTC)


def keyed(tmp_path: Path, at: datetime) -> YouTube:
    spider = YouTube(keys=KEY, clock=SetClock(at))
    spider.crawl = SimpleNamespace(store=open_store(f"sqlite:///{tmp_path / 'y.db'}"))
    return spider


def test_searches_are_spread_over_the_day_and_other_calls_are_not(tmp_path: Path) -> None:
    morning = datetime(2026, 1, 10, 8, 0, tzinfo=UTC)  # midnight in California
    spider = keyed(tmp_path, morning)
    search = next(iter(spider.streams(acme(), {}))).url
    assert spider.headers(search) == {"X-Goog-Api-Key": "k3y"}
    with pytest.raises(SourceBusy) as busy:
        keyed(tmp_path, morning).headers(search)
    assert busy.value.until is not None
    assert 14 * 60 < (busy.value.until - morning).total_seconds() < 16 * 60
    assert all(spider.headers(THREADS) for _ in range(5))
    assert spider.headers("https://elsewhere.example/youtube/v3/search?q=x") == {}


def test_with_a_key_names_are_searched_and_channels_and_videos_watched() -> None:
    spider = YouTube(keys=KEY)
    search, _, channel, video = spider.streams(acme(), {"channels": [CHANNEL], "videos": ["aBcDeFgHiJk"]})
    assert parse_qs(urlsplit(search.url).query)["q"] == ['"Acme"']
    assert parse_qs(urlsplit(channel.url).query)["allThreadsRelatedToChannelId"] == [CHANNEL]
    assert parse_qs(urlsplit(video.url).query)["videoId"] == ["aBcDeFgHiJk"]
    assert "k3y" not in search.url + channel.url + video.url
    assert spider.request(search.url, {"X-Goog-Api-Key": "k3y"}).meta["dont_obey_robotstxt"]


def test_a_video_leads_to_its_comments_and_these_to_the_answers_left_out() -> None:
    spider, page = YouTube(keys=KEY), answer(fixture("youtube_threads.json"), THREADS)
    (video,) = spider.read(answer(a_list("search", a_hit()), f"{API}/search"))
    asked = spider.thread_url(video, page)
    assert asked is not None
    assert parse_qs(urlsplit(asked).query)["videoId"] == ["aBcDeFgHiJk"]
    thread = spider.read_thread(page, video)
    assert thread[0] is video
    following, answers = spider.more(thread, page)
    assert parse_qs(urlsplit(following).query)["pageToken"] == ["QURTSl9p"]
    assert parse_qs(urlsplit(answers).query)["parentId"] == ["UgzTop1"]


def test_answers_that_are_listed_alone_find_their_video() -> None:
    spider = YouTube(keys=KEY)
    top = next(spider.read(answer(fixture("youtube_threads.json"), THREADS)))
    snippet = {"textDisplay": "late", "parentId": "UgzTop1", "publishedAt": "2026-02-09T00:00:00Z"}
    comment = {"kind": "youtube#comment", "id": "UgzTop1.r9", "snippet": snippet}
    page = answer(a_list("comment", comment), f"{API}/comments?parentId=UgzTop1")
    _, late = spider.read_thread(page, top)
    assert (late.thread_id, late.parent_id) == (top.thread_id, top.id)
    assert late.url == "https://www.youtube.com/watch?v=aBcDeFgHiJk&lc=UgzTop1.r9"


def test_without_key_and_channels_it_says_what_it_needs() -> None:
    assert YouTube.default_settings("Acme") is None
    with pytest.raises(SourceBlocked, match="API key"):
        list(YouTube().streams(acme(), {}))
    with pytest.raises(InputError, match="channel"):
        YouTube.check_settings({"channels": ["acme"]})
    with pytest.raises(InputError, match="video"):
        YouTube.check_settings({"videos": "https://youtu.be/x"})


def test_the_recordings_are_read_exactly(shared: Path) -> None:
    assert inexact(shared, "youtube") == []
