"""One entry is one mention, under whatever id or address it comes again (FAULTS A3 26)."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawlers.identity import canonical_url
from tests.crawlers.crawl_rig import Bench, feeds
from tests.crawlers.hostile import Hostile, say

PLAIN = "https://news.example/2026/acme-is-down"
TEXT = (
    "Acme has been down for hours and nobody at Acme answers the telephone, say customers in three countries"
)


@pytest.mark.parametrize(
    "url",
    [
        "http://news.example/2026/acme-is-down",
        "https://www.news.example/2026/acme-is-down/",
        "https://m.news.example/2026/acme-is-down?utm_source=rss&utm_medium=feed",
        "https://NEWS.example:443/2026/acme-is-down?fbclid=abc#comments",
        "https://amp.news.example/2026/acme-is-down",
        "https://news.example/amp/2026/acme-is-down",
        "https://news.example/2026/acme-is-down/amp/",
        "https://news.example/2026/acme-is-down?amp=1&gclid=x",
        "https://news-example.cdn.ampproject.org/c/s/news.example/2026/acme-is-down/amp",
        "https://www.google.com/amp/s/news.example/2026/acme-is-down",
    ],
)
def test_variants_of_an_address_are_one(url: str) -> None:
    assert canonical_url(url) == canonical_url(PLAIN) == "news.example/2026/acme-is-down"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/?p=1", "https://a.example/?p=2"),
        ("https://a.example/x", "https://b.example/x"),
        ("https://a.example/#!/1", "https://a.example/#!/2"),
        ("https://a.example:8443/x", "https://a.example/x"),
        ("https://a.example/champ", "https://a.example/ch"),
        ("https://a.example/page?id=7", "https://a.example/page?id=8"),
    ],
)
def test_other_pages_stay_other(one: str, other: str) -> None:
    assert canonical_url(one) != canonical_url(other)


@pytest.mark.parametrize(
    "url", ["", "https://a.example/", "mailto:a@b", "https://[bad", "https://a.example:x/"]
)
def test_what_names_no_page_identifies_nothing(url: str) -> None:
    assert canonical_url(url) == ""


def entry(guid: str, link: str = PLAIN, title: str = "Acme is down", text: str = TEXT) -> bytes:
    return (
        f"<item><guid isPermaLink='false'>{guid}</guid><title>{title}</title>"
        f"<link>{link.replace('&', '&amp;')}</link>"
        f"<description>{text}</description><pubDate>Fri, 20 Nov 2026 10:00:00 GMT</pubDate></item>"
    ).encode()


def rss(*entries: bytes) -> bytes:
    return b"<rss version='2.0'><channel><title>N</title>" + b"".join(entries) + b"</channel></rss>"


SAME = {
    "a new guid": entry("2"),
    "https for http": entry(PLAIN.replace("https", "http"), link=PLAIN.replace("https", "http")),
    "tracking": entry("2", link=f"{PLAIN}?utm_source=x"),
    "an AMP page": entry("2", link=f"{PLAIN}/amp"),
    "a moved page with the same words": entry("2", link="https://news.example/other/address"),
}
OTHER = {
    "a page that all entries link to": entry("2", title="Acme is up", text="All is well with Acme again"),
    "other words elsewhere": entry("2", link="https://news.example/b", text=f"{TEXT}, or so they say"),
}


@pytest.mark.parametrize("how", [*SAME, *OTHER])
def test_an_entry_that_comes_again_is_one_mention_and_another_is_another(tmp_path: Path, how: str) -> None:
    bench = Bench(tmp_path)
    bench.watch(feeds(["a"]))
    with Hostile(pages={"/a": say(200, rss(entry("1")))}) as server:
        base = {"base_urls": {"feed": server.base}}
        assert len(bench.crawl(**base).mentions) == 1
        server.pages["/a"] = say(200, rss((SAME | OTHER)[how]))
        again = bench.crawl(**base)
        assert len(again.mentions) == (1 if how in SAME else 2)
        assert len(bench.crawl(**base).mentions) == len(again.mentions)


def test_two_entries_with_one_address_in_one_feed_are_two(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.watch(feeds(["a"]))
    with Hostile(pages={"/a": say(200, rss(entry("1"), entry("2")))}) as server:
        assert len(bench.crawl(base_urls={"feed": server.base}).mentions) == 2
