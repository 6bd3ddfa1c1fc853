"""Bluesky through its public AppView, or with an app password through the account's own server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from scrapy import Request
from scrapy.http import TextResponse

from core.errors import EarfulError, SourceBlocked, SourceGone
from core.mention import Author, Engagement, Kind, Mention, mention_id
from core.watch import SourceSettings, Watch
from crawlers.atproto import Session, refresh, session_of, sign_in
from crawlers.page import Json, JsonObject, int_of, list_of, object_of, read_json, sum_of, text_of, time_of
from crawlers.refusals import refusal_of, refuse_error, unknown
from crawlers.source import Source, names_of
from crawlers.stream import Lookup, Stream

EXPECTED = "expected an answer of app.bsky: `posts`, a `feed` or a `thread`"
#: Posts a page: the most that a search gives.
PAGE = 100
#: How far down and up a thread is asked for: the most that is allowed.
DEPTH = 1000
SITE = "https://bsky.app"
#: Where an app password is exchanged for a session.
ENTRYWAY = "https://bsky.social"
#: Asks not to be shown to people who are not signed in to Bluesky.
SIGNED_IN_ONLY = "!no-unauthenticated"
#: What a handle reads when it could not be confirmed.
NO_HANDLE = "handle.invalid"
#: Lists that are no posts: read without a fault, for nothing.
_NO_POSTS = frozenset(("profiles", "likes", "repostedBy", "followers", "follows", "actors", "did"))
#: What a post without words shows, where nobody described it.
_MEDIA = {"images": "(picture)", "video": "(video)", "external": "(link)", "record": "(quoted post)"}
#: Letters of a record key that is a time (TID): five bits each.
_TID = "234567abcdefghijklmnopqrstuvwxyz"
_TID_LENGTH = 13


class Bluesky(Source):
    """Read Bluesky."""

    name = "bluesky"
    title = "Bluesky"
    summary = "Public posts, with the threads around them."
    about = (
        "Posts that name the product, a rival or an alias, with the whole thread around each, through the "
        "public AppView. With an app password, through the account's own server, which finds more. Accounts "
        "that ask not to be shown to people without a Bluesky sign-in are left out unless there is one."
    )
    home = "https://public.api.bsky.app"
    key_fields: ClassVar[Mapping[str, str]] = {
        "handle": "the account's handle, such as acme.bsky.social; goes with `app_password`",
        "app_password": "search that is never refused, and accounts that show themselves to signed-in people "
        "only; make one under bsky.app/settings/app-passwords",
    }
    reach = "everything that Bluesky's search finds"
    lookups = (Lookup(path="/xrpc/app.bsky.feed.getPosts?uris={ids}", at_once=25, between="&uris="),)

    def __init__(self, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]  # handed on as they are
        self._session: Session | None = None
        self._fault: EarfulError | None = None
        self._signing_in = asyncio.Lock()

    @classmethod
    def default_settings(cls, product: str) -> SourceSettings | None:
        """Search for every product: the watch's own names are the queries."""
        del product
        return {}

    @property
    def base(self) -> str:
        """The account's own server where there is a session, else the AppView."""
        return self._session.server if self._session else super().base

    async def start(self) -> AsyncIterator[object]:
        """Sign in where there is an app password, then read."""
        with contextlib.suppress(EarfulError):
            if self._has_password:
                await self.renew("")
        async for one in super().start():
            yield one

    def streams(self, watch: Watch, settings: SourceSettings) -> Iterable[Stream]:
        """Return a search for each name of each brand."""
        del settings
        if self._fault:
            raise self._fault
        for name in names_of(watch.brands):
            # The reference server, as developers run it, searches for the very characters: no phrases.
            phrase = name if self.base_url else '"' + name.replace('"', " ") + '"'
            query = {"q": phrase, "sort": "latest", "limit": PAGE}
            url = f"{self.base}/xrpc/app.bsky.feed.searchPosts?{urlencode(query)}"
            yield Stream(watch=watch, name=f'"{name}"', url=url)

    def read(self, page: TextResponse) -> Iterator[Mention]:
        """Yield the posts of a search, a feed, a list or a thread."""
        data = read_json(page, EXPECTED)
        if not isinstance(data, dict):
            raise unknown(data, EXPECTED)
        if isinstance(data.get("thread"), dict | list):
            found = list(self._thread(data["thread"]))
        else:
            found = [self._post(post) for post in _posts(data)]
        return iter({mention.id: mention for mention in found if mention}.values())

    def next_page(self, page: TextResponse, mentions: Sequence[Mention]) -> str | None:
        """Return the next page by cursor; without a session the time below the oldest post stands in.

        The public AppView refuses later pages to callers without a session.
        """
        cursor = text_of(object_of(read_json(page, EXPECTED)).get("cursor"))
        if cursor is None:
            return None
        parts = urlsplit(page.url)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if self._session or self.base_url:
            query["cursor"] = cursor
        elif (bound := _bound(mentions, query.get("until"))) is not None:
            query["until"] = bound
        else:
            return None
        return f"{parts.scheme}://{parts.netloc}{parts.path}?{urlencode(query)}"

    def thread_url(self, mention: Mention, page: TextResponse) -> str | None:
        """Return a match with all above and below it; None for one that stands alone."""
        del page
        if mention.parent_id is None and mention.engagement.replies == 0:
            return None
        return self._thread_of(mention.native_id)

    def above(self, thread: Sequence[Mention], page: TextResponse) -> str | None:
        """Return the whole thread, where a view showed one branch of it."""
        top = thread[0] if thread else None
        if top is None or top.deleted or top.parent_id or quote(top.native_id, safe="") in page.url:
            return None
        return self._thread_of(top.native_id)

    def headers(self, url: str) -> Mapping[str, str]:
        """Return the session's token for the account's own server, never for another."""
        if self._session and url.startswith(f"{self._session.server}/"):
            return {"Authorization": f"Bearer {self._session.access}"}
        return {}

    def request(self, url: str, headers: Mapping[str, str]) -> Request:
        """Return a request; what an account asks its own server is no matter of robots.txt."""
        meta = {"dont_obey_robotstxt": "Authorization" in headers}
        return Request(url, headers=dict(headers), meta=meta)

    def refused(self, page: TextResponse, now: datetime) -> EarfulError | None:
        """Return what a refusal means: Bluesky says with 400 that a post is gone."""
        del now
        told = refusal_of(lambda: refuse_error(object_of(read_json(page, EXPECTED))))
        return told if isinstance(told, SourceGone) else None

    async def renew(self, refused: str) -> bool:
        """Get a session, or a fresh one in place of the token that was `refused`; tell whether there is one.

        Of many requests that are refused at once, the first asks and the others wait for its answer.

        Raises:
            SourceError: there is no session to be had; the class and the message say why.
        """
        async with self._signing_in:
            if self._fault:
                raise self._fault
            session = self._session
            if session and session.access != refused:
                return True
            with contextlib.suppress(SourceBlocked):
                if session:
                    self._session = await self._exchanged(refresh(session), session.server, moves=False)
                    return True
            try:
                request = sign_in(self._entryway, self.keys["handle"], self.keys["app_password"])
                self._session = await self._exchanged(request, self._entryway, moves=not self.base_url)
            except EarfulError as error:
                # `streams` raises it too, so that it stands in the source's state.
                self._fault = error
                raise
            return True

    @property
    def _entryway(self) -> str:
        return self.base_url or ENTRYWAY

    async def _exchanged(self, request: Request, server: str, *, moves: bool) -> Session:
        return session_of(await self.crawler.engine.download_async(request), server, moves=moves)

    @property
    def _has_password(self) -> bool:
        return bool(self.keys.get("handle") and self.keys.get("app_password"))

    def _thread_of(self, uri: str) -> str:
        query = urlencode({"uri": uri, "depth": DEPTH, "parentHeight": DEPTH})
        return f"{self.base}/xrpc/app.bsky.feed.getPostThread?{query}"

    def _thread(self, view: Json) -> Iterator[Mention | None]:
        """Yield a thread from its first post down; a deleted one as a tombstone, a blocked one not at all."""
        nodes = _flat(view)
        focus = next((post for node in nodes if (post := object_of(node.get("post")))), None)
        if focus is None:
            raise SourceGone("the post is deleted, or its author does not show it")
        root = object_of(object_of(object_of(focus.get("record")).get("reply")).get("root"))
        top = text_of(root.get("uri")) or text_of(focus.get("uri")) or ""
        for node in nodes:
            uri, kind = text_of(node.get("uri")), str(node.get("$type")).lower()
            if post := object_of(node.get("post")):
                yield self._post(post)
            elif uri and (node.get("notFound") is True or kind.endswith(("notfound", "notfoundpost"))):
                yield _tombstone(uri, top)

    def _post(self, post: JsonObject) -> Mention | None:
        uri, author = text_of(post.get("uri")), object_of(post.get("author"))
        record = object_of(post.get("record")) or object_of(post.get("value"))
        published = _published(record, post)
        if uri is None or published is None or not (self._session or _is_for_all(author)):
            return None
        text = text_of(record.get("text")) or ""
        title = None if text else _shown(object_of(record.get("embed")))
        if not text and not title:
            return None
        reply = object_of(record.get("reply"))
        root, parent = (text_of(object_of(reply.get(name)).get("uri")) for name in ("root", "parent"))
        langs = list_of(record.get("langs"))
        return Mention(
            id=mention_id("bluesky", uri),
            source="bluesky",
            native_id=uri,
            kind=Kind.COMMENT if parent else Kind.POST,
            url=_url(uri, author),
            thread_id=mention_id("bluesky", root or parent or uri),
            parent_id=mention_id("bluesky", parent) if parent else None,
            author=_author(author, uri),
            title=title,
            text=text,
            language=text_of(langs[0]) if langs else None,
            published_at=published,
            engagement=_engagement(post),
        )


def _flat(view: Json) -> list[JsonObject]:
    """Return a thread's nodes in reading order, without recursion: threads are hundreds deep."""
    if isinstance(view, list):
        # app.bsky.unspecced.getPostThreadV2 gives them so.
        items = [object_of(item) for item in view]
        return [{"uri": item.get("uri"), **object_of(item.get("value"))} for item in items]
    above, node = list[JsonObject](), object_of(view)
    while node := object_of(node.get("parent")):
        above.append(node)
    nodes, waiting = above[::-1], [view]
    while waiting:
        node = object_of(waiting.pop())
        nodes.append(node)
        waiting.extend(reversed(list_of(node.get("replies"))))
    return nodes


def _posts(data: JsonObject) -> list[JsonObject]:
    """Return the posts of a search, a list, a feed or a repository; none of a list of something else."""
    for name in ("posts", "records"):
        if isinstance(data.get(name), list):
            return [object_of(post) for post in list_of(data[name])]
    if isinstance(data.get("feed"), list):
        # A repost stands for the post itself, which its own author wrote.
        return [object_of(object_of(item).get("post")) for item in list_of(data["feed"])]
    if isinstance(data.get("notifications"), list):
        # An answer, a quote or a naming is a post; a like or a follow has no text.
        return [object_of(item) for item in list_of(data["notifications"])]
    if isinstance(data.get("value"), dict):
        return [data]
    if _NO_POSTS & data.keys():
        return []
    raise unknown(data, EXPECTED)


def _bound(mentions: Sequence[Mention], asked: str | None) -> str | None:
    """Return the time to read below: just above the oldest post, so that none of its millisecond is lost."""
    if not mentions:
        return None
    oldest = min(mention.published_at for mention in mentions)
    bound = _stamp(oldest + timedelta(milliseconds=1))
    if asked is None or bound < asked:
        return bound
    # A whole page within one millisecond: step over it, or the walk would stand still.
    bound = _stamp(oldest)
    return bound if bound < asked else None


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _published(record: JsonObject, post: JsonObject) -> datetime | None:
    """Return the earlier of what the client claims and what the server saw."""
    told = (time_of(record.get("createdAt")), time_of(post.get("indexedAt")))
    return min(filter(None, told), default=None)


def _is_for_all(author: JsonObject) -> bool:
    """Tell whether an account lets people without a sign-in see it."""
    return not any(
        object_of(label).get("val") == SIGNED_IN_ONLY and object_of(label).get("neg") is not True
        for label in list_of(author.get("labels"))
    )


def _shown(embed: JsonObject) -> str | None:
    """Return what a post without words shows: its pictures' descriptions, or the title of its link."""
    media = object_of(embed.get("media")) or embed
    said = [text_of(object_of(image).get("alt")) for image in list_of(media.get("images"))]
    said += [text_of(media.get("alt")), text_of(object_of(media.get("external")).get("title"))]
    shown = next((word for part, word in _MEDIA.items() if media.get(part)), None)
    return " ".join(" ".join(filter(None, said)).split()) or shown


def _engagement(post: JsonObject) -> Engagement:
    return Engagement(
        score=int_of(post.get("likeCount")),
        replies=int_of(post.get("replyCount")),
        shares=sum_of(post, "repostCount", "quoteCount"),
    )


def _tombstone(uri: str, top: str) -> Mention:
    born = _tid_time(uri)
    return Mention(
        id=mention_id("bluesky", uri),
        source="bluesky",
        native_id=uri,
        kind=Kind.POST,
        url=_url(uri, {}),
        thread_id=mention_id("bluesky", top),
        author=_author({}, uri),
        published_at=born or datetime.fromtimestamp(0, UTC),
        published_known=born is not None,
        deleted=True,
    )


def _tid_time(uri: str) -> datetime | None:
    """Return when a record was made, out of its key: microseconds since 1970 and ten bits of a clock's id."""
    key = uri.rpartition("/")[2]
    if len(key) != _TID_LENGTH or not set(key) <= set(_TID):
        return None
    number = 0
    for letter in key:
        number = number * len(_TID) + _TID.index(letter)
    return time_of((number >> 10) / 1_000_000)


def _author(author: JsonObject, uri: str) -> Author:
    did = text_of(author.get("did")) or uri.removeprefix("at://").partition("/")[0]
    handle = text_of(author.get("handle"))
    return Author(
        id=did,
        handle=handle if handle != NO_HANDLE else None,
        name=text_of(author.get("displayName")),
        url=f"{SITE}/profile/{_profile(author, did)}",
        followers=int_of(author.get("followersCount")),
    )


def _profile(author: JsonObject, did: str) -> str:
    """Return the name of an account in addresses: its handle, or where that is not confirmed its DID."""
    handle = text_of(author.get("handle"))
    return handle if handle and handle != NO_HANDLE else did


def _url(uri: str, author: JsonObject) -> str:
    did, _, rest = uri.removeprefix("at://").partition("/")
    return f"{SITE}/profile/{_profile(author, did)}/post/{rest.rpartition('/')[2]}"
