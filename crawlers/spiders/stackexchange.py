"""Stack Exchange: questions and answers of Stack Overflow and its sister sites, with the comments below."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

from scrapy import Request
from scrapy.http import TextResponse

from core.errors import EarfulError, SourceBlocked, SourceBusy, SourceChanged, SourceGone
from core.mention import Author, Engagement, Kind, Mention, mention_id
from core.source_form import SettingField
from core.watch import SourceSettings, Watch
from crawlers.page import (
    Json,
    JsonObject,
    host_of,
    id_of,
    int_of,
    list_of,
    object_of,
    read_json,
    text_of,
    time_of,
)
from crawlers.refusals import refusal_of, unknown
from crawlers.source import Source, names_of
from crawlers.stream import Lookup, Stream
from crawlers.text import html_to_text, plain_title

EXPECTED = "expected an answer of api.stackexchange.com: an object with `items`, or with `error_id`"
#: Items a page: the most that the API gives.
PAGE = 100
#: The last page that the API shows without a key.
LAST_PAGE = 25
#: Error that means "too fast" (`throttle_violation`).
THROTTLED = 502
#: Read for a product name alone.
DEFAULT_SITES = ("stackoverflow",)

#: Sites whose host is not their name with `.stackexchange.com` behind it.
_HOSTS = {
    "stackoverflow": "stackoverflow.com",
    "serverfault": "serverfault.com",
    "superuser": "superuser.com",
    "askubuntu": "askubuntu.com",
    "stackapps": "stackapps.com",
    "mathoverflow": "mathoverflow.net",
}
_SITE = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")
_WAIT = re.compile(r"available in (\d+) seconds")
_QUESTION = re.compile(r"/(?:questions|q)/(\d+)")
_CODES = {"question": "q", "answer": "a"}


@dataclass(frozen=True, slots=True)
class _Below:
    """What an item hangs below: its question, and what it comments on."""

    site: str
    question: str | None = None
    post: str | None = None


class StackExchange(Source):
    """Read Stack Exchange sites."""

    name = "stackexchange"
    title = "Stack Overflow and Stack Exchange"
    summary = "Questions, answers and comments."
    fields = (
        SettingField(
            name="sites",
            label="Sites",
            example="stackoverflow",
            noun="site's name",
            form=_SITE.pattern,
            default=DEFAULT_SITES,
        ),
    )
    about = (
        "Questions and answers that name the product, a rival or an alias on the sites of the setting "
        "`sites` (Stack Overflow where there is none), with the question's other answers and the comments. "
        "Texts are CC BY-SA: show the site, the author's name and links to both. 300 requests a day and "
        "address without a key, so an hourly schedule suits."
    )
    home = "https://api.stackexchange.com"
    key_fields: ClassVar[Mapping[str, str]] = {
        "key": "10,000 requests a day instead of 300; register an app at stackapps.com/apps/oauth/register"
    }
    reach = "everything that the sites' search finds"
    lookups = tuple(
        Lookup(
            path=f"/2.3/{kind}s/{{ids}}?site={{host}}&pagesize={PAGE}&filter=withbody",
            at_once=PAGE,
            between=";",
            of=rf"^{kind}/(\d+)$",
            per_server=True,
        )
        for kind in ("question", "answer", "comment")
    )

    @classmethod
    def default_settings(cls, product: str) -> SourceSettings | None:
        """Search Stack Overflow for every product."""
        del product
        return {"sites": list(DEFAULT_SITES)}

    def streams(self, watch: Watch, settings: SourceSettings) -> Iterable[Stream]:
        """Return a search for each name on each site, over questions and answers."""
        self.check_settings(settings)
        for site in dict.fromkeys(one.lower() for one in self.values(settings, "sites")):
            for name in names_of(watch.brands):
                query = {"q": f'"{name}"', "site": site, "sort": "creation", "order": "desc"}
                address = urlencode({**query, "pagesize": PAGE, "page": 1})
                url = f"{self.base}/2.3/search/excerpts?{address}"
                yield Stream(watch=watch, name=f'"{name}"@{site}', url=url)

    def read(self, page: TextResponse) -> Iterator[Mention]:
        """Yield questions, answers and comments, what is answered first; excerpts of a search."""
        items, site = _items(page, self.clock.now())
        return _unfold(items, _Below(site))

    def next_page(self, page: TextResponse, mentions: Sequence[Mention]) -> str | None:
        """Return the next page, or past the last one the window below the oldest item."""
        data = object_of(read_json(page, EXPECTED))
        if data.get("has_more") is not True or not mentions:
            return None
        parts = urlsplit(page.url)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        number = int(query["page"]) if query.get("page", "").isdecimal() else 1
        query["page"] = str(number + 1)
        if number >= LAST_PAGE:
            oldest = int(min(mention.published_at for mention in mentions).timestamp())
            query.update(page="1", todate=str(oldest))
        return f"{parts.scheme}://{parts.netloc}{parts.path}?{urlencode(query)}"

    def thread_url(self, mention: Mention, page: TextResponse) -> str | None:
        """Return the answers to the question that a match is or belongs to."""
        question = mention.thread_id.rpartition(":question/")[2]
        return self._posts(page, f"questions/{question}/answers") if question.isdecimal() else None

    def above(self, thread: Sequence[Mention], page: TextResponse) -> str | None:
        """Return the question that a list of answers belongs to."""
        del thread
        asked = re.search(r"/questions/(\d+)/answers$", urlsplit(page.url).path)
        return self._posts(page, f"questions/{asked[1]}") if asked else None

    def read_thread(self, page: TextResponse, start: Mention) -> list[Mention]:
        """Return an answer's items, with `start` where they leave it out."""
        found = list(self.read(page))
        return found if found or start.author.handle is None else [start]

    def more(self, thread: Sequence[Mention], page: TextResponse) -> Iterator[str]:
        """Yield where the comments on a question or on its answers are."""
        if urlsplit(page.url).path.endswith("/comments"):
            return
        posts = [
            mention.native_id.rpartition("/")[2] for mention in thread if mention.kind is not Kind.COMMENT
        ]
        if posts:
            yield self._posts(page, f"posts/{';'.join(posts[:PAGE])}/comments")

    def is_placed(self, mention: Mention) -> bool:
        """Tell whether it is more than an excerpt, which comes without its author."""
        return mention.author.handle is not None

    def request(self, url: str, headers: Mapping[str, str]) -> Request:
        """Return a request with the key in its address, which is kept out of cursors and logs."""
        key = self.keys.get("key")
        return Request(f"{url}&{urlencode({'key': key})}" if key else url, headers=dict(headers))

    def busy_until(self, page: TextResponse, now: datetime) -> datetime | None:
        """Return when the next request is wanted: after `backoff`, or tomorrow where today is used up."""
        data = object_of(read_json(page, EXPECTED))
        backoff, left = data.get("backoff"), int_of(data.get("quota_remaining"))
        if left is not None and left <= 0:
            return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        if isinstance(backoff, int | float) and not isinstance(backoff, bool) and backoff > 0:
            return now + timedelta(seconds=min(float(backoff), 86_400.0))
        return None

    def refused(self, page: TextResponse, now: datetime) -> EarfulError | None:
        """Return what a refusal means: the API says everything with 400 and tells why in the body."""
        return refusal_of(lambda: _items(page, now))

    def _posts(self, page: TextResponse, path: str) -> str:
        site = parse_qs(urlsplit(page.url).query).get("site", [DEFAULT_SITES[0]])[-1]
        query = {"site": site, "sort": "creation", "order": "asc", "pagesize": PAGE, "filter": "withbody"}
        return f"{self.base}/2.3/{path}?{urlencode(query)}"


def _items(page: TextResponse, now: datetime) -> tuple[list[JsonObject], str]:
    """Return the items of an answer and the host of their site.

    Raises:
        SourceError: it is an error body; the class says which kind.
    """
    data = read_json(page, EXPECTED)
    if not isinstance(data, dict):
        raise unknown(data, EXPECTED)
    if "error_id" in data or "error_name" in data:
        _refuse(data, now)
    if not isinstance(data.get("items"), list):
        raise unknown(data, EXPECTED)
    items = [object_of(item) for item in list_of(data["items"])]
    if items and not any(_kind(item) for item in items):
        raise SourceChanged(f"items with {', '.join(sorted(items[0])[:8])}; {EXPECTED}")
    return items, _host(page, items)


def _refuse(data: JsonObject, now: datetime) -> None:
    name = text_of(data.get("error_name")) or str(data.get("error_id"))
    message = text_of(data.get("error_message")) or ""
    said = f"the API says {name}: {message[:200]!r}"
    if data.get("error_id") == THROTTLED or name == "throttle_violation":
        wait = _WAIT.search(message)
        raise SourceBusy(said, until=now + timedelta(seconds=min(int(wait[1]), 86_400)) if wait else None)
    if name == "no_method":
        raise SourceGone(said)
    raise SourceBlocked(said)


def _host(page: TextResponse, items: Sequence[JsonObject]) -> str:
    """Return the host of the site that was asked; where the address does not tell, the items' links do."""
    site = parse_qs(urlsplit(page.url).query).get("site", [""])[-1].lower()
    if site:
        return _HOSTS.get(site) or (site if re.search(r"\.(?:com|net)$", site) else _sister(site))
    for item in items:
        for told in (item.get("link"), item.get("share_link"), object_of(item.get("owner")).get("link")):
            if host := host_of(text_of(told) or ""):
                return host
    return _HOSTS[DEFAULT_SITES[0]]


def _sister(site: str) -> str:
    """Return the host of a site such as `dba`, `es.stackoverflow` or `meta.serverfault`."""
    *before, last = site.split(".")
    return ".".join((*before, _HOSTS[last])) if last in _HOSTS else f"{site}.stackexchange.com"


def _kind(item: JsonObject) -> str | None:
    """Return what an item is; an answer has its question's id too, a comment neither."""
    told = text_of(item.get("item_type"))
    if told in _CODES:
        return told
    for kind in ("comment", "answer", "question"):
        if id_of(item.get(f"{kind}_id")):
            return kind
    told, native = text_of(item.get("post_type")), id_of(item.get("post_id"))
    return told if told in _CODES and native else None


def _unfold(items: Iterable[Json], below: _Below) -> Iterator[Mention]:
    """Yield items and what is nested in them: comments, answers, and the comments on these."""
    for value in items:
        item = object_of(value)
        kind = _kind(item)
        if kind is None:
            continue
        native = id_of(item.get(f"{kind}_id")) or id_of(item.get("post_id")) or ""
        question = native if kind == "question" else id_of(item.get("question_id")) or below.question
        mention = _item(item, kind, native, _Below(below.site, question, below.post))
        if mention:
            yield mention
        inner = _Below(below.site, question, f"{kind}/{native}")
        # A comment has nothing below it, an answer no answers: what claims otherwise could nest without end.
        if kind != "comment":
            yield from _unfold(list_of(item.get("comments")), inner)
        if kind == "question":
            yield from _unfold(list_of(item.get("answers")), inner)


def _item(item: JsonObject, kind: str, native: str, below: _Below) -> Mention | None:
    published = time_of(item.get("creation_date"))
    if published is None:
        return None
    parent, question = _place(item, kind, below)
    title = text_of(item.get("title")) if kind == "question" else None
    text = _text(item)
    if not text and not title:
        # An answer without a filter carries no text at all; the crawler always asks for it.
        title = f"({kind})"
    own_id, edited = f"{kind}/{native}", time_of(item.get("last_edit_date"))
    return Mention(
        id=mention_id("stackexchange", own_id, below.site),
        source="stackexchange",
        native_id=own_id,
        kind=Kind(kind),
        url=_url(item, kind, native, below, parent),
        thread_id=mention_id(
            "stackexchange", f"question/{question}" if question else parent or own_id, below.site
        ),
        parent_id=mention_id("stackexchange", parent, below.site) if parent else None,
        author=_author(object_of(item.get("owner"))),
        title=plain_title(title) if title else None,
        text=text,
        published_at=published,
        edited_at=edited if edited and edited > published else None,
        engagement=Engagement(
            score=int_of(item.get("score")),
            replies=int_of(item.get("answer_count")),
            views=int_of(item.get("view_count")),
        ),
    )


def _place(item: JsonObject, kind: str, below: _Below) -> tuple[str | None, str | None]:
    """Return what an item answers or comments on, and its question's id."""
    question = below.question
    if kind == "question":
        return None, question
    if kind == "answer":
        return (f"question/{question}" if question else None), question
    post, told = id_of(item.get("post_id")), text_of(item.get("post_type"))
    if told in _CODES and post:
        parent: str | None = f"{told}/{post}"
    else:
        parent = below.post
    if question is None and told == "question":
        question = post
    if question is None:
        link = _QUESTION.search(text_of(item.get("link")) or "")
        question = link[1] if link else None
    if parent is None and post:
        parent = f"question/{post}" if post == question else f"answer/{post}"
    return parent, question


def _url(item: JsonObject, kind: str, native: str, below: _Below, parent: str | None) -> str:
    link = text_of(item.get("link")) or text_of(item.get("share_link")) or ""
    if host_of(link):
        return html.unescape(link)
    if kind != "comment":
        return f"https://{below.site}/{_CODES[kind]}/{native}"
    above, _, post = (parent or "").partition("/")
    code = _CODES.get(above)
    anchor = f"#comment{native}_{post}"
    return (
        f"https://{below.site}/{code}/{post}{anchor}"
        if code
        else f"https://{below.site}/posts/comments/{native}"
    )


def _text(item: JsonObject) -> str:
    """Return what an item says; an excerpt of a search is all that some answers tell."""
    body = text_of(item.get("body"))
    if body is None and (written := text_of(item.get("body_markdown"))):
        return html.unescape(written)
    body = body or text_of(item.get("excerpt")) or ""
    return html_to_text(body) if "<" in body else html.unescape(body)


def _author(owner: JsonObject) -> Author:
    name, link = text_of(owner.get("display_name")), text_of(owner.get("link"))
    return Author(
        id=id_of(owner.get("user_id")),
        handle=html.unescape(name) if name else None,
        name=html.unescape(name) if name else None,
        url=link if host_of(link or "") else None,
    )
