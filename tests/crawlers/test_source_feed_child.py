"""Feeds that are broken on purpose: the child ends them, tells, and reads the next (FAULTS A3 15, 16)."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from scrapy.http import TextResponse

from core.errors import SourceChanged, SourceError
from crawlers.feed_parser import FeedParser
from crawlers.spiders.feed import Feed
from tests.crawlers.hostile import feed

#: Mutants in the suite; EARFUL_FEEDS=10000 is the nightly run (FAULTS A3 15).
MUTANTS = int(os.environ.get("EARFUL_FEEDS", "300"))
ATOM = b"""<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://blog.example/posts/" xml:lang="en">
<title>Acme blog</title><id>tag:blog.example,2026:blog</id><link href="/"/>
<entry><id>tag:blog.example,2026:1</id><title type="html">Acme &amp;amp; friends</title>
<link rel="alternate" href="one?a=1&amp;b=2"/><published>2026-11-20T10:00:00+02:00</published>
<updated>2026-11-20T12:00:00+02:00</updated><author><name>Ann</name><email>ann@blog.example</email></author>
<content type="html">&lt;p&gt;First.&lt;/p&gt;&lt;p&gt;Second &amp;lt;b&amp;gt;.&lt;/p&gt;</content>
</entry></feed>"""
RDF = b"""<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="https://old.example/"><title>Old</title><link>https://old.example/</link></channel>
<item rdf:about="https://old.example/1"><title>Acme in RDF</title><link>https://old.example/1</link>
<dc:creator>bob</dc:creator><dc:date>2026-11-20T10:00:00Z</dc:date>
<description>Words.</description></item></rdf:RDF>"""
JSON = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "J",
        "home_page_url": "https://j.example/",
        "items": [
            {
                "id": 7,
                "url": "https://j.example/7",
                "content_text": "plain <b> & Acme",
                "date_published": "2026-11-20T10:00:00+02:00",
                "authors": [{"name": "jo", "url": "https://j.example/jo"}],
            }
        ],
    }
).encode()


def rss(items: str, declaration: str = "") -> str:
    """Return an RSS feed around some items."""
    return f"{declaration}<rss version='2.0'><channel>{items}</channel></rss>"


@pytest.fixture(scope="module")
def parser() -> Iterator[FeedParser]:
    parser = FeedParser()
    yield parser
    parser.close()


def mentions(body: bytes, url: str = "https://blog.example/feed") -> list[dict[str, object]]:
    from core.mention import mention_to_json  # noqa: PLC0415

    return [mention_to_json(one) for one in Feed().read(TextResponse(url=url, body=body))]


@pytest.mark.timeout(1_800)
def test_mutated_feeds_neither_crash_nor_stop_the_parser(parser: FeedParser) -> None:
    dice = random.Random(20261122)
    seeds = [ATOM, RDF, JSON, feed("a", "b", "c")]
    ended, told = 0, list[str]()
    for number in range(MUTANTS):
        body = bytearray(seeds[number % len(seeds)])
        for _ in range(dice.randint(1, 8)):
            at = dice.randrange(len(body))
            match dice.randrange(4):
                case 0:
                    body[at] = dice.randrange(256)
                case 1:
                    del body[at : at + dice.randint(1, 40)]
                case 2:
                    body[at:at] = body[dice.randrange(len(body)) :][:30]
                case _:
                    body[at:at] = dice.choice(
                        [b"<![CDATA[", b"&#0;", b"&#x110000;", b"\xed\xa0\x80", b"<!--", b"]]>"]
                    )
            body = body or bytearray(b"<")
        began = time.monotonic()
        try:
            parser.parse(bytes(body))
        except SourceChanged as error:
            ended += 1
            told.append(str(error))
        assert time.monotonic() - began < 10, f"mutant {number}: 5 s of CPU on a machine with others on it"
    assert [one for one in told if "died" in one] == []
    # A broken JSON feed is no feed; a broken XML one is read as far as it goes.
    assert ended <= MUTANTS // 4


@pytest.mark.parametrize(
    "body",
    [
        b'{"items": ' * 100_000,
        b"[" * 100_000,
        b"<rss><channel>" + b"<item>" * 50_000,
        b"<feed>" + b"<div>" * 200_000,
        b"<rss><channel><item><author>" + b"(" * 60_000 + b"</author></item></channel></rss>",
        b"<rss><channel><item><author>" + b"a@" * 60_000 + b"</author></item></channel></rss>",
        b"<rss><channel><item><pubDate>" + b"1" * 1_000_000 + b"</pubDate></item></channel></rss>",
        b"<!DOCTYPE r [" + b"<!ENTITY a 'b'>" * 50_000 + b"]><rss/>",
    ],
)
def test_traps_end_in_time_and_the_next_feed_is_read(parser: FeedParser, body: bytes) -> None:
    began = time.monotonic()
    try:
        parser.parse(body)
    except SourceChanged as error:
        assert "could not be read" in str(error)  # noqa: PT017 - either way is right, this is its message
    assert time.monotonic() - began < 20
    assert parser.parse(feed("next"))["entries"]


def test_an_external_entity_reads_no_file(parser: FeedParser, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    canary.write_text("the canary sings", encoding="utf-8")
    body = f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "{canary.as_uri()}">]>' + rss(
        "<item><title>&x;</title><description>a &x; b</description></item>"
    )
    assert "canary sings" not in json.dumps(dict(parser.parse(body.encode())))
    # A bare address must not be fetched or opened either.
    assert not parser.parse(canary.as_uri().encode()).get("entries")


def test_a_killed_child_is_started_again(parser: FeedParser) -> None:
    parser.parse(feed("a"))
    child = parser._child
    assert child is not None
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert parser.parse(feed("b"))["entries"]


def test_an_atom_entry_is_read_with_its_base_entities_and_zone() -> None:
    (entry,) = mentions(ATOM)
    assert entry["native_id"] == "tag:blog.example,2026:1"
    assert entry["id"] == "feed:blog.example:tag:blog.example,2026:1"
    assert entry["title"] == "Acme & friends"
    assert entry["text"] == "First.\n\nSecond <b>."
    assert entry["url"] == "https://blog.example/posts/one?a=1&b=2"
    assert entry["published_at"] == "2026-11-20T08:00:00Z"
    assert entry["edited_at"] == "2026-11-20T10:00:00Z"
    assert entry["author"] == {"id": None, "handle": "Ann", "name": None, "url": None, "followers": None}
    assert entry["language"] == "en"


def test_rdf_and_json_feeds_are_read() -> None:
    (old,) = mentions(RDF)
    assert (old["native_id"], old["text"], old["published_at"]) == (
        "https://old.example/1", "Words.", "2026-11-20T10:00:00Z",
    )  # fmt: skip
    (new,) = mentions(JSON)
    assert (new["native_id"], new["text"]) == ("7", "plain <b> & Acme")
    assert new["published_at"] == "2026-11-20T08:00:00Z"


@pytest.mark.parametrize("encoding", ["windows-1251", "koi8-r", "utf-16", "iso-8859-5"])
def test_declared_encodings_are_read(encoding: str) -> None:
    declaration = f'<?xml version="1.0" encoding="{encoding}"?>'
    text = rss("<item><guid>1</guid><title>Привет Acme</title></item>", declaration)
    (entry,) = mentions(text.encode(encoding))
    assert entry["title"] == "Привет Acme"


def test_an_entry_without_id_has_its_link_or_a_digest_for_one() -> None:
    linked = "<item><title>Acme</title><link>https://x.example/1</link></item>"
    body = rss(f"{linked}<item><title>Acme two</title></item>").encode()
    first, second = mentions(body)
    assert first["native_id"] == "https://x.example/1"
    assert second["native_id"] == mentions(body)[1]["native_id"]
    assert second["url"] is None


def test_a_feed_cannot_claim_anothers_entries() -> None:
    (entry,) = mentions(RDF, url="https://evil.example/feed")
    assert str(entry["id"]).startswith("feed:evil.example:")


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "file:///etc/passwd", "http://[", "data:text/html,x"]
)
def test_only_web_links_are_kept(link: str) -> None:
    body = rss(f"<item><guid isPermaLink='false'>1</guid><title>Acme</title><link>{link}</link></item>")
    try:
        found = mentions(body.encode())
    except SourceError:
        return
    assert all(one["url"] is None for one in found)
