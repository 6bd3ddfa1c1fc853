"""X through its API v2. Every post that is read costs money, so a day's spending is capped."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar, TypeAlias
from urllib.parse import parse_qs, urlencode, urlsplit

from scrapy import Request
from scrapy.http import TextResponse

from core.errors import EarfulError, InputError, SourceBlocked, SourceBusy, SourceGone
from core.mention import Author, Engagement, Kind, Mention, mention_id
from core.source_form import SettingField
from core.watch import SourceSettings, Watch
from crawlers.budget import Budget
from crawlers.page import JsonObject, id_of, int_of, list_of, object_of, read_json, sum_of, text_of, time_of
from crawlers.refusals import refusal_of, unknown
from crawlers.source import Source, names_of
from crawlers.stream import Lookup, Stream

EXPECTED = "expected an answer of api.x.com/2: `data` with posts, or `meta` with a result_count"
SITE = "https://x.com"
#: Posts a page: the fewest and the most that the recent search gives.
FEWEST, MOST = 10, 100
#: Pages that a day's money pays at least, so that little of it is left over.
PAGES_A_DAY = 4
#: Longest query of the recent search, in characters.
MAX_QUERY = 512
#: What one post and one account cost, in US dollars (docs.x.com, November 2026).
POST_USD, USER_USD = 0.005, 0.010
#: What one result costs at most: the post, the one that it shares or answers, and its author.
DEAREST_USD = 2 * POST_USD + USER_USD
#: Spent in a day where the settings do not say, and the least with which a page can be paid.
DAILY_USD, LEAST_USD = 1.0, 10 * DEAREST_USD
#: Milliseconds since 1970 that ids count from, and the first id of that kind (4 November 2010).
EPOCH, FIRST_SNOWFLAKE = 1_288_834_974_657, 29_700_859_247

_FIELDS = {
    "tweet.fields": "created_at,author_id,conversation_id,lang,public_metrics,referenced_tweets,note_tweet,"
    "edit_history_tweet_ids",
    "expansions": "author_id,referenced_tweets.id",
    "user.fields": "public_metrics,verified",
}
_ID = re.compile(r"\d{1,20}")
_SHARED = re.compile(r"RT @\w{1,20}: ")
#: Lists of the API that hold no posts: read without a fault, for nothing.
_OTHER = frozenset(
    ("username", "name", "tweet_count", "event_type", "dm_conversation_id", "state", "upload_url")
)


_ById: TypeAlias = Mapping[str, JsonObject]


class X(Source):
    """Read X."""

    name = "x"
    title = "X"
    summary = "Posts of the last seven days. Costs money per post."
    fields = (
        SettingField(
            name="daily_usd",
            label="US dollars a day at most",
            example="1.50",
            many=False,
            hint="For all watches together.",
        ),
    )
    about = (
        "Posts of the last 7 days that name the product, a rival or an alias, with the replies around each, "
        "through the API v2. A post costs $0.005 and an account $0.010: the setting `daily_usd` caps what "
        "all watches together spend in a day (1.00 where there is none; the highest of the watches counts)."
    )
    home = "https://api.x.com"
    needs_key: ClassVar[bool] = True
    key_fields: ClassVar[Mapping[str, str]] = {
        "bearer_token": "X reads nothing without one; make an app under developer.x.com, and copy its token"
    }
    reach = "the last 7 days"
    lookups = (Lookup(path=f"/2/tweets?ids={{ids}}&{urlencode(_FIELDS)}", at_once=100, key="bearer_token"),)
    recheck_daily: ClassVar[bool] = True

    def __init__(self, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]  # handed on as they are
        self._budget: Budget | None = None

    @classmethod
    def check_settings(cls, settings: SourceSettings) -> None:
        """Return where `daily_usd` is an amount, if it is there.

        Raises:
            InputError: it is none.
        """
        _daily(settings)

    def streams(self, watch: Watch, settings: SourceSettings) -> Iterable[Stream]:
        """Return one search for all names, or several where they make a query too long.

        Raises:
            SourceBlocked: there is no token.
        """
        daily = _daily(settings)
        if not self.keys.get("bearer_token"):
            raise SourceBlocked("X needs a bearer token; `earful source set-key x` takes it")
        if self.crawl is not None:
            limit = max(daily, self._budget.limit if self._budget else 0.0)
            self._budget = Budget(
                store=self.crawl.store,
                clock=self.clock,
                source=self.name,
                name="spent",
                limit=limit,
                title=f"the {limit:.2f} dollars of a day",
                zone=UTC,
            )
        for query in _queries(names_of(watch.brands)):
            yield Stream(watch=watch, name=query, url=self._search(query))

    def read(self, page: TextResponse) -> Iterator[Mention]:
        """Yield the posts of an answer; a tombstone for each that X says is gone or hidden."""
        data = read_json(page, EXPECTED)
        if not isinstance(data, dict):
            raise unknown(data, EXPECTED)
        posts, gone = _posts(data), _gone(data)
        if not posts and not gone:
            _refuse(data)
        users, others, replaced = _beside(data, "users"), _beside(data, "tweets"), _replaced(posts)
        shown = {native for post in posts if (native := id_of(post.get("id"))) not in replaced}
        for post in posts:
            if id_of(post.get("id")) in shown and (found := self._post(post, users, others)):
                yield found
        for native in dict.fromkeys((*gone, *replaced)):
            if native not in shown:
                yield self._tombstone(native)

    def next_page(self, page: TextResponse, mentions: Sequence[Mention]) -> str | None:
        """Return the next page by its token."""
        del mentions
        data = object_of(read_json(page, EXPECTED))
        token = text_of(object_of(data.get("meta")).get("next_token"))
        if token is None:
            return None
        parts = urlsplit(page.url)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        query["next_token" if "/search/" in parts.path else "pagination_token"] = token
        return f"{parts.scheme}://{parts.netloc}{parts.path}?{urlencode(query)}"

    def thread_url(self, mention: Mention, page: TextResponse) -> str | None:
        """Return a search for the conversation; None for a post without answers that answers none."""
        del page
        if not mention.engagement.replies and mention.thread_id == mention.id:
            return None
        return self._search(f"conversation_id:{mention.thread_id.rpartition(':')[2]}")

    def read_thread(self, page: TextResponse, start: Mention) -> list[Mention]:
        """Return a conversation oldest first."""
        found = {mention.id: mention for mention in (*self.read(page), start)}
        return sorted(
            found.values(), key=lambda mention: (mention.published_at, len(mention.native_id), mention.id)
        )

    def above(self, thread: Sequence[Mention], page: TextResponse) -> str | None:
        """Return the post that opened the conversation, which a search leaves out where it is older."""
        top = next((mention.thread_id for mention in thread if mention.parent_id), None)
        if top is None or "/search/" not in page.url or any(mention.id == top for mention in thread):
            return None
        return f"{self.base}/2/tweets?{urlencode({'ids': top.rpartition(':')[2], **_FIELDS})}"

    def more(self, thread: Sequence[Mention], page: TextResponse) -> Iterator[str]:
        """Yield the next page of a conversation."""
        del thread
        following = self.next_page(page, ())
        if following:
            yield following

    def headers(self, url: str) -> Mapping[str, str]:
        """Return the token, where the day's money allows another request.

        Raises:
            SourceBusy: it does not.
        """
        if not url.startswith(f"{self.base}/"):
            return {}
        if self._budget:
            asked = {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}
            results = asked.get("max_results", "")
            count = int(results) if results.isdecimal() else asked.get("ids", "").count(",") + 1
            self._budget.check(count * DEAREST_USD)
        return {"Authorization": f"Bearer {self.keys.get('bearer_token', '')}"}

    def request(self, url: str, headers: Mapping[str, str]) -> Request:
        """Return a request; an API asked with a customer's token is no matter of robots.txt."""
        return Request(url, headers=dict(headers), meta={"dont_obey_robotstxt": True})

    def refused(self, page: TextResponse, now: datetime) -> EarfulError | None:
        """Return what a refusal means."""
        del now
        return refusal_of(lambda: _refuse(object_of(read_json(page, EXPECTED))))

    def busy_until(self, page: TextResponse, now: datetime) -> datetime | None:
        """Count what an answer cost; X itself names no time."""
        del now
        if self._budget:
            data = object_of(read_json(page, EXPECTED))
            posts = [*_posts(data), *_beside(data, "tweets").values()]
            self._budget.use_named((f"post {post.get('id')}" for post in posts), POST_USD)
            self._budget.use_named((f"user {user}" for user in _beside(data, "users")), USER_USD)
        return None

    def _search(self, query: str) -> str:
        limit = self._budget.limit if self._budget else DAILY_USD
        results = min(MOST, max(FEWEST, int(limit / DEAREST_USD / PAGES_A_DAY)))
        asked = urlencode({"query": query, "max_results": results, **_FIELDS})
        return f"{self.base}/2/tweets/search/recent?{asked}"

    def _post(self, post: JsonObject, users: _ById, others: _ById) -> Mention | None:
        native, text = id_of(post.get("id")), _text(post, others)
        if native is None or not text.strip():
            return None
        known = time_of(post.get("created_at")) or _born(native)
        published, history = known or self.clock.now(), _history(post)
        parent = _referenced(post, "replied_to")
        user_id = id_of(post.get("author_id"))
        user = users.get(user_id or "", {})
        thread = id_of(post.get("conversation_id")) or parent or native
        return Mention(
            id=mention_id("x", native),
            source="x",
            native_id=native,
            kind=Kind.COMMENT if parent else Kind.POST,
            url=_url(native, text_of(user.get("username"))),
            # The conversation of an edited first post is named after its first form.
            thread_id=mention_id("x", native if thread in history else thread),
            parent_id=mention_id("x", parent) if parent else None,
            author=_author(user_id, user),
            text=text,
            language=text_of(post.get("lang")),
            published_at=published,
            published_known=known is not None,
            edited_at=_born(native) if len(history) > 1 else None,
            engagement=_engagement(object_of(post.get("public_metrics"))),
        )

    def _tombstone(self, native: str) -> Mention:
        born = _born(native)
        return Mention(
            id=mention_id("x", native),
            source="x",
            native_id=native,
            kind=Kind.POST,
            url=_url(native, None),
            thread_id=mention_id("x", native),
            published_at=born or self.clock.now(),
            published_known=born is not None,
            deleted=True,
        )


def _posts(data: JsonObject) -> list[JsonObject]:
    """Return what is a post in an answer's `data`, which is a list or a single object."""
    found = data.get("data")
    items = [object_of(item) for item in (found if isinstance(found, list) else [found])]
    told = [item for item in items if text_of(item.get("text")) and not _OTHER & item.keys()]
    return [item for item in told if _ID.fullmatch(id_of(item.get("id")) or "")]


def _gone(data: JsonObject) -> list[str]:
    """Return the ids of posts that an answer calls deleted, protected or suspended."""
    errors = [object_of(error) for error in list_of(data.get("errors"))]
    ids = [
        id_of(error.get("resource_id")) or id_of(error.get("value"))
        for error in errors
        if error.get("resource_type") == "tweet"
        and str(error.get("type")).endswith(("/resource-not-found", "/not-authorized-for-resource"))
    ]
    return [native for native in ids if native and _ID.fullmatch(native)]


def _refuse(data: JsonObject) -> None:
    """Return where an answer without posts is a true one: an empty search, or a list of something else.

    Raises:
        SourceError: it is an error body; the class says which kind.
        SourceChanged: it is something else.
    """
    if isinstance(data.get("meta"), dict) or (data.get("data") is not None and not data.get("errors")):
        return
    first = object_of(next(iter(list_of(data.get("errors"))), None))
    said = [
        text_of(part.get(name)) for part in (data, first) for name in ("detail", "message", "title", "reason")
    ]
    told = next(filter(None, said), None)
    if told is None:
        raise unknown(data, EXPECTED)
    message = f"X says {told[:200]!r}"
    kind = f"{data.get('type')} {first.get('type')} {data.get('title')} {first.get('title')}".lower()
    if "not-found" in kind or "not found" in kind:
        raise SourceGone(message)
    if "usage-cap" in kind or "too many" in kind or data.get("status") == 429:  # noqa: PLR2004 - the status
        raise SourceBusy(message)
    raise SourceBlocked(message)


def _beside(data: JsonObject, name: str) -> _ById:
    """Return what stands beside the posts of an answer: their authors, or the posts that they name."""
    items = [object_of(item) for item in list_of(object_of(data.get("includes")).get(name))]
    return {native: item for item in items if (native := id_of(item.get("id")))}


def _text(post: JsonObject, others: _ById) -> str:
    """Return the whole of what a post says: the long form, and for a shared post the shared one uncut."""
    text = text_of(object_of(post.get("note_tweet")).get("text")) or text_of(post.get("text")) or ""
    shared = others.get(_referenced(post, "retweeted") or "")
    start = _SHARED.match(text)
    if shared and start:
        whole = text_of(object_of(shared.get("note_tweet")).get("text")) or text_of(shared.get("text"))
        text = start[0] + whole if whole else text
    return html.unescape(text)


def _referenced(post: JsonObject, kind: str) -> str | None:
    found = (object_of(one) for one in list_of(post.get("referenced_tweets")))
    return next((id_of(one.get("id")) for one in found if one.get("type") == kind), None)


def _history(post: JsonObject) -> list[str]:
    """Return the ids of all forms of a post, the newest last."""
    ids = [id_of(native) for native in list_of(post.get("edit_history_tweet_ids"))]
    return sorted((native for native in ids if native and _ID.fullmatch(native)), key=int)


def _replaced(posts: Sequence[JsonObject]) -> list[str]:
    """Return the ids that posts of an answer had before they were edited: each edit has a new id."""
    return [old for post in posts for old in _history(post) if int(old) < int(id_of(post.get("id")) or 0)]


def _born(native: str) -> datetime | None:
    """Return when an id was given out; None for an id older than the kind that tells."""
    number = int(native)
    return time_of(((number >> 22) + EPOCH) / 1000) if number >= FIRST_SNOWFLAKE else None


def _engagement(metrics: JsonObject) -> Engagement:
    return Engagement(
        score=int_of(metrics.get("like_count")),
        replies=int_of(metrics.get("reply_count")),
        shares=sum_of(metrics, "retweet_count", "quote_count"),
        views=int_of(metrics.get("impression_count")),
    )


def _author(native: str | None, user: JsonObject) -> Author:
    handle = text_of(user.get("username"))
    return Author(
        id=native,
        handle=handle,
        name=text_of(user.get("name")),
        url=f"{SITE}/{handle}" if handle else None,
        followers=int_of(object_of(user.get("public_metrics")).get("followers_count")),
    )


def _url(native: str, handle: str | None) -> str:
    return f"{SITE}/{handle}/status/{native}" if handle else f"{SITE}/i/web/status/{native}"


def _queries(names: Sequence[str]) -> Iterator[str]:
    """Yield queries for any of the names, each within the length allowed.

    Shares are left out: they cost as much and say nothing new.
    """
    frame = "({}) -is:retweet"
    waiting: list[str] = []
    for phrase in ('"' + name.replace('"', " ") + '"' for name in names):
        if waiting and len(frame.format(" OR ".join((*waiting, phrase)))) > MAX_QUERY:
            yield frame.format(" OR ".join(waiting))
            waiting = []
        waiting.append(phrase)
    if waiting:
        yield frame.format(" OR ".join(waiting))


def _daily(settings: SourceSettings) -> float:
    value = settings.get("daily_usd", DAILY_USD)
    if isinstance(value, str):
        # As the form of a watch sends it.
        value = float(value) if re.fullmatch(r"\d{1,6}(?:\.\d{1,4})?", value.strip()) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= LEAST_USD:
        raise InputError(f"x: `daily_usd` is an amount of US dollars from {LEAST_USD:.2f} up, such as 1.50")
    return float(value)
