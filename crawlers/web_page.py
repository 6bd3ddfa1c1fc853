"""One web page: its characters, what its head says, and its main text."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from scrapy.http import TextResponse
from selectolax.lexbor import LexborHTMLParser
from w3lib.encoding import http_content_type_encoding, read_bom, resolve_encoding

from crawlers.dates import date_of
from crawlers.text import html_to_text, plain_title

#: Most bytes of a page that are looked at: the longest articles need a tenth of it.
MAX_BYTES = 4 * 1024 * 1024
#: How far into a page its encoding may be declared, in bytes.
_DECLARED_WITHIN = 16_384
#: Share of characters that may be broken before UTF-8 is no good guess, and where the page itself says so.
_BROKEN, _BADLY_BROKEN = 0.001, 0.02

_CHARSET = re.compile(
    rb"""<(?:meta|\?xml)[^>]{0,300}?(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE
)
_TRACKING = re.compile(
    r"(?:utm_\w+|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|igshid|igsh|mc_cid|mc_eid|_ga|_gl"
    r"|_hsenc|_hsmi|__hs\w+|hsCtaTracking|mkt_tok|vero_id|wickedid|oly_\w+|rb_clickid|s_cid|spm|li_fat_id|ref_src"
    r"|at_(?:medium|campaign|custom\d)|cmpid|ncid|trk|trkCampaign|guccounter|guce_\w+|share_id|xtor|wt_mc|ito)",
    re.IGNORECASE,
)
_PUBLISHED = (
    "article:published_time",
    "og:article:published_time",
    "og:published_time",
    "datepublished",
    "article:published",
    "article.published",
    "parsely-pub-date",
    "sailthru.date",
    "dc.date.issued",
    "dcterms.issued",
    "dcterms.created",
    "dc.date.created",
    "dc.date",
    "dcterms.date",
    "citation_publication_date",
    "citation_online_date",
    "publication_date",
    "publishdate",
    "publish-date",
    "publish_date",
    "published_time",
    "published-date",
    "pubdate",
    "rnews:datepublished",
    "cxenseparse:recs:publishtime",
    "date",
    "datecreated",
)
_MODIFIED = (
    "article:modified_time",
    "og:updated_time",
    "datemodified",
    "dc.date.modified",
    "dcterms.modified",
)
_AUTHOR = (
    "author",
    "article:author",
    "parsely-author",
    "sailthru.author",
    "dc.creator",
    "dcterms.creator",
    "byl",
)
#: What some systems fill in where nobody is named.
_NOBODY = frozenset(("no author", "unknown", "author", "none", "n/a", "admin", "administrator", "editor"))
_TIMES = ("time[pubdate]", "[itemprop~=datePublished]", "article time", "main time", "header time")
_ROBOTS = re.compile(r"(?:^|[\s,:])(?:noindex|none)(?:$|[\s,])", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class WebPage:
    """A page taken apart once."""

    markup: str
    tree: LexborHTMLParser
    #: Where it was fetched.
    url: str
    meta: dict[str, list[str]]

    @classmethod
    def of(cls, page: TextResponse) -> WebPage:
        """Take a page apart."""
        markup = decoded(page)
        tree = LexborHTMLParser(markup)
        return cls(markup=markup, tree=tree, url=page.url, meta=_meta(tree))

    def told(self, *names: str) -> Iterator[str]:
        """Yield what the head says under those names."""
        for name in names:
            yield from self.meta.get(name, ())

    @property
    def canonical(self) -> str | None:
        """The page's own address: as it says itself, else where it was fetched."""
        links = [node.attributes.get("href") for node in self.tree.css("link[rel~=canonical]")]
        for told in (*links, *self.told("og:url")):
            if (url := address(told, self.url)) and not _is_front(url, self.url):
                return url
        return address(self.url, self.url)

    @property
    def title(self) -> str:
        """The page's title without the site's name behind it."""
        heads = [node.text() for node in self.tree.css("title")[:1]]
        told = next(filter(None, map(plain_title, (*self.told("og:title"), *heads, *self.headings[:1]))), "")
        sites = [plain_title(site) for site in self.told("og:site_name", "application-name")]
        for site in filter(None, sites):
            told = re.sub(rf"\s*[|–—·•:-]\s*{re.escape(site)}\s*$", "", told, flags=re.IGNORECASE) or told
        return told

    @property
    def headings(self) -> tuple[str, ...]:
        """The text of the first headings."""
        return tuple(plain_title(node.text()) for node in self.tree.css("h1")[:2])

    @property
    def language(self) -> str | None:
        """The page's language."""
        node = self.tree.css_first("html")
        return (node.attributes.get("lang") or None) if node else None

    @property
    def published(self) -> datetime | None:
        """When the head, or a `<time>` of the article, says that it was published."""
        for told in self.told(*_PUBLISHED):
            if moment := date_of(told):
                return moment
        for way in _TIMES:
            for node in self.tree.css(way)[:3]:
                attributes = node.attributes
                if moment := date_of(attributes.get("datetime") or attributes.get("content") or ""):
                    return moment
        moments = {node.attributes.get("datetime") for node in self.tree.css("time[datetime]")}
        return date_of(moments.pop()) if len(moments) == 1 else None

    @property
    def modified(self) -> datetime | None:
        """When the head says that it was changed."""
        return next(filter(None, map(date_of, self.told(*_MODIFIED))), None)

    @property
    def author(self) -> str | None:
        """Who the head says wrote it."""
        marked = [
            node.text() for node in self.tree.css("[itemprop~=author] [itemprop~=name], a[rel~=author]")[:1]
        ]
        for told in map(plain_title, (*self.told(*_AUTHOR), *marked)):
            name = re.sub(r"^by\s+", "", told, flags=re.IGNORECASE)
            if name and name.lower() not in _NOBODY and not name.startswith(("http", "www.")):
                return name
        return None

    @property
    def is_described(self) -> bool:
        """Whether the head calls it an article."""
        kinds = {kind.lower() for kind in self.told("og:type")}
        return bool("article" in kinds or any(self.told("article:published_time", "datepublished")))

    def is_unlisted(self, header: str) -> bool:
        """Tell whether it asks not to be indexed, in its head or in the header `X-Robots-Tag`."""
        return any(_ROBOTS.search(told) for told in (*self.told("robots", "earful"), header))

    def text(self) -> str:
        """Return the main text: what is left without navigation, comments, and other articles' teasers."""
        import trafilatura  # noqa: PLC0415 - costs 0.7 s, which reading an API need not pay

        try:
            found = trafilatura.bare_extraction(
                _without_declaration(self.markup), include_comments=False, with_metadata=False
            )
        except (RecursionError, ValueError, AttributeError, TypeError):
            found = None
        return str(found.text or "").strip() if found is not None else ""

    def shown(self) -> str:
        """Return all text that the page shows."""
        return html_to_text(self.markup)


def decoded(page: TextResponse) -> str:
    """Return a page's characters.

    Bytes that are UTF-8 in every place are UTF-8, whatever is declared; then the header counts, then the
    page's own word, then a guess.
    """
    body: bytes = page.body[:MAX_BYTES]
    marked, bom = read_bom(body)
    if marked and bom:
        return body[len(bom) :].decode(str(marked), "replace")
    told = http_content_type_encoding((page.headers.get("Content-Type") or b"").decode("latin-1"))
    found = _CHARSET.search(body[:_DECLARED_WITHIN])
    named = told or (found[1].decode("ascii", "replace") if found else "")
    declared: str = resolve_encoding(named) or ""
    utf8 = codecs.getincrementaldecoder("utf-8")("replace").decode(body)
    broken = utf8.count("\ufffd") / max(1, len(utf8))
    if broken == 0 and not declared.startswith(("iso2022", "utf-16", "utf-7", "hz")):
        return utf8
    if declared and declared != "utf-8":
        return body.decode(declared, "replace")
    return utf8 if broken < (_BADLY_BROKEN if declared else _BROKEN) else _guessed(body)


def _guessed(body: bytes) -> str:
    from trafilatura.utils import decode_file  # noqa: PLC0415 - see `WebPage.text`

    text = decode_file(body)
    return text if isinstance(text, str) else body.decode("cp1252", "replace")


def _without_declaration(markup: str) -> str:
    """Return markup without an XML declaration: lxml refuses characters that claim to be bytes."""
    return re.sub(r"^\s*<\?xml[^>]*\?>", "", markup, count=1)


def _meta(tree: LexborHTMLParser) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for node in tree.css("meta"):
        attributes = node.attributes
        content = (attributes.get("content") or "").strip()
        for kind in ("name", "property", "itemprop"):
            name = (attributes.get(kind) or "").strip().lower()
            if name and content:
                found.setdefault(name, []).append(content)
    return found


def address(told: str | None, base: str, *, fragment: bool = False) -> str | None:
    """Return a link as a whole address without tracking parameters; None for what is no web address."""
    try:
        parts = urlsplit(urljoin(base, (told or "").strip()))
        port = parts.port
    except ValueError:
        return None
    if not told or parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    host = parts.hostname + (f":{port}" if port and port != {"http": 80, "https": 443}[parts.scheme] else "")
    pairs = [pair for pair in parts.query.split("&") if not _TRACKING.fullmatch(pair.partition("=")[0])]
    query = "&".join(filter(None, pairs))
    tail = f"#{parts.fragment}" if fragment and parts.fragment else ""
    return f"{parts.scheme}://{host}{parts.path or '/'}{f'?{query}' if query else ''}{tail}"


def _is_front(url: str, asked: str) -> bool:
    """Tell whether a canonical link names the site's front page for a page that is not it: a common fault."""
    deep = urlsplit(asked)
    return urlsplit(url).path in ("", "/") and not urlsplit(url).query and deep.path not in ("", "/")


def digest(parts: Sequence[str | None]) -> str:
    """Return a short name for something without one."""
    return hashlib.blake2b(
        "\x00".join(part or "" for part in parts).encode("utf-8", "replace"), digest_size=8
    ).hexdigest()
