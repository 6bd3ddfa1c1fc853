"""One entry is one mention, under whatever id or address it comes again (FAULTS A3 26)."""

from __future__ import annotations

import re
from collections import Counter
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


def entry(guid: str, name: str, link: str = "", title: str = "", text: str = "") -> bytes:
    link = (link or f"{PLAIN}-{name}").replace("&", "&amp;")
    title = title or f"Acme is down, {name}"
    return (
        f"<item><guid isPermaLink='false'>{name}{guid}</guid><title>{title}</title>"
        f"<link>{link}</link><description>{text or f'{TEXT} ({name})'}</description>"
        "<pubDate>Fri, 20 Nov 2026 10:00:00 GMT</pubDate></item>"
    ).encode()


def rss(*entries: bytes) -> bytes:
    return b"<rss version='2.0'><channel><title>N</title>" + b"".join(entries) + b"</channel></rss>"


#: Feed → what its second answer holds, and how many mentions that makes.
AGAIN: dict[str, tuple[dict[str, str], int]] = {
    "a-new-guid": ({}, 1),
    "http": ({"link": f"{PLAIN}-http".replace("https", "http")}, 1),
    "tracking": ({"link": f"{PLAIN}-tracking?utm_source=x"}, 1),
    "amp": ({"link": f"{PLAIN}-amp/amp"}, 1),
    "moved": ({"link": "https://news.example/other/address"}, 1),
    "all-link-here": ({"title": "Acme is up", "text": "All is well with Acme again"}, 2),
    "other-words": (
        {"link": "https://news.example/b", "text": f"{TEXT}, or so they say", "title": "Acme"},
        2,
    ),
}


def test_an_entry_that_comes_again_is_one_mention_and_another_is_another(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.watch(feeds([*AGAIN, "two-at-once"]))
    with Hostile() as server:
        server.pages = {f"/{name}": say(200, rss(entry("1", name))) for name in AGAIN}
        two = rss(entry("1", "two-at-once"), entry("2", "two-at-once"))
        server.pages["/two-at-once"] = say(200, two)
        base = {"base_urls": {"feed": server.base}}
        assert len(bench.crawl(**base).mentions) == len(AGAIN) + 2
        for name, (fields, _) in AGAIN.items():
            server.pages[f"/{name}"] = say(200, rss(entry("2", name, **fields)))
        for _ in range(2):
            found = Counter(
                re.split(r"\d$", one.rpartition(":")[2])[0] for one in bench.crawl(**base).mentions
            )
            assert found == {name: count for name, (_, count) in AGAIN.items()} | {"two-at-once": 2}
