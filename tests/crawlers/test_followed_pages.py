"""What has no API is followed by its address: pages change and go, entries go with their pages."""

from __future__ import annotations

from pathlib import Path

from tests.crawlers.crawl_rig import Bench
from tests.crawlers.hostile import Hostile, say

WORDS = "The kettle of Acme was fine for years and now its lid comes off whenever it boils. " * 4


def article(text: str) -> bytes:
    """A page with one article."""
    return (
        "<!doctype html><html lang=en><head><title>A kettle</title>"
        '<meta property="og:type" content="article">'
        '<meta property="article:published_time" content="2026-11-20T10:00:00Z"></head>'
        f"<body><article><h1>A kettle</h1><p>{text}</p><p>{WORDS}</p></article></body></html>"
    ).encode()


def test_a_page_is_read_again_and_its_end_is_its_end_here(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    with Hostile(pages={"/kettle": say(200, article("It broke on Monday."))}) as server:
        base = {"base_urls": {"web": server.base}}
        bench.watch({"web": {"pages": ["kettle"]}})
        (first,) = bench.crawl(**base, now="2026-11-20T10:30:00Z").mentions.values()
        assert "It broke on Monday." in first["text"]
        # No list names the page any more.
        server.pages = {"/other": say(404, b""), "/kettle": say(200, article("It broke on Tuesday."))}
        bench.watch({"web": {"pages": ["other"]}})
        (edited,) = bench.crawl(**base, now="2026-11-20T11:30:00Z").mentions.values()
        assert (edited["revision"], "on Tuesday" in edited["text"]) == (2, True)
        server.pages = {"/other": say(404, b""), "/kettle": say(503, b"")}
        (kept,) = bench.crawl(**base, now="2026-11-21T11:00:00Z").mentions.values()
        assert not kept["deleted"], "a server that is ill says nothing of its pages"
        server.pages = {"/other": say(404, b""), "/kettle": say(410, b"")}
        (gone,) = bench.crawl(**base, now="2026-11-27T11:00:00Z").mentions.values()
        assert (gone["deleted"], gone["text"]) == (True, "")


def rss(base: str, *numbers: int) -> bytes:
    """A feed whose entries have pages on this server."""
    items = "".join(
        f"<item><guid isPermaLink='false'>e{number}</guid><title>Acme {number}</title>"
        f"<link>{base}/page{number}</link><pubDate>Fri, 20 Nov 2026 10:00:00 GMT</pubDate></item>"
        for number in numbers
    )
    return (
        f'<rss version="2.0"><channel><title>News</title><link>{base}/</link>{items}</channel></rss>'.encode()
    )


def test_an_entry_goes_with_its_page_and_stays_with_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    with Hostile() as server:
        server.pages = {"/feed": say(200, rss(server.base, 1, 2, 3))}
        bench.watch({"feed": {"feeds": ["feed"]}})
        base = {"base_urls": {"feed": server.base}}
        assert len(bench.crawl(**base, now="2026-11-20T10:30:00Z").mentions) == 3
        server.pages = {
            "/feed": say(200, rss(server.base, 4)),
            "/page1": say(200, article("Another text than the feed's.")),
            "/page2": say(404, b""),
            "/page3": say(403, b""),
        }
        found = bench.crawl(**base, now="2026-11-20T12:00:00Z").mentions.values()
        told = {item["native_id"]: (item["deleted"], item["revision"]) for item in found}
        assert told == {"e1": (False, 1), "e2": (True, 2), "e3": (False, 1), "e4": (False, 1)}
