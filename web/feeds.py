"""A view as a feed: Atom and JSON Feed 1.1. Text is text there too, never markup."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree as ET

from flask import Response

from core.clock import iso
from core.mention import Mention
from web.outputs import json_response
from web.page import safe_href

#: Newest mentions that a feed holds.
FEED_LIMIT = 50
#: What XML 1.0 cannot carry.
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ATOM = "http://www.w3.org/2005/Atom"
JSON_FEED = "https://jsonfeed.org/version/1.1"
#: Characters of a text that stand for a title that is missing.
TITLE = 80


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """What a feed says of itself."""

    title: str
    #: Of the feed, as its reader fetches it.
    address: str
    #: Of the page that shows the same; also what the feed's ids are made of, so it holds no token.
    home: str
    mentions: Sequence[Mention]
    now: datetime


def atom_response(feed: Feed) -> Response:
    """Return mentions as an Atom feed."""
    root = ET.Element("feed", xmlns=ATOM)
    updated = max((_changed(mention) for mention in feed.mentions), default=feed.now)
    for name, value in (("title", feed.title), ("id", feed.home), ("updated", iso(updated))):
        ET.SubElement(root, name).text = _xml(value)
    ET.SubElement(root, "link", rel="self", href=_xml(feed.address))
    ET.SubElement(root, "link", rel="alternate", type="text/html", href=_xml(feed.home))
    for mention in feed.mentions:
        root.append(_entry(mention, feed.home.partition("?")[0]))
    body = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return Response(body, mimetype="application/atom+xml")


def json_feed_response(feed: Feed) -> Response:
    """Return mentions as JSON Feed 1.1."""
    response = json_response(
        {
            "version": JSON_FEED,
            "title": feed.title,
            "home_page_url": feed.home,
            "feed_url": feed.address,
            "items": [_item(mention) for mention in feed.mentions],
        }
    )
    response.mimetype = "application/feed+json"
    return response


def _entry(mention: Mention, base: str) -> ET.Element:
    entry = ET.Element("entry")
    for name, value in (
        ("title", _title(mention)),
        ("id", f"{base}#{mention.id}"),
        ("updated", iso(_changed(mention))),
        ("published", iso(mention.published_at)),
    ):
        ET.SubElement(entry, name).text = _xml(value)
    author = ET.SubElement(entry, "author")
    ET.SubElement(author, "name").text = _xml(mention.author.handle or "unknown")
    if safe_href(mention.url):
        ET.SubElement(entry, "link", href=_xml(mention.url or ""))
    ET.SubElement(entry, "content", type="text").text = _xml(mention.text)
    return entry


def _item(mention: Mention) -> dict[str, object]:
    item: dict[str, object] = {
        "id": mention.id,
        "title": _title(mention),
        "content_text": mention.text,
        "date_published": iso(mention.published_at),
        "date_modified": iso(_changed(mention)),
        "authors": [{"name": mention.author.handle or "unknown"}],
        "tags": [mention.source],
    }
    if safe_href(mention.url):
        item["url"] = mention.url
    if mention.language:
        item["language"] = mention.language
    return item


def _title(mention: Mention) -> str:
    return mention.title or mention.text[:TITLE] or mention.id


def _changed(mention: Mention) -> datetime:
    return mention.edited_at or mention.published_at


def _xml(text: str) -> str:
    return NOT_XML.sub("\ufffd", text)
