from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from scrapy.http import TextResponse

from core.errors import InputError, SourceBlocked, SourceBusy, SourceChanged, SourceGone
from crawlers.spiders.lemmy import Lemmy
from tests.crawlers.truth import BLOCK_PAGE, acme, answer, fixture, read, recordings

HOST = "https://lemmy.example"
SEARCH = f"{HOST}/api/v3/search?q=Acme&type_=All&sort=New&limit=50&page=1"
NOW = datetime(2026, 9, 22, tzinfo=UTC)


def page(body: bytes | object, url: str = SEARCH) -> TextResponse:
    return answer(body, url)


def in_v4(**changes: Any) -> dict[str, Any]:
    """A post as Lemmy 1.0 shows it: its numbers inside, its times with another name."""
    post = {
        "id": 5,
        "name": "Acme in v4",
        "body": "Shorter",
        "ap_id": f"{HOST}/post/5",
        "published_at": "2026-09-20T08:00:00Z",
        "updated_at": "2026-09-20T09:00:00Z",
        "comments": 4,
        "score": 8,
        "deleted": False,
        "removed": False,
    }
    creator = {"id": 3, "name": "rowan", "ap_id": f"{HOST}/u/rowan"}
    return {"type_": "Post", "post": post | changes, "creator": creator, "community": {"id": 1}}


def test_a_search_gives_posts_and_comments_by_their_home_address() -> None:
    found = {item["native_id"]: item for item in read("lemmy", fixture("lemmy_search.json"), SEARCH)}
    post = found["post/11"]
    assert (post["id"], post["url"]) == ("lemmy:far.example:post/700", "https://far.example/post/700")
    assert post["text"] == "Which one keeps *file names*?"
    assert post["edited_at"] == "2026-09-20T08:30:00Z"
    assert post["engagement"] | {"shares": None} == {"score": 5, "replies": 3, "shares": None, "views": None}
    assert found["comment/31"]["id"] == "lemmy:other.example:comment/9"
    assert found["comment/31"]["parent_id"] == found["comment/30"]["id"]
    assert found["comment/30"]["parent_id"] == post["id"]
    assert {item["thread_id"] for name, item in found.items() if "comment" in name} == {post["id"]}


def test_parents_stand_before_their_answers_although_lists_are_in_no_order() -> None:
    ids = [item["id"] for item in read("lemmy", fixture("lemmy_search.json"), SEARCH)]
    assert ids.index("lemmy:lemmy.example:comment/30") < ids.index("lemmy:other.example:comment/9")


def test_of_deleted_and_removed_items_nothing_is_kept_but_the_id() -> None:
    found = [item for item in read("lemmy", fixture("lemmy_search.json"), SEARCH) if item["deleted"]]
    assert [item["native_id"] for item in found] == ["post/12", "comment/32"]
    assert {(item["title"], item["text"], item["author"]["handle"]) for item in found} == {(None, "", None)}


@pytest.mark.parametrize("name", ["items", "results", "search", "posts"])
def test_the_lists_of_version_4_are_read(name: str) -> None:
    (item,) = read("lemmy", {name: [in_v4(), {"type_": "Person", "person": {}}]}, SEARCH)
    assert (item["title"], item["engagement"]["replies"]) == ("Acme in v4", 4)
    assert (item["published_at"], item["edited_at"]) == ("2026-09-20T08:00:00Z", "2026-09-20T09:00:00Z")
    assert (item["author"]["handle"], item["author"]["url"]) == ("rowan", f"{HOST}/u/rowan")


def test_one_post_is_read_from_its_view_without_what_stands_beside_it() -> None:
    view = in_v4()
    found = read("lemmy", {"post_view": view, "cross_posts": [in_v4(id=6)], "moderators": []}, SEARCH)
    assert [item["native_id"] for item in found] == ["post/5"]


def test_a_time_without_a_zone_means_utc() -> None:
    (item,) = read("lemmy", {"posts": [in_v4(published_at="2023-09-23T10:41:41.5")]}, SEARCH)
    assert item["published_at"].startswith("2023-09-23T10:41:41.5")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": "couldnt_find_post"}, SourceGone),
        ({"error": "rate_limit_error"}, SourceBusy),
        ({"error": "instance_is_private"}, SourceBlocked),
        ({"version": "0.19"}, SourceChanged),
        ([], SourceChanged),
        (BLOCK_PAGE, SourceBlocked),
    ],
)
def test_what_is_no_answer_gives_no_mention(body: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        read("lemmy", body, SEARCH)


def test_too_fast_is_understood_whatever_the_status() -> None:
    refusal = Lemmy().refused(page(b'{"error":"rate_limit_error"}'), NOW)
    assert isinstance(refusal, SourceBusy)
    assert refusal.until == NOW + timedelta(minutes=10)
    assert Lemmy().refused(page(b'{"error":"not_logged_in"}'), NOW) is None


def test_each_name_is_searched_on_each_server() -> None:
    streams = list(Lemmy().streams(acme(), {"servers": "lemmy.world, Feddit.example"}))
    assert [stream.name for stream in streams] == [
        '"Acme"@lemmy.world',
        '"Globex"@lemmy.world',
        '"Acme"@feddit.example',
        '"Globex"@feddit.example',
    ]
    assert streams[0].url.startswith("https://lemmy.world/api/v3/search?q=Acme&type_=All&sort=New")


def test_a_bare_product_is_searched_on_a_named_server() -> None:
    settings = Lemmy.default_settings("Acme")
    assert settings is not None
    Lemmy.check_settings(settings)


@pytest.mark.parametrize("settings", [{}, {"servers": []}, {"servers": ["https://lemmy.world/"]}])
def test_settings_without_servers_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(InputError, match="lemmy"):
        Lemmy.check_settings(settings)


def test_the_next_page_follows_a_full_one_only() -> None:
    full = {"posts": [in_v4()] * 50, "comments": []}
    spider = Lemmy()
    following = spider.next_page(page(full), [])
    assert following is not None
    assert parse_qs(urlsplit(following).query)["page"] == ["2"]
    assert spider.next_page(page(fixture("lemmy_search.json")), []) is None
    assert "page_cursor=P5" in str(spider.next_page(page(b'{"items":[],"next_page":"P5"}'), []))


def test_the_thread_of_a_comment_is_its_post_with_all_comments() -> None:
    spider, found = Lemmy(), page(fixture("lemmy_search.json"))
    comment = next(one for one in spider.read(found) if one.native_id == "comment/31")
    url = spider.thread_url(comment, found)
    assert url is not None
    assert url.startswith(f"{HOST}/api/v3/comment/list?post_id=11&type_=All&max_depth=8")
    comments = page(fixture("lemmy_search.json"), url)
    thread = spider.read_thread(comments, comment)
    assert spider.above(thread, comments) == f"{HOST}/api/v3/post?id=11"


def test_branches_deeper_than_a_list_shows_are_asked_for() -> None:
    spider, url = Lemmy(), f"{HOST}/api/v3/comment/list?post_id=11&max_depth=8"
    comment = {
        "id": 40,
        "path": "0.40",
        "content": "deep",
        "post_id": 11,
        "published": "2026-09-20T08:00:00Z",
    }
    found = page({"comments": [{"comment": comment, "counts": {"child_count": 2}}]}, url)
    assert [parse_qs(urlsplit(more).query)["parent_id"] for more in spider.more([], found)] == [["40"]]


def test_a_token_goes_to_its_own_server_only() -> None:
    spider = Lemmy(keys={"jwt@lemmy.example": "s3cret"})
    assert spider.headers(SEARCH) == {"Authorization": "Bearer s3cret"}
    assert spider.headers("https://other.example/api/v3/search") == {}


def test_the_recordings_are_read_exactly(shared: Path) -> None:
    assert [fault for one in recordings(shared, "lemmy") for fault in one.faults("lemmy")] == []
