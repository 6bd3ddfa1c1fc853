"""What each source makes of an answer: who said what, to whom, and what is left out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from scrapy.http import TextResponse

from core.errors import InputError, SourceBlocked, SourceBusy, SourceChanged, SourceGone
from core.mention import Kind, Mention
from core.watch import Brand, Watch
from crawlers.catalog import default_sources, source
from crawlers.source import Source
from crawlers.spiders.feed import Feed
from crawlers.spiders.hackernews import HackerNews
from crawlers.spiders.mastodon import Mastodon
from crawlers.stream import Position, Stream, Validators, Walk, from_cursor, to_cursor
from crawlers.text import html_to_text, plain_title

ACME = Watch(id="acme", product=Brand(name="Acme Cloud"), rivals=(Brand(name="Globex"),))


def page(data: object, url: str = "https://mastodon.example/api/v1/x") -> TextResponse:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return TextResponse(url=url, body=body)


def status(**changes: Any) -> dict[str, Any]:
    number = changes.get("id", "1")
    return {
        "id": number,
        "created_at": "2026-11-20T10:00:00.123Z",
        "in_reply_to_id": None,
        "visibility": "public",
        "spoiler_text": "",
        "language": "en",
        "uri": f"https://home.example/users/ann/statuses/{number}",
        "url": f"https://home.example/@ann/{number}",
        "content": "<p>I like Acme</p>",
        "account": {
            "id": "9",
            "acct": "ann@home.example",
            "url": "https://home.example/@ann",
            "display_name": "Ann",
        },
        "reblog": None,
    } | changes


def read(found: type[Source], data: object) -> list[Mention]:
    return list(found().read(page(data)))


def test_a_status_is_known_by_its_home_whatever_server_shows_it() -> None:
    (one,) = read(Mastodon, [status(id="77", uri="https://home.example/ap/users/5/statuses/42")])
    assert one.id == "mastodon:home.example:42"
    assert one.native_id == "77"
    assert one.author.handle == "ann@home.example"
    assert one.published_at == datetime(2026, 11, 20, 10, 0, 0, 123000, UTC)


@pytest.mark.parametrize(
    ("uri", "key"),
    [
        (
            "https://gts.example/users/x/statuses/01HQ8Z3V5KXJ2W8T0N4M6P7R9S",
            "gts.example:01HQ8Z3V5KXJ2W8T0N4M6P7R9S",
        ),
        ("https://pl.example/objects/6f2a-11", "pl.example:6f2a-11"),
        ("https://mk.example/notes/9abc", "mk.example:9abc"),
        ("https://lemmy.example/post/12", "lemmy.example:post/12"),
        ("https://blog.example/?p=12", "blog.example:?p=12"),
    ],
)
def test_ids_of_other_kinds_of_servers(uri: str, key: str) -> None:
    (one,) = read(Mastodon, [status(uri=uri)])
    assert one.id == f"mastodon:{key}"


def test_a_boost_is_the_boosted_post_and_private_posts_are_left_out() -> None:
    boosted = status(id="5", content="<p>original</p>")
    found = read(
        Mastodon,
        [
            status(id="6", reblog=boosted, content=""),
            status(id="7", visibility="private"),
            status(id="8", visibility="direct"),
            status(id="9", visibility="unlisted"),
            status(id="10", content=""),
        ],
    )
    assert [one.text for one in found] == ["original"]


def test_a_content_warning_is_part_of_what_was_said() -> None:
    (one,) = read(Mastodon, [status(spoiler_text="Acme rant")])
    assert one.said == "Acme rant\n\nI like Acme"


def test_a_context_is_put_together_by_home_ids() -> None:
    spider = Mastodon()
    start = read(Mastodon, [status(id="12", in_reply_to_id="11")])[0]
    assert not spider.is_placed(start)
    context = {
        "ancestors": [status(id="11", uri="https://far.example/users/bo/statuses/900")],
        "descendants": [status(id="13", in_reply_to_id="12"), status(id="14", in_reply_to_id="99")],
    }
    thread = spider.read_thread(page(context), start)
    assert [one.native_id for one in thread] == ["11", "12", "13", "14"]
    assert thread[1].parent_id == "mastodon:far.example:900"
    assert {one.thread_id for one in thread[:3]} == {"mastodon:far.example:900"}
    assert thread[2].kind is Kind.COMMENT


def test_the_link_header_is_followed_on_the_same_server_only() -> None:
    spider, older = Mastodon(), "https://mastodon.example/x?max_id=1"
    for link, wanted in (
        (f'<{older}>; rel="next", <https://mastodon.example/x?min_id=9>; rel="prev"', older),
        ('<https://evil.example/x?max_id=1>; rel="next"', None),
        ('<https://mastodon.example/x?min_id=9>; rel="prev"', None),
    ):  # fmt: skip
        answer = TextResponse(url="https://mastodon.example/api/v1/x", body=b"[]", headers={"Link": link})
        assert spider.next_page(answer, []) == wanted


def test_hashtags_and_servers_become_streams_and_a_token_a_search() -> None:
    settings = {"servers": ["Mastodon.example"], "tags": ["#CloudOps"]}
    names = [stream.name for stream in Mastodon().streams(ACME, settings)]
    assert names == ["#acmecloud@mastodon.example", "#globex@mastodon.example", "#cloudops@mastodon.example"]
    keyed = Mastodon(keys={"token@mastodon.example": "s3cret"})
    assert '"Acme Cloud"@mastodon.example' in [stream.name for stream in keyed.streams(ACME, settings)]
    assert keyed.headers("https://mastodon.example/api") == {"Authorization": "Bearer s3cret"}
    assert keyed.headers("https://other.example/api") == {}


@pytest.mark.parametrize("servers", [[], ["http://x.example"], ["a b"], ["x.example/../y"], ["../../etc"]])
def test_a_server_that_is_no_name_is_refused(servers: list[str]) -> None:
    with pytest.raises(InputError):
        list(Mastodon().streams(ACME, {"servers": servers}))


@pytest.mark.parametrize(
    ("found", "data", "error"),
    [
        (Mastodon, {"error": "Record not found"}, SourceGone),
        (Mastodon, {"error": "This method requires an authenticated user"}, SourceBlocked),
        (Mastodon, {"error": "Too many requests"}, SourceBusy),
        (Mastodon, {"something": 1}, SourceChanged),
        (Mastodon, "text", SourceChanged),
        (Mastodon, b"<html><title>Attention Required! | Cloudflare</title>", SourceBlocked),
        (Mastodon, b"<html><title>My holiday</title><p>sun", SourceBlocked),
        (Mastodon, b"[" * 100_000, SourceChanged),
        (HackerNews, {"status": 404, "error": "Not Found"}, SourceGone),
        (HackerNews, {"message": "Too many requests"}, SourceBusy),
        (HackerNews, [], SourceChanged),
        (HackerNews, b"", SourceChanged),
        (Feed, b"<!doctype html><title>Sign in</title>", SourceBlocked),
        (Feed, b"<?xml version='1.0'?><note>hello</note>", SourceChanged),
        (Feed, b'{"version": "x"}', SourceChanged),
    ],
)
def test_what_is_no_answer_is_told_apart(found: type[Source], data: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        read(found, data)


@pytest.mark.parametrize("junk", [None, 7, "x", [], [[]], {"id": None}, {"id": "1", "created_at": "soon"}])
def test_junk_among_the_items_is_passed_over(junk: object) -> None:
    assert len(read(Mastodon, [junk, status()])) == 1
    hit = {"objectID": "1", "author": "a", "created_at": "2026-11-20T10:00:00Z", "comment_text": "Acme"}
    assert len(read(HackerNews, {"hits": [junk, hit]})) == 1


def item(number: int, *children: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "id": number, "author": "pg", "created_at_i": 1_790_000_000 + number, "text": f"text {number}",
        "parent_id": 1, "story_id": 1, "children": list(children),
    } | changes  # fmt: skip


def test_a_deleted_comment_keeps_its_place_only_where_others_answered() -> None:
    gone = {"author": None, "text": None}
    tree = item(1, item(2, item(3), **gone), item(4, **gone), parent_id=None, title="Acme", text=None)
    found = read(HackerNews, tree)
    assert [(one.native_id, one.deleted, one.text) for one in found] == [
        ("1", False, ""), ("2", True, ""), ("3", False, "text 3"),
    ]  # fmt: skip
    assert found[0].engagement.replies == 3


def test_a_thread_thousands_deep_is_read_without_recursion() -> None:
    tree = item(5000)
    for number in range(4999, 0, -1):
        tree = item(number, tree, parent_id=number - 1 or None)
    data = {"hits": [], **tree}
    data.pop("hits")
    # Built by hand: json's own recursion is what `read_json` guards against.
    from crawlers.spiders.hackernews import _tree  # noqa: PLC0415

    assert len(list(_tree(data))) == 5000


def test_search_hits_of_2018_with_nulls_are_read_like_those_of_2025() -> None:
    new = {"objectID": "2", "author": "a", "created_at": "2026-11-20T10:00:00Z", "story_id": 1,
           "parent_id": 1, "comment_text": "I &gt; <i>Acme</i><p>two"}  # fmt: skip
    old = new | {"created_at": "2026-11-20T10:00:00.000Z", "title": None, "url": None, "points": None,
                 "story_text": None, "num_comments": None}  # fmt: skip
    one, two = read(HackerNews, {"hits": [new]}) + read(HackerNews, {"hits": [old]})
    assert one == two
    assert one.text == "I > Acme\n\ntwo"
    assert one.thread_id == one.parent_id == "hackernews:1"


def test_windows_slide_below_the_oldest_hit_and_step_over_a_full_second() -> None:
    spider = HackerNews()
    hits = [{"created_at_i": 500 + number} for number in range(200)]
    url = "https://hn.algolia.com/api/v1/search_by_date?query=%22Acme%22&hitsPerPage=200"
    following = spider.next_page(page({"hits": hits}, url), [])
    assert following is not None
    assert "created_at_i%3C%3D500" in following
    stuck = spider.next_page(page({"hits": [{"created_at_i": 500}] * 200}, following), [])
    assert stuck is not None
    assert "created_at_i%3C500" in stuck
    assert spider.next_page(page({"hits": hits[:7]}, url), []) is None


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("plain &amp; simple", "plain & simple"),
        ("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree"),
        ("one<p>two<p>three", "one\n\ntwo\n\nthree"),
        ("<a><span class='invisible'>https://</span><span>a.example/lo</span><span>ng</span></a>", "https://a.example/long"),
        ("#<span>tag</span>, <b>bold</b>.", "#tag, bold."),
        ("<ul><li>a</li><li>b</li></ul>after", "a\nb\n\nafter"),
        ("<pre><code>  x = 1\n    y\n</code></pre>", "  x = 1\n    y"),
        ("a<script>alert(1)</script><style>p{}</style>b", "ab"),
        ("  a \n\t b  ", "a b"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("&lt;b&gt; stays text", "<b> stays text"),
        ("", ""),
    ],
)  # fmt: skip
def test_markup_becomes_what_a_reader_sees(html: str, text: str) -> None:
    assert html_to_text(html) == text


def test_markup_nested_50000_deep_is_read() -> None:
    assert html_to_text("<div>" * 50_000 + "deep") == "deep"
    assert plain_title(" A\n <b>title</b> &amp; more ") == "A title & more"
    assert plain_title("1 < 2 & 3") == "1 < 2 & 3"


def test_a_position_becomes_a_cursor_and_back() -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    stream = Stream(watch=ACME, name="s", url="https://x.example/")
    position = Position(
        known=("a", "b"), floor=now, walk=Walk(passed=("c",), next_url="https://x.example/2"),
        threads={"a": 3}, stuck={"b": 1}, until=now, why="later",
        validators=Validators(etag="e", modified="m", at=now, version=2),
    )  # fmt: skip
    assert from_cursor(to_cursor(stream, "feed", position)) == position
    assert from_cursor(None) == Position()


def test_every_source_tells_what_it_is_and_the_default_needs_no_key() -> None:
    for name in ("feed", "hackernews", "mastodon"):
        found = source(name)
        assert found.name == name
        assert found.title
        assert found.about
        assert found.reach
    chosen = default_sources("Acme")
    assert {"hackernews", "mastodon"} <= set(chosen)
    assert "feed" not in chosen
