"""Web pages by their addresses, or by a site's own list of them."""

from __future__ import annotations

import codecs
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar
from urllib.parse import urljoin

from lxml import etree
from scrapy import Request
from scrapy.http import Response, TextResponse

from core.errors import EarfulError, InputError, SourceBlocked, SourceChanged
from core.mention import Author, Engagement, Kind, Mention, mention_id
from core.source_form import SettingField
from core.watch import SourceSettings, Watch
from crawlers import json_ld
from crawlers.dates import date_of
from crawlers.freshness import Recheck, by_address
from crawlers.page import JsonObject, check_status, host_of, read_json
from crawlers.recorded import NOWHERE, unpacked
from crawlers.refusals import unknown
from crawlers.source import Source
from crawlers.stream import Stream, from_cursor
from crawlers.walls import Shown, wall_in
from crawlers.web_page import WebPage, address, digest
from crawlers.xml_tree import child_text, name_of, read_xml

EXPECTED = "expected a web page in HTML, or a sitemap"
#: Pages of one sitemap read in one crawl, the newest first; the next crawl reads others.
MAX_LISTED = 100
#: Sitemaps read of one index, the newest first.
MAX_SITEMAPS = 5
#: Most bytes of an unpacked sitemap.
MAX_SITEMAP = 16 * 1024 * 1024
#: Most nested answers and comments taken from one page.
MAX_BELOW = 1_000


@dataclass(frozen=True, slots=True)
class _Listed:
    """A page that a sitemap lists."""

    url: str
    changed: datetime | None


class Web(Source):
    """Read web pages."""

    name = "web"
    title = "Web pages"
    summary = "Articles, discussions and reviews on pages that you name."
    fields = (
        SettingField(name="pages", label="Pages", example="https://blog.example/news", noun="address"),
        SettingField(
            name="sitemaps", label="Sitemaps", example="https://blog.example/sitemap.xml", noun="address"
        ),
    )
    about = (
        "Pages that name the product or a rival, by their addresses in `pages` or through the `sitemaps` of "
        "their sites: the article, or each post, answer and review where a page tells of these by JSON-LD. "
        "Obeys robots.txt and noindex; a page under a log-in, a consent form or a robot check is not read."
    )
    reach = "what is there at the time of reading"
    reads_slowly: ClassVar[bool] = True

    def __init__(self, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]  # handed on as they are
        #: Sitemap → its pages, filled before the streams are asked for.
        self._listed: dict[str, list[_Listed]] = {}

    @classmethod
    def check_settings(cls, settings: SourceSettings) -> None:
        """Return where the settings name pages or sitemaps.

        Raises:
            InputError: they name neither.
        """
        if not cls.values(settings, "pages") and not cls.values(settings, "sitemaps"):
            raise InputError(
                "web needs `pages` or `sitemaps`, lists of addresses such as https://acme.example/"
            )

    async def start(self) -> AsyncIterator[object]:
        """Read the sitemaps first, then the pages."""
        for job in self.crawl.jobs if self.crawl else ():
            # `streams` meets a setting that is none again, where it stands in the source's state.
            with contextlib.suppress(InputError):
                for sitemap in self._addresses(job.settings, "sitemaps"):
                    if sitemap not in self._listed:
                        await self._read_sitemap(sitemap)
        async for one in super().start():
            yield one

    def streams(self, watch: Watch, settings: SourceSettings) -> Iterable[Stream]:
        """Return each page; of a sitemap those that changed since they were read, and always its newest."""
        self.check_settings(settings)
        urls = dict.fromkeys(self._addresses(settings, "pages"))
        for sitemap in self._addresses(settings, "sitemaps"):
            # A sitemap that could not be read is a stream itself, so that its fault is told.
            listed = self._listed.get(sitemap) or [_Listed(sitemap, None)]
            due = [one for one in listed[1:] if self._is_due(watch, one)]
            urls.update(dict.fromkeys(one.url for one in (*listed[:1], *due[: MAX_LISTED - 1])))
        for url in urls:
            yield Stream(watch=watch, name=url, url=url, conditional=True)

    def read(self, page: TextResponse) -> Iterator[Mention]:
        """Yield what a page says; nothing for a sitemap, and for a page that asks not to be indexed.

        Raises:
            SourceBlocked: something else stands before the page.
        """
        top = page.body[:1_000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        is_wide = page.body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        if top[:1] in (b"{", b"["):
            raise unknown(read_json(page, EXPECTED), EXPECTED)
        if not top or (b"\x00" in top and not is_wide):
            raise SourceChanged(f"no page; {EXPECTED}")
        if b"<urlset" in top or b"<sitemapindex" in top:
            return iter(())
        if top.startswith((b"<rss", b"<feed", b"<rdf", b"<?xml")) and b"<html" not in top:
            raise SourceChanged(f"XML, perhaps a feed, which the source `feed` reads; {EXPECTED}")
        found = WebPage.of(page)
        if found.is_unlisted((page.headers.get("X-Robots-Tag") or b"").decode("latin-1")):
            return iter(())
        return iter(_Reader(found, self.clock.now()).mentions())

    def recheck(self, mentions: Sequence[Mention]) -> Iterator[Recheck]:
        """Yield a look at each page: its text as it is now; gone with the page."""
        return by_address(self, mentions)

    def _addresses(self, settings: SourceSettings, name: str) -> list[str]:
        """Return the addresses of a setting; those that are none stand below `--base-url`."""
        urls: list[str] = []
        for told in self.values(settings, name):
            url = address(urljoin(f"{self.base_url}/", told) if self.base_url else told, "")
            if url is None:
                raise InputError(f"{told!r} is no address; write it with https://")
            urls.append(url)
        return list(dict.fromkeys(urls))

    def _is_due(self, watch: Watch, listed: _Listed) -> bool:
        """Tell whether a page changed since it was read, as far as its sitemap tells."""
        cursor = self.crawl.store.cursor(watch.id, self.name, listed.url) if self.crawl else None
        read_at = from_cursor(cursor).validators.at
        return read_at is None or listed.changed is None or listed.changed > read_at

    async def _read_sitemap(self, url: str) -> None:
        """Note the pages of a sitemap, or of the newest sitemaps of an index."""
        pages: list[_Listed] = []
        try:
            kind, listed = _sitemap(await self._fetch(url))
            for one in listed[:MAX_SITEMAPS] if kind == "sitemapindex" else ():
                if host_of(one.url) == host_of(url):
                    pages += _sitemap(await self._fetch(one.url))[1]
            pages = pages if kind == "sitemapindex" else listed
        except EarfulError:
            # The stream of the sitemap itself meets the same fault and tells of it.
            pages = []
        # Only the site itself may list its pages (sitemaps.org, "location").
        self._listed[url] = _newest_first(one for one in pages if host_of(one.url) == host_of(url))

    async def _fetch(self, url: str) -> Response:
        request = Request(url, meta={"asked": url}, dont_filter=True)
        response: Response = await self.crawler.engine.download_async(request)
        check_status(response)
        return response


class _Reader:
    """Makes mentions of one page."""

    def __init__(self, page: WebPage, now: datetime) -> None:
        self.page = page
        self.now = now
        self.nodes = json_ld.nodes_of(page.tree)
        at = page.canonical
        self.url = at if at and not at.startswith(NOWHERE) else None

    def mentions(self) -> list[Mention]:
        """Return the page's posts and answers, its reviews, or the one article that it is.

        Raises:
            SourceBlocked: something else stands before the page, or there is no text.
        """
        talks = [node for node in self.nodes if json_ld.types_of(node) & (json_ld.FORUM | {"Question"})]
        article, text = self._article(), self.page.text()
        self._refuse_wall(text, described=bool(talks or article))
        found = [mention for node in talks for mention in self._talk(node, text, is_only=len(talks) == 1)]
        if not found:
            found, is_page = ([], False) if article else self._reviews()
            if not is_page and (text or not found):
                found = [self._whole(article or {}, text), *found]
        return list({mention.id: mention for mention in found}.values())

    def _reviews(self) -> tuple[list[Mention], bool]:
        """Return the reviews that the page carries; or the one that it is, and that it is one."""
        own = [node for node in self.nodes if json_ld.types_of(node) & json_ld.REVIEW]
        carried = [one for node in self.nodes for one in json_ld.reviews_of(node)]
        is_page = len(own) == 1 and not carried
        read = (self._node(node, Kind.REVIEW, None, None, is_page=is_page) for node in (*own, *carried))
        found = list(itertools.islice(filter(None, read), MAX_BELOW))
        return found, is_page and bool(found)

    def _refuse_wall(self, text: str, *, described: bool) -> None:
        heads = [node.text() for node in self.page.tree.css("title")[:1]]
        shown = Shown(
            titles=(*heads, *self.page.told("og:title"), *self.page.headings),
            text=text or self.page.shown(),
            markup=self.page.markup,
            url=self.page.url,
            described=described or self.page.is_described,
        )
        if reason := wall_in(shown):
            raise SourceBlocked(f"not the page that was asked for, but {reason}")

    def _article(self) -> JsonObject | None:
        """Return the node that tells of this page; other articles may be listed beside it."""
        nodes = [node for node in self.nodes if json_ld.is_article(node)]
        for node in nodes:
            at = address(json_ld.address_of(node), self.page.url)
            if at and at == self.url:
                return node
        titles = {title.casefold() for title in (self.page.title, *self.page.headings)}
        named = [node for node in nodes if json_ld.title_of(node).casefold() in titles]
        return (named or nodes)[0] if named or len(nodes) == 1 else None

    def _whole(self, node: JsonObject, text: str) -> Mention:
        """Return the page as one article."""
        text = text or json_ld.words(node, "articleBody", "text")
        title = json_ld.title_of(node) or self.page.title
        if not text:
            raise SourceBlocked("no text: the page needs scripts, or shows nothing without a sign-in")
        name, url = json_ld.author_of(node)
        native = self.url or f"page:{digest((title, text))}"
        known = json_ld.published_of(node) or self.page.published
        edited = json_ld.edited_of(node) or self.page.modified
        return self._mention(
            native,
            kind=Kind.ARTICLE,
            title=title,
            text=text,
            author=Author(
                handle=name or self.page.author, name=name or self.page.author, url=self._link(url)
            ),
            known=known,
            edited=edited,
            rating=json_ld.rating_of(node) if json_ld.types_of(node) & json_ld.REVIEW else None,
        )

    def _talk(self, node: JsonObject, text: str, *, is_only: bool) -> Iterator[Mention]:
        """Yield a post or question and all below it, parents first; `text` is what the page shows."""
        is_question = "Question" in json_ld.types_of(node)
        if is_question and not (json_ld.comments_of(node) or json_ld.words(node, "text")):
            return
        top = self._node(node, Kind.QUESTION if is_question else Kind.POST, None, None, is_page=is_only)
        if top is None:
            return
        if is_only and (not top.text or top.text.endswith(("...", "…"))) and len(text) > len(top.text):
            # Only a beginning stands in the metadata.
            top = replace(top, text=text)
        yield top
        waiting = [(one, top) for one in reversed(json_ld.comments_of(node))]
        for _ in range(MAX_BELOW):
            if not waiting:
                return
            one, above = waiting.pop()
            kind = Kind.ANSWER if "Answer" in json_ld.types_of(one) else Kind.COMMENT
            if (below := self._node(one, kind, above, top)) is not None:
                yield below
                waiting.extend((deeper, below) for deeper in reversed(json_ld.comments_of(one)))

    def _node(
        self,
        node: JsonObject,
        kind: Kind,
        above: Mention | None,
        top: Mention | None,
        *,
        is_page: bool = False,
    ) -> Mention | None:
        """Return what one node says; None where it says nothing."""
        title = json_ld.title_of(node) if top is None else ""
        text = json_ld.words(node, "text", "articleBody", "reviewBody", "description")
        if not title and not text:
            return None
        name, url = json_ld.author_of(node)
        known = json_ld.published_of(node)
        own = address(json_ld.address_of(node), self.page.url, fragment=True)
        at = self.url or ""
        if is_page:
            own = self.url or own
        elif own is None or own == at:
            own = f"{at or 'page:'}#{digest((name, str(known), text[:200], title))}"
        mention = self._mention(
            own or f"page:{digest((name, title, text))}",
            kind=kind,
            title=title,
            text=text,
            author=Author(handle=name, name=name, url=self._link(url)),
            known=known,
            edited=json_ld.edited_of(node),
            rating=json_ld.rating_of(node) if kind is Kind.REVIEW else None,
            engagement=Engagement(
                score=json_ld.number_of(node, "upvoteCount"),
                replies=json_ld.number_of(node, "answerCount", "commentCount"),
            ),
        )
        if above is None or top is None:
            return mention
        return replace(mention, thread_id=top.id, parent_id=above.id)

    def _mention(
        self,
        native: str,
        *,
        kind: Kind,
        title: str,
        text: str,
        author: Author,
        known: datetime | None,
        edited: datetime | None,
        rating: int | None,
        engagement: Engagement | None = None,
    ) -> Mention:
        published, own_id = known or self.now, mention_id("web", native)
        return Mention(
            id=own_id,
            source="web",
            native_id=native,
            kind=kind,
            url=native if native.startswith("http") else self.url,
            thread_id=own_id,
            author=author,
            title=title or None,
            text=text,
            language=self.page.language,
            published_at=published,
            published_known=known is not None,
            edited_at=edited if edited and known and edited > known else None,
            engagement=engagement or Engagement(),
            rating=rating,
        )

    def _link(self, url: str | None) -> str | None:
        return address(url, self.page.url, fragment=True)


def _sitemap(response: Response) -> tuple[str, list[_Listed]]:
    """Return a sitemap's kind and what it lists, the newest first.

    Raises:
        SourceChanged: it is none.
    """
    root = read_xml(unpacked(response.body), EXPECTED)
    kind = name_of(root)
    if kind not in ("urlset", "sitemapindex"):
        raise SourceChanged(f"XML that begins with {kind!r}; {EXPECTED}")
    return kind, _newest_first(one for entry in root if (one := _entry(entry)))


def _entry(entry: etree._Element) -> _Listed | None:
    url = address(child_text(entry, "loc"), "")
    return _Listed(url, date_of(child_text(entry, "lastmod"))) if url else None


def _newest_first(listed: Iterable[_Listed]) -> list[_Listed]:
    """Return each page once; those without a date stand last, in their order."""
    once = {one.url: one for one in listed}.values()
    return sorted(once, key=lambda one: -one.changed.timestamp() if one.changed else 0.0)
