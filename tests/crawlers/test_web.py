from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.clock import iso
from core.errors import InputError, SourceBlocked, SourceChanged
from crawlers.dates import date_of
from crawlers.spiders.web import Web
from crawlers.web_page import address
from tests.crawlers.crawl_rig import Bench
from tests.crawlers.hostile import Hostile, say
from tests.crawlers.truth import BLOCK_PAGE, acme, answer, fixture, read

URL = "https://blog.example/2026/kettle?utm_source=feed&id=3"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SAID = "The Acme kettle broke after two weeks, and nobody answered the letters that I wrote about it. "
STORY = f"<article><p>{SAID * 3}</p><p>{SAID * 3}</p></article>"


def a_page(body: str = STORY, head: str = "<title>My kettle</title>") -> str:
    return f"<!DOCTYPE html><html lang='en'><head>{head}</head><body>{body}</body></html>"


def described(data: Mapping[str, Any], body: str = STORY) -> str:
    return a_page(body, f"<title>T</title><script type='application/ld+json'>{json.dumps(data)}</script>")


def test_a_discussion_is_read_post_by_post_parents_first() -> None:
    top, second, deep = read(
        "web", fixture("web_thread.html"), "https://owners.example/t/kettle-leaks/42?page=1"
    )
    assert top["native_id"] == top["url"] == "https://owners.example/t/kettle-leaks/42"
    assert (top["kind"], top["title"], top["author"]["handle"]) == ("post", "Kettle leaks at the lid", "moss")
    assert " ".join(top["text"].split()) == 'Mine leaks & drips. Acme says "wait".'
    assert (top["published_at"], top["edited_at"]) == ("2026-01-04T08:30:00Z", "2026-01-05T00:00:00Z")
    assert top["author"]["url"] == "https://owners.example/u/moss"
    assert second["native_id"] == "https://owners.example/t/kettle-leaks/42#post-2"
    assert (second["parent_id"], deep["parent_id"]) == (top["id"], second["id"])
    assert {item["thread_id"] for item in (top, second, deep)} == {top["id"]}
    assert (deep["author"]["handle"], deep["published_at"]) == ("reed", "2026-01-06T00:00:00Z")


def test_the_own_address_of_a_post_without_one_stays_the_same_at_every_visit() -> None:
    first, again = (read("web", fixture("web_thread.html"), f"https://owners.example/?p={n}") for n in (1, 2))
    assert [item["id"] for item in first] == [item["id"] for item in again]


def test_questions_answers_and_reviews_are_told_apart() -> None:
    accepted = {"@type": "Answer", "text": "Turn it.", "upvoteCount": "5", "url": "#a1"}
    question = {
        "@type": "Question",
        "name": "How?",
        "text": "How so?",
        "acceptedAnswer": accepted,
        "answerCount": 1,
    }
    asked, told = read("web", described({"@type": "QAPage", "mainEntity": question}), URL)
    assert [one["kind"] for one in (asked, told)] == ["question", "answer"]
    assert told["url"] == "https://blog.example/2026/kettle?id=3#a1"
    assert told["engagement"]["score"] == 5
    rating = {"ratingValue": "4", "bestRating": 10}
    review = {"@type": "Review", "reviewBody": "Meh", "author": "zed", "reviewRating": rating}
    page, item = read("web", described({"@type": "Product", "name": "Kettle", "review": [review]}), URL)
    assert (page["kind"], item["kind"], item["rating"], item["text"]) == ("article", "review", 2, "Meh")
    assert item["thread_id"] == item["id"]
    faq = {"@type": "FAQPage", "mainEntity": [question]}
    assert [one["kind"] for one in read("web", described(faq), URL)] == ["article"]


def test_an_article_takes_date_and_author_from_its_own_description_not_from_others() -> None:
    own = {
        "@type": ["NewsArticle"],
        "headline": "Acme &amp; the kettle",
        "datePublished": "2026-03-01T00:00:00Z",
        "author": [{"name": "R. Porter"}, {"name": "B"}],
        "mainEntityOfPage": {"@id": "https://blog.example/2026/kettle?id=3"},
    }
    other = {"@type": "NewsArticle", "headline": "Other", "datePublished": "2020-01-01", "url": "/2020/other"}
    (item,) = read("web", described({"@graph": [other, own]}), URL)
    assert (item["title"], item["author"]["handle"]) == ("Acme & the kettle", "R. Porter")
    assert item["published_at"] == "2026-03-01T00:00:00Z"


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        (
            "<meta property='article:published_time' content='2026-02-03T04:05:06+01:00'>",
            "",
            "2026-02-03T03:05:06Z",
        ),
        ("<meta name='DC.date.issued' content='2026-02-03'>", "", "2026-02-03T00:00:00Z"),
        ("", "<time datetime='2026-02-03T04:05Z'>3 Feb</time>", "2026-02-03T04:05:00Z"),
        ("<meta name='date' content='0001-01-01'>", "", None),
        ("", "<footer>© 2019</footer>", None),
    ],
)
def test_a_date_is_told_or_said_to_be_unknown(head: str, body: str, expected: str | None) -> None:
    (item,) = read("web", a_page(STORY + body, f"<title>T</title>{head}"), URL)
    assert (item["published_at"] if item.get("published_known", True) else None) == expected


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("2026-02-03T04:05:06+0100", datetime(2026, 2, 3, 3, 5, 6, tzinfo=UTC)),
        ("2026-02-03 04:05:06 UTC", datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)),
        ("Tue, 03 Feb 2026 04:05:06 GMT", datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)),
        ("February 3, 2026", datetime(2026, 2, 3, tzinfo=UTC)),
        ("3 Feb 2026", datetime(2026, 2, 3, tzinfo=UTC)),
        ("1770091506000", datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_dates_are_read_in_the_forms_that_pages_use(told: str | None, meant: datetime | None) -> None:
    assert date_of(told) == meant


@pytest.mark.parametrize(
    ("charset", "declared"),
    # Without a word on it, koi8-r is anybody's guess.
    [("windows-1251", True), ("windows-1251", False), ("koi8-r", True), ("utf-8", False), ("utf-16", False)],
)
def test_letters_come_out_right_in_every_encoding(charset: str, *, declared: bool) -> None:
    text = "Чайник сломался через две недели, и никто не ответил на мои письма об этом. " * 8
    head = f"<meta charset='{charset}'>" if declared else ""
    body = a_page(f"<article><p>{text}</p></article>", f"{head}<title>Чайник</title>").encode(charset)
    (item,) = read("web", body, URL)
    assert item["text"] == text.strip()


def test_the_canonical_address_is_the_identity_without_tracking() -> None:
    (item,) = read(
        "web", a_page(head="<title>T</title><link rel=canonical href='/a?id=1&fbclid=x#top'>"), URL
    )
    assert (item["id"], item["url"]) == ("web:https://blog.example/a?id=1", "https://blog.example/a?id=1")
    (item,) = read(
        "web", a_page(head="<title>T</title><link rel=canonical href='https://blog.example/'>"), URL
    )
    assert item["native_id"] == "https://blog.example/2026/kettle?id=3"
    (item,) = read("web", a_page())
    assert (item["url"], item["native_id"][:5]) == (None, "page:")
    assert address("javascript:alert(1)", URL) is None
    assert address("//Other.Example:443/x?gclid=1", URL) == "https://other.example/x"


@pytest.mark.parametrize(
    "body",
    [
        BLOCK_PAGE.decode(),
        a_page(
            "<h1>Access Denied</h1>You don't have permission. Reference #18.2d.1",
            "<title>Access Denied</title>",
        ),
        a_page("<div id=px-captcha></div><p>Press and hold.</p>", "<title>shop.example</title>"),
        a_page("<p>We need to be sure.</p><script src='https://geo.captcha-delivery.com/c.js'></script>"),
        a_page("<h1>Robot or human?</h1>" + STORY, "<title>Robot or human?</title>"),
        a_page("<form><input type='password'></form>", "<title>Community</title>"),
        a_page(STORY, "<title>Log in to continue | Forum</title>"),
        a_page(STORY, "<title>Sign Up | Network</title>"),
        a_page(STORY * 6, "<title>Before you continue to Video</title>"),
        a_page(STORY, "<title>Page not found - Blog</title>"),
        a_page("<h1>404</h1>" + STORY, "<title>Blog</title>"),
        a_page(STORY, "<title>Seite nicht gefunden | Laden</title>"),
        a_page(STORY, "<title>ERROR: The request could not be satisfied</title>"),
        a_page(STORY, "<title>Client Challenge</title>"),
        a_page(STORY, "<title>News Privacy Gate</title>"),
        a_page("<p>Are you of legal drinking age?</p>", "<title>Brewery</title>"),
        a_page("<p>Read the rest in the app.</p>", "<title>Login • Pictures</title>"),
        a_page("<p>You must be at least 18 years old to see this.</p>", "<title>Store</title>"),
        a_page("<div id=app></div><noscript>Please enable JavaScript.</noscript>", "<title>App</title>"),
        a_page("<div id=app></div>", "<title>App</title>"),
    ],
)
def test_what_stands_before_a_page_is_never_a_mention(body: str) -> None:
    with pytest.raises(SourceBlocked):
        read("web", body, URL)


@pytest.mark.parametrize(
    "title",
    [
        "Acme users cannot log in since Monday",
        "Error: module not found after the Acme update",
        "Access to Acme blocked in three countries",
        "Just a kettle",
        "404 Media on Acme",
        "Please verify: is Acme down?",
    ],
)
def test_a_true_page_may_use_the_words_of_a_wall(title: str) -> None:
    (item,) = read("web", a_page(head=f"<title>{title}</title>"), URL)
    assert item["title"] == title


def test_a_page_that_asks_not_to_be_indexed_gives_nothing() -> None:
    assert (
        read("web", a_page(head="<title>T</title><meta name='Robots' content='NOINDEX, follow'>"), URL) == []
    )
    page = answer(a_page().encode(), URL, **{"X-Robots-Tag": "noindex"})
    assert list(Web().read(page)) == []
    assert len(read("web", a_page(head="<title>T</title><meta name=robots content=noarchive>"), URL)) == 1


@pytest.mark.parametrize("body", [b'{"a": 1}', b"", b"[1]", b"\x00\x01\x02", b"<rss><channel/></rss>"])
def test_what_is_no_page_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(SourceChanged):
        read("web", body, URL)


def test_a_hostile_page_ends_in_time_and_without_a_crash() -> None:
    deep = a_page("<div>" * 20_000 + SAID * 4 + "</div>" * 20_000)
    nested = "<script type='application/ld+json'>" + '{"@graph":[' * 30_000 + "</script>"
    for body in (deep, a_page(head=nested), a_page("<p>" + "a" * 5_000_000)):
        try:
            read("web", body, URL)
        except SourceBlocked:
            continue


def test_pages_or_sitemaps_must_be_told() -> None:
    assert Web.default_settings("Acme") is None
    with pytest.raises(InputError, match="sitemaps"):
        Web.check_settings({})
    with pytest.raises(InputError, match="no address"):
        list(Web().streams(acme(), {"pages": ["not an address"]}))
    (stream,) = Web().streams(acme(), {"pages": URL})
    assert (stream.conditional, stream.url) == (True, "https://blog.example/2026/kettle?id=3")


def test_a_crawl_reads_a_sitemap_and_later_only_what_changed_since(tmp_path: Path) -> None:
    def site(server: Hostile, *changed: tuple[str, str]) -> None:
        rows = "".join(
            f"<url><loc>{server.base}/{name}</loc><lastmod>{at}</lastmod></url>" for name, at in changed
        )
        rows += "<url><loc>https://elsewhere.example/x</loc></url>"
        server.pages["/map.xml"] = say(200, gzip.compress(f"<urlset>{rows}</urlset>".encode()))

    bench = Bench(tmp_path)
    bench.watch({"web": {"sitemaps": ["index.xml"], "pages": ["alone"]}})
    with Hostile() as server:
        index = f"<sitemapindex><sitemap><loc>{server.base}/map.xml</loc></sitemap></sitemapindex>"
        server.pages = {name: say(200, a_page().encode()) for name in ("/a", "/b", "/alone")}
        server.pages["/index.xml"] = say(200, index.encode())
        site(server, ("a", "2026-11-01"), ("b", "2026-10-01"))
        first = bench.crawl(base_urls={"web": server.base}, now=iso(NOW))
        assert first.state["status"] == "ok", first.state
        assert sorted(item["native_id"] for item in first.mentions.values()) == [
            f"{server.base}/{name}" for name in ("a", "alone", "b")
        ]
        site(server, ("a", "2026-11-01"), ("b", "2026-10-01"), ("c", "2026-11-23"))
        server.pages["/c"] = say(200, a_page().encode())
        server.seen.clear()
        # Soon after: days later stored pages are read again whatever the sitemap says (test_followed_pages).
        bench.crawl(base_urls={"web": server.base}, now=iso(NOW + timedelta(minutes=10)))
        asked = {seen.path for seen in server.seen} & {"/a", "/b", "/c", "/alone"}
        assert asked == {"/c", "/alone"}


def test_a_sitemap_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    with Hostile() as server:
        server.pages = {"/map.xml": say(403, b"no")}
        bench.watch({"web": {"sitemaps": ["map.xml"]}})
        told = bench.crawl(base_urls={"web": server.base}, now=iso(NOW))
        assert told.state["status"] == "blocked"
        bench.watch({"web": {"sitemaps": ["ftp://files.example/map.xml"]}})
        later = bench.crawl(base_urls={"web": server.base}, now=iso(NOW + timedelta(hours=3)))
        assert "no address" in later.state["reason"]


def test_the_recordings_hold_what_they_must_and_nothing_else(shared: Path) -> None:
    root = shared / "recordings"
    entries = json.loads((root / "MANIFEST.json").read_text(encoding="utf-8"))["entries"]
    for entry in (one for one in entries if one["service"] == "web"):
        (item,) = read("web", (root / entry["file"]).read_bytes(), entry["request"]["url"])
        text = " ".join(item["text"].split())
        assert all(part in text for part in entry["expect"]["main_text_must_contain"])
        assert not any(part in text for part in entry["expect"]["main_text_must_not_contain"])
        assert item["url"] == entry["request"]["url"]
        assert item["published_at"] == "2020-02-18T09:07:56Z"
