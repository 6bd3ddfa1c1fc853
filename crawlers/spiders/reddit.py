"""Reddit: posts and comments through its API with an app's key, or its Atom feeds without one."""

from __future__ import annotations

import asyncio
import atexit
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from scrapy import Request
from scrapy.http import TextResponse

from core.errors import EarfulError, SourceBlocked, SourceBusy, SourceChanged, SourceGone
from core.mention import Author, Engagement, Kind, Mention, mention_id
from core.source_form import SettingField
from core.watch import SourceSettings, Watch
from crawlers.feed_parser import FeedParser
from crawlers.oauth import ask_for_token, token_of
from crawlers.page import Json, JsonObject, id_of, int_of, list_of, object_of, read_json, text_of, time_of
from crawlers.refusals import refuse_error, refuse_page, unknown
from crawlers.source import Source, names_of
from crawlers.stream import Lookup, Stream
from crawlers.text import html_to_text, one_line, plain_title

EXPECTED = "expected an answer of Reddit: a Listing, a pair of them, `json.data.things`, or an Atom feed"
SITE = "https://www.reddit.com"
#: Items a page: the most that the API and the feeds give.
PAGE = 100
#: Comments that one request brings in the place of stubs.
CHILDREN = 100

_THREAD = "limit=500&sort=old&raw_json=1"
_SUBREDDIT = re.compile(r"\w{2,21}")
_NATIVE = re.compile(r"t[13]_[0-9a-z]+")
_PLACE = re.compile(r"/comments/([0-9a-z]+)(?:/[^/?#]*/([0-9a-z]+))?")
#: What Reddit shows instead of a text that its author, a moderator or Reddit took away.
_NOTICE = re.compile(r"\[\s*(?:deleted|removed)\b.{0,300}\]", re.IGNORECASE | re.DOTALL)
_FEED_NOTICE = re.compile(
    r"\[\s*(?:deleted|removed)\b[^\]]*\](?:\s+submitted by .*)?", re.IGNORECASE | re.DOTALL
)
_GONE = "[deleted]"

_PARSER = FeedParser()
atexit.register(_PARSER.close)


class Reddit(Source):
    """Read Reddit."""

    name = "reddit"
    title = "Reddit"
    summary = "Posts, and with a key the comments below them."
    fields = (
        SettingField(
            name="subreddits",
            label="Communities",
            example="selfhosted",
            noun="subreddit",
            form=r"/?(?:r/)?\w{2,21}",
            hint="Empty for all of Reddit.",
        ),
    )
    about = (
        "Posts that name the product, a rival or an alias, and posts and comments of the setting "
        "`subreddits` that do. With the key of a registered app through the Data API, with the whole thread; "
        "without one through the public Atom feeds, the newest 100 entries without scores and threads, as "
        "far as Reddit and its robots.txt allow. What is deleted on Reddit must be deleted here too. "
        "Commercial use needs a contract with Reddit."
    )
    home = "https://oauth.reddit.com"
    key_fields: ClassVar[Mapping[str, str]] = {
        "client_id": "the Data API: threads, scores, comments, 100 requests a minute; register an app at "
        "reddit.com/prefs/apps, which Reddit must approve first",
        "client_secret": "the other half of `client_id`",
        "user": "your Reddit name, which Reddit wants in the User-Agent",
    }
    reach = "about the newest 1,000 posts of a search or subreddit with a key, 100 without"
    lookups = (
        Lookup(path="/api/info?raw_json=1&id={ids}", at_once=CHILDREN, key="client_id"),
        Lookup(path="/comments/{ids}/.rss", at_once=1, of="^t3_(.+)$", home=SITE),
    )
    recheck_daily: ClassVar[bool] = True
    reads_slowly: ClassVar[bool] = True
    forbidden_means_wait: ClassVar[bool] = True

    def __init__(self, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]  # handed on as they are
        #: The token of the running crawl, or why there is none.
        self._token = ""
        self._fault: EarfulError | None = None
        self._signing_in = asyncio.Lock()

    @classmethod
    def default_settings(cls, product: str) -> SourceSettings | None:
        """Search all of Reddit for every product."""
        del product
        return {}

    def streams(self, watch: Watch, settings: SourceSettings) -> Iterable[Stream]:
        """Return a search for each name, and the posts and comments of each subreddit."""
        self.check_settings(settings)
        if self._fault:
            raise self._fault
        root, form = (self.base, "") if self._token else (self._feeds, ".rss")
        common = {"limit": PAGE, "raw_json": 1}
        for name in names_of(watch.brands):
            words = '"' + name.replace('"', " ") + '"'
            query = urlencode({"q": words, "sort": "new", "type": "link", **common})
            yield Stream(watch=watch, name=words, url=f"{root}/search{form}?{query}")
        for told in self.values(settings, "subreddits"):
            name = told.removeprefix("/").removeprefix("r/")
            for part in ("new", "comments"):
                url = f"{root}/r/{name}/{part}{'/' if form else ''}{form}?{urlencode(common)}"
                yield Stream(watch=watch, name=f"r/{name} {part}", url=url)

    def read(self, page: TextResponse) -> Iterator[Mention]:
        """Yield the posts and comments of a listing, a thread, a resolved stub or a feed."""
        if page.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
            return self._feed(page)
        escaped = parse_qs(urlsplit(page.url).query).get("raw_json") != ["1"]
        things = _things(read_json(page, EXPECTED), "t1", "t3")
        return (found for thing in things if (found := _mention(thing, escaped=escaped)))

    def next_page(self, page: TextResponse, mentions: Sequence[Mention]) -> str | None:
        """Return the page after the last item; a feed has one page."""
        if not mentions or page.body.lstrip()[:1] == b"<":
            return None
        after = text_of(object_of(object_of(read_json(page, EXPECTED)).get("data")).get("after"))
        parts = urlsplit(page.url)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if after is None or query.get("after") == after:
            return None
        return f"{parts.scheme}://{parts.netloc}{parts.path}?{urlencode({**query, 'after': after})}"

    def thread_url(self, mention: Mention, page: TextResponse) -> str | None:
        """Return the thread of a match; feeds are too few a minute for that, and tell no parents."""
        if page.body.lstrip()[:1] == b"<":
            return None
        return f"{self.base}/comments/{mention.thread_id.rpartition('_')[2]}?{_THREAD}"

    def more(self, thread: Sequence[Mention], page: TextResponse) -> Iterator[str]:
        """Yield the addresses of the comments that a thread only numbers, and of its deeper branches."""
        if not thread or page.body.lstrip()[:1] == b"<":
            return
        link = thread[0].thread_id.rpartition(":")[2]
        stubs = [object_of(one.get("data")) for one in _things(read_json(page, EXPECTED), "more")]
        children = [
            child for stub in stubs for item in list_of(stub.get("children")) if (child := id_of(item))
        ]
        for start in range(0, len(children), CHILDREN):
            ids = ",".join(children[start : start + CHILDREN])
            query = {"api_type": "json", "link_id": link, "children": ids, "sort": "old", "raw_json": 1}
            yield f"{self.base}/api/morechildren?{urlencode(query)}"
        for stub in stubs:
            parent = (text_of(stub.get("parent_id")) or "").rpartition("_")[2]
            if parent and not list_of(stub.get("children")):
                yield f"{self.base}/comments/{link[3:]}/_/{parent}?{_THREAD}"

    def headers(self, url: str) -> Mapping[str, str]:
        """Return who we are, in Reddit's form, and the token where the API is asked."""
        user = self.keys.get("user")
        agent = {"User-Agent": f"python:earful:0.1 (by /u/{user})"} if user else {}
        return {**agent, "Authorization": f"Bearer {self._token}"} if self._is_api(url) else agent

    def request(self, url: str, headers: Mapping[str, str]) -> Request:
        """Return the request for an address; the API has its own terms in place of robots.txt."""
        meta = {"dont_obey_robotstxt": True} if self._is_api(url) else {}
        return Request(url, headers=dict(headers), meta=meta)

    async def start(self) -> AsyncIterator[object]:
        """Get a token where there is a key, then read."""
        try:
            if self.keys.get("client_id"):
                await self.renew("")
        except EarfulError as error:
            # `streams` raises it, so that it stands in the source's state.
            self._fault = error
        async for one in super().start():
            yield one

    async def renew(self, refused: str) -> bool:
        """Get a token in place of the one that was `refused`; one answer serves all that wait for it."""
        async with self._signing_in:
            if self._token == refused and self.keys.get("client_id"):
                self._token = ""
                self._token = await self._asked()
            return bool(self._token)

    async def _asked(self) -> str:
        request = ask_for_token(
            f"{self._feeds}/api/v1/access_token",
            self.keys["client_id"],
            self.keys.get("client_secret", ""),
            self.headers(""),
        )
        return token_of(await self.crawler.engine.download_async(request), self.title)

    @property
    def _feeds(self) -> str:
        return self.base_url or SITE

    def _is_api(self, url: str) -> bool:
        return bool(self._token) and url.startswith(f"{self.base}/") and ".rss" not in urlsplit(url).path

    def _feed(self, page: TextResponse) -> Iterator[Mention]:
        refuse_page(page)
        content_type = (page.headers.get("Content-Type") or b"").decode("latin-1")
        found = _PARSER.parse(page.body, url=page.url, content_type=content_type)
        if not found.get("kind"):
            raise SourceChanged(f"no feed; {EXPECTED}")
        return (one for item in list_of(found.get("entries")) if (one := _entry(object_of(item))))


def _roots(data: Json) -> list[Json]:
    if isinstance(data, list) and all(object_of(item).get("kind") == "Listing" for item in data):
        return list(data)
    if not isinstance(data, dict):
        raise unknown(data, EXPECTED)
    if text_of(data.get("kind")) and isinstance(data.get("data"), dict):
        return [data]
    inner = object_of(data.get("json"))
    things = object_of(inner.get("data")).get("things")
    if isinstance(things, list):
        return list(things)
    _refuse(data, inner)
    raise unknown(data, EXPECTED)


def _things(data: Json, *kinds: str) -> Iterator[JsonObject]:
    """Yield the things of these kinds in an answer, parents first, without recursion.

    Raises:
        SourceError: it is an error body; the class says which kind.
    """
    waiting = _roots(data)[::-1]
    while waiting:
        thing = object_of(waiting.pop())
        kind, below = thing.get("kind"), object_of(thing.get("data"))
        if kind in kinds:
            yield thing
        if kind == "t1":
            below = object_of(object_of(below.get("replies")).get("data"))
        if kind in ("Listing", "t1"):
            waiting.extend(reversed(list_of(below.get("children"))))


def _refuse(data: JsonObject, inner: JsonObject) -> None:
    """Return where an object is no error of Reddit.

    Raises:
        SourceError: it is one; the class says which kind.
    """
    code, reason = data.get("error"), text_of(data.get("reason"))
    message = text_of(data.get("message")) or (code if isinstance(code, str) else None)
    said = f"Reddit says {message or code!r}" + (f" ({reason})" if reason else "")
    if code == 404:  # noqa: PLR2004 - Reddit repeats the status in the body
        raise SourceGone(said)
    if code == 429:  # noqa: PLR2004
        raise SourceBusy(said)
    if isinstance(code, int) or message:
        raise SourceBlocked(said)
    for error in list_of(inner.get("errors")):
        refuse_error({"error": " ".join(filter(None, map(text_of, list_of(error))))})


def _mention(thing: JsonObject, *, escaped: bool) -> Mention | None:
    data, is_post = object_of(thing.get("data")), thing.get("kind") == "t3"
    native, published = _fullname(thing, data), time_of(data.get("created_utc"))
    if native is None or published is None:
        return None
    raw, title = text_of(data.get("selftext" if is_post else "body")) or "", text_of(data.get("title"))
    text, title = _plain(raw, escaped=escaped), _plain(title or "", escaped=escaped) if is_post else None
    gone = _is_notice(text) or bool(is_post and (_is_notice(title or "") or data.get("removed_by_category")))
    if not (text or title or gone):
        return None
    link = native if is_post else _link_of(data)
    parent = None if is_post else text_of(data.get("parent_id"))
    edited = data.get("edited")
    return Mention(
        id=mention_id("reddit", native),
        source="reddit",
        native_id=native,
        kind=Kind.POST if is_post else Kind.COMMENT,
        url=_url(data, native, link),
        thread_id=mention_id("reddit", link or native),
        parent_id=mention_id("reddit", parent) if parent else None,
        author=Author()
        if gone
        else _author(text_of(data.get("author")), text_of(data.get("author_fullname"))),
        title=one_line(title) if title else None,
        text=text,
        published_at=published,
        edited_at=None if isinstance(edited, bool) else time_of(edited),
        deleted=gone,
        engagement=Engagement(
            score=int_of(data.get("score")),
            replies=int_of(data.get("num_comments")) if is_post else None,
            views=int_of(data.get("view_count")),
        ),
    )


def _entry(item: JsonObject) -> Mention | None:
    """Return an entry of a feed: its text is what the feed shows, with who submitted it."""
    link, told = text_of(item.get("link")) or "", (text_of(item.get("id")) or "").rpartition("/")[2]
    place, published = _PLACE.search(link), time_of(item.get("published")) or time_of(item.get("updated"))
    if _NATIVE.fullmatch(told):
        native = told
    elif place:
        native = f"t1_{place[2]}" if place[2] else f"t3_{place[1]}"
    else:
        return None
    is_post, text = native.startswith("t3_"), html_to_text(text_of(item.get("html")) or "")
    title = text_of(item.get("title")) if is_post else None
    gone = bool(_FEED_NOTICE.fullmatch(text)) or _is_notice(title or "")
    if published is None or not (text or title):
        return None
    name = text_of(item.get("author"))
    return Mention(
        id=mention_id("reddit", native),
        source="reddit",
        native_id=native,
        kind=Kind.POST if is_post else Kind.COMMENT,
        url=link or None,
        thread_id=mention_id("reddit", native if is_post or not place else f"t3_{place[1]}"),
        author=Author() if gone or not name else replace(_author(name.removeprefix("/u/"), None), name=name),
        title=plain_title(title) if title else None,
        text=text,
        published_at=published,
        deleted=gone,
    )


def _fullname(thing: JsonObject, data: JsonObject) -> str | None:
    name, native = text_of(data.get("name")) or "", id_of(data.get("id"))
    return name if _NATIVE.fullmatch(name) else f"{thing.get('kind')}_{native}" if native else None


def _link_of(data: JsonObject) -> str | None:
    place = _PLACE.search(text_of(data.get("permalink")) or text_of(data.get("context")) or "")
    return text_of(data.get("link_id")) or (f"t3_{place[1]}" if place else None)


def _url(data: JsonObject, native: str, link: str | None) -> str:
    permalink = text_of(data.get("permalink"))
    if permalink:
        return f"{SITE}{permalink}" if permalink.startswith("/") else permalink
    subreddit, number = text_of(data.get("subreddit")), native[3:]
    root = f"{SITE}/r/{subreddit}" if subreddit else SITE
    return (
        f"{root}/comments/{link[3:]}/_/{number}/" if link and link != native else f"{root}/comments/{number}/"
    )


def _plain(text: str, *, escaped: bool) -> str:
    """Return Markdown as it was written: unless asked for `raw_json=1`, Reddit escapes `&`, `<` and `>`."""
    if escaped and "&" in text and not re.search(r"[<>]|&(?!(?:amp|lt|gt);)", text):
        return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return text


def _is_notice(text: str) -> bool:
    return bool(_NOTICE.fullmatch(text.strip()))


def _author(name: str | None, fullname: str | None) -> Author:
    """Return who wrote it; nobody where the account is no more."""
    if name is None or name == _GONE:
        return Author()
    return Author(id=fullname, handle=name, url=f"{SITE}/user/{quote(name)}")
