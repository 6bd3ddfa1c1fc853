"""Any feed: RSS, RDF, Atom and JSON Feed, parsed in a child process with limits."""

from __future__ import annotations

import atexit
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar
from urllib.parse import urljoin

from scrapy.http import TextResponse

from core.errors import InputError, SourceChanged
from core.mention import Author, Kind, Mention, mention_id
from core.source_form import SettingField
from core.watch import SourceSettings, Watch
from crawlers.feed_parser import FeedParser
from crawlers.freshness import Recheck, by_address
from crawlers.page import JsonObject, host_of, id_of, list_of, object_of, read_json, text_of, time_of
from crawlers.refusals import refuse_page, unknown
from crawlers.source import Source
from crawlers.stream import Stream
from crawlers.text import html_to_text, plain_title

EXPECTED = "expected a feed: RSS, RDF, Atom or JSON Feed"
#: Host given to a feed that came without an address, such as a file.
NOWHERE = "feed.invalid"

#: Its feeds say themselves for what use they are given out.
NEWS_SEARCH = "news.google.com"

_PARSER = FeedParser()
atexit.register(_PARSER.close)


class Feed(Source):
    """Read feeds by their addresses."""

    name = "feed"
    title = "Feeds"
    summary = "RSS, Atom and JSON feeds of blogs, forums and news."
    fields = (
        SettingField(
            name="feeds",
            label="Addresses",
            example="https://blog.example/feed.xml",
            noun="address",
            required=True,
        ),
        SettingField(
            name="personal_use",
            label="Searches of Google News",
            example="yes",
            hint="Google allows personal, non-commercial use of their feeds only. Write yes if yours is.",
            form="yes|no",
            noun="answer",
            many=False,
        ),
    )
    about = (
        "Entries that name the product or a rival in any RSS, RDF, Atom or JSON Feed; the setting `feeds` "
        "lists their addresses. Asked for with ETag and Last-Modified: an unchanged feed costs little."
    )
    reach = "what the feed shows, mostly its newest 10 to 100 entries"
    reads_slowly: ClassVar[bool] = True
    ids_change: ClassVar[bool] = True

    def streams(self, watch: Watch, settings: SourceSettings) -> Iterable[Stream]:
        """Return each feed; names that are no addresses stand below `--base-url`."""
        self.check_settings(settings)
        personal = self.values(settings, "personal_use") == ["yes"]
        for feed in self.values(settings, "feeds"):
            if host_of(feed) == NEWS_SEARCH and not personal:
                raise InputError(
                    f"{NEWS_SEARCH} allows personal, non-commercial use of its feeds only; if yours is, say "
                    "so with `personal_use` = yes"
                )
            if feed.lower().startswith(("http://", "https://")):
                yield Stream(watch=watch, name=feed, url=feed, conditional=True)
            elif self.base_url:
                yield Stream(watch=watch, name=feed, url=urljoin(f"{self.base_url}/", feed), conditional=True)
            else:
                raise InputError(f"{feed!r} is no address; write it with https://")

    def read(self, page: TextResponse) -> Iterator[Mention]:
        """Yield a feed's entries, what is answered before its answers."""
        refuse_page(page)
        content_type = (page.headers.get("Content-Type") or b"").decode("latin-1")
        found = _PARSER.parse(page.body, url=page.url, content_type=content_type)
        if not found.get("kind"):
            if page.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
                raise unknown(read_json(page, EXPECTED), EXPECTED)
            raise SourceChanged(f"no feed; {EXPECTED}")
        host = self._home(page, text_of(found.get("link")))
        language = text_of(found.get("language"))
        mentions: dict[str, Mention] = {}
        for item in list_of(found.get("entries")):
            mention = self._entry(object_of(item), page, host, language)
            if mention:
                mentions.setdefault(mention.id, mention)
        yield from _threaded(mentions)

    def recheck(self, mentions: Sequence[Mention]) -> Iterator[Recheck]:
        """Yield a look at the page of each entry: where that is gone, so is the entry.

        What the page says is not what the feed says, so an edit is seen only while the feed shows the entry.
        """
        return by_address(self, mentions)

    def _home(self, page: TextResponse, link: str | None) -> str:
        """Return the host that the entries' ids stand under.

        It is the host that was asked for, never one that the feed only claims: a feed could otherwise write
        over another's entries. Below `--base-url` and for a file without an address the feed's word counts.
        """
        asked = page.request.meta.get("asked", page.url) if page.request else page.url
        claimed = host_of(link or "")
        if claimed and (
            host_of(asked) in ("", NOWHERE) or (self.base_url and asked.startswith(self.base_url))
        ):
            return claimed
        return host_of(asked) or NOWHERE

    def _entry(self, item: JsonObject, page: TextResponse, host: str, language: str | None) -> Mention | None:
        title, html = text_of(item.get("title")), text_of(item.get("html")) or ""
        title = plain_title(title) if title else None
        text = html_to_text(html) if item.get("is_html") else html
        if not title and not text.strip():
            return None
        link = text_of(item.get("link"))
        native = (id_of(item.get("id")) or link or "").strip() or _digest(title, text)
        known = time_of(item.get("published")) or time_of(item.get("updated"))
        published, updated = known or self.clock.now(), time_of(item.get("updated"))
        own_id, answers = mention_id("feed", native, host), text_of(item.get("answers"))
        parent = mention_id("feed", answers, host) if answers and answers != native else None
        author = text_of(item.get("author"))
        return Mention(
            id=own_id,
            source="feed",
            native_id=native,
            kind=Kind.COMMENT if parent else Kind.ARTICLE,
            url=_web_address(page.url, link),
            thread_id=parent or own_id,
            parent_id=parent,
            author=Author(
                handle=author.strip() if author else None,
                url=_web_address(page.url, text_of(item.get("author_url"))),
            ),
            title=title,
            text=text,
            language=text_of(item.get("language")) or language,
            published_at=published,
            published_known=known is not None,
            edited_at=updated if updated and updated > published else None,
        )


def _threaded(mentions: Mapping[str, Mention]) -> Iterator[Mention]:
    """Yield the entries with the thread that their parents in the same feed belong to, parents first."""
    done: set[str] = set()
    for mention in mentions.values():
        way = [mention]
        while (parent := mentions.get(way[-1].parent_id or "")) and parent not in way:
            way.append(parent)
        thread = way[-1].thread_id
        for step in reversed(way):
            if step.id not in done:
                done.add(step.id)
                yield replace(step, thread_id=thread)


def _digest(title: str | None, text: str) -> str:
    return hashlib.blake2b(f"{title}\x00{text}".encode("utf-8", "replace"), digest_size=16).hexdigest()


def _web_address(base: str, link: str | None) -> str | None:
    """Return a link as an address that a person may open; None for other schemes."""
    if not link:
        return None
    try:
        whole = urljoin(base, link.strip())
    except ValueError:
        return None
    return whole if whole.lower().startswith(("http://", "https://")) else None
