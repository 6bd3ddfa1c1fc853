"""Three feeds in three formats: RSS 2.0, Atom with threading (RFC 4685), JSON Feed 1.1."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from xml.sax.saxutils import escape, quoteattr

from core.clock import as_utc, iso
from crawlers.replay.corpus import Corpus, Post
from crawlers.replay.exchange import Answer, Request, json_answer

#: Characters of the plain summary beside the whole text in RSS.
SUMMARY = 140

_URL = re.compile(r"https?://[^\s<>\"')]+[^\s<>\"').,;:!?]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """A feed: its file, what it calls itself, and who writes it down."""

    name: str
    file: str
    title: str
    home: str
    media_type: str
    write: Callable[[Corpus, Feed, tuple[Post, ...]], str]

    @property
    def host(self) -> str:
        """The host of its home page, under which its entries' ids stand."""
        return self.home.split("/")[2]


def answer(corpus: Corpus, request: Request) -> Answer:
    """Answer a request below `/feeds`; 304 exactly where the copy that the client names is still right."""
    feed = BY_FILE.get("/".join(request.path))
    if feed is None:
        return json_answer({"error": "no such feed"}, status=404)
    posts = entries(corpus, feed)
    body = feed.write(corpus, feed, posts).encode()
    newest = max(post.edited_at or post.at for post in posts)
    headers = {
        "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        "Last-Modified": format_datetime(as_utc(newest), usegmt=True),
        "Cache-Control": "max-age=0",
    }
    if _unchanged(request.headers, headers["ETag"], newest):
        return Answer(status=304, headers=headers)
    return Answer(body=body, headers={**headers, "Content-Type": f"{feed.media_type}; charset=utf-8"})


def entries(corpus: Corpus, feed: Feed) -> tuple[Post, ...]:
    """Return a feed's entries, newest first."""
    return tuple(post for post in reversed(corpus.of("feeds")) if post.feed == feed.name)


def to_html(text: str) -> str:
    """Return plain text as HTML paragraphs with links."""
    return "\n".join(f"<p>{_linked(part)}</p>" for part in text.split("\n\n"))


def _linked(text: str) -> str:
    parts, end = [], 0
    for match in _URL.finditer(text):
        url = html.escape(match.group())
        parts += [html.escape(text[end : match.start()], quote=False), f'<a href="{url}">{url}</a>']
        end = match.end()
    parts.append(html.escape(text[end:], quote=False))
    return "".join(parts).replace("\n", "<br />\n")


def _unchanged(headers: Mapping[str, str], etag: str, newest: datetime) -> bool:
    if "if-none-match" in headers:
        held = {tag.strip().removeprefix("W/") for tag in headers["if-none-match"].split(",")}
        return etag in held or "*" in held
    try:
        since = parsedate_to_datetime(headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return since.tzinfo is not None and newest.replace(microsecond=0) <= since


def _rss(corpus: Corpus, feed: Feed, posts: tuple[Post, ...]) -> str:
    items = "\n".join(_rss_item(corpus, post) for post in posts)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel>
<title>{escape(feed.title)}</title>
<link>{escape(feed.home)}</link>
<description>{escape(feed.title)}</description>
<language>en</language>
<ttl>60</ttl>
{items}
</channel>
</rss>
"""


def _rss_item(corpus: Corpus, post: Post) -> str:
    summary = post.text.split("\n\n", maxsplit=1)[0]
    short = summary if len(summary) <= SUMMARY else summary[: SUMMARY - 1] + "…"
    permalink = "true" if post.id.startswith("https:") else "false"
    return f"""<item>
<title>{escape(post.title)}</title>
<link>{escape(post.url)}</link>
<guid isPermaLink="{permalink}">{escape(post.id)}</guid>
<dc:creator>{escape(corpus.person(post).handle)}</dc:creator>
<pubDate>{format_datetime(as_utc(post.at), usegmt=True)}</pubDate>
<description>{escape(short)}</description>
<content:encoded><![CDATA[{to_html(post.text)}]]></content:encoded>
</item>"""


def _atom(corpus: Corpus, feed: Feed, posts: tuple[Post, ...]) -> str:
    found = "\n".join(_atom_entry(corpus, feed, post) for post in posts)
    return f"""<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:thr="http://purl.org/syndication/thread/1.0" xml:lang="en">
<id>tag:{feed.host},2026:latest</id>
<title>{escape(feed.title)}</title>
<link rel="alternate" type="text/html" href={quoteattr(feed.home)}/>
<link rel="self" type="application/atom+xml" href={quoteattr(feed.home + "latest.atom")}/>
<updated>{iso(max(post.edited_at or post.at for post in posts))}</updated>
{found}
</feed>
"""


def _atom_entry(corpus: Corpus, feed: Feed, post: Post) -> str:
    person = corpus.person(post)
    parent = corpus.by_id["feeds", post.parent] if post.parent else None
    answers = (
        f'<thr:in-reply-to ref={quoteattr(parent.id)} href={quoteattr(parent.url)} type="text/html"/>\n'
        if parent
        else ""
    )
    return f"""<entry xml:lang={quoteattr(post.lang)}>
<id>{escape(post.id)}</id>
<title>{escape(post.title)}</title>
<link rel="alternate" type="text/html" href={quoteattr(post.url)}/>
{answers}<published>{iso(post.at)}</published>
<updated>{iso(post.edited_at or post.at)}</updated>
<author><name>{escape(person.handle)}</name><uri>{escape(feed.home)}u/{escape(person.handle)}</uri></author>
<content type="html">{escape(to_html(post.text))}</content>
</entry>"""


def _json(corpus: Corpus, feed: Feed, posts: tuple[Post, ...]) -> str:
    items: list[dict[str, object]] = []
    for post in posts:
        items.append(
            {
                "id": post.id,
                "url": post.url,
                "title": post.title,
                "content_html": to_html(post.text),
                "date_published": iso(post.at),
                "authors": [{"name": corpus.person(post).handle}],
                "language": post.lang,
            }
        )
        if post.edited_at:
            items[-1]["date_modified"] = iso(post.edited_at)
    data = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.home,
        "feed_url": f"{feed.home}feed.json",
        "items": items,
    }
    return json.dumps(data, ensure_ascii=False, indent=1)


#: Every feed of the corpus.
FEEDS = (
    Feed(
        name="stacksifter",
        file="stacksifter.xml",
        title="Stacksifter: software for operations teams, reviewed",
        home="https://stacksifter.example/",
        media_type="application/rss+xml",
        write=_rss,
    ),
    Feed(
        name="opsfolk",
        file="opsfolk.atom",
        title="Opsfolk community: latest posts",
        home="https://community.opsfolk.example/",
        media_type="application/atom+xml",
        write=_atom,
    ),
    Feed(
        name="mondayrunbook",
        file="mondayrunbook.json",
        title="The Monday Runbook",
        home="https://mondayrunbook.example/",
        media_type="application/feed+json",
        write=_json,
    ),
)
BY_FILE = {feed.file: feed for feed in FEEDS}
BY_NAME = {feed.name: feed for feed in FEEDS}
