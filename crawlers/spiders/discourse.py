"""Discourse: posts of any forum that runs it, found by its search, with the topic around a match."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import parse_qs, quote, urlencode, urlsplit

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
from crawlers.source import SERVER, Source, names_of
from crawlers.stream import Lookup, Stream
from crawlers.text import html_to_text, one_line

EXPECTED = "expected an answer of Discourse: a topic, a list of posts or topics, or a search"
#: Posts of a topic asked for at once beyond the first: what Discourse itself asks for.
CHUNK = 20
#: Shortest name that a forum's search takes; for shorter ones all new posts are read.
MIN_QUERY = 3
#: Counted as a like in `actions_summary`.
LIKE = 2
#: A post by a member or a moderator; 3 is a system line, 4 a whisper among staff.
SAID = frozenset({1, 2})

_FORUM = re.compile(r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?(?:/[\w./-]*)?")
#: Where a forum's own paths begin; what stands before is the forum's address.
_ROOT = re.compile(r"(https?://[^?#]*?)/(?:t|posts|latest|search|top|new|hot|c|tag|u)(?=[/.?]|$)")
_PLACE = re.compile(r"/t/(?:[^/]+/)?(\d+)/(\d+)$")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Topic:
    """What an answer tells of the topic that a post belongs to."""

    id: str
    slug: str | None = None
    title: str | None = None
    replies: int | None = None
    views: int | None = None
    #: Post number → post id, of the posts in the answer.
    posts: Mapping[int, str]


class Discourse(Source):
    """Read Discourse forums."""

    name = "discourse"
    title = "Discourse forums"
    summary = "Posts on the forums you name."
    fields = (
        SettingField(
            name="forums",
            label="Forums",
            example="forum.example.org",
            noun="forum's address",
            form=rf"(?:https://)?{SERVER}(?:/[\w./-]*)?",
            required=True,
        ),
    )
    about = (
        "Posts that name the product, a rival or an alias on the forums of the setting `forums`, found by "
        "each forum's search, newest first, with the topic around each. Public forums need no key; a forum "
        "may ask for one. Each has its own terms and limits (200 requests a minute and address by default)."
    )
    key_fields: ClassVar[Mapping[str, str]] = {
        "api_key": "closed categories; a key of the forum's administrator (`api_key@forum.example`)",
        "api_user": "the member that the key speaks for (`api_user@forum.example`)",
    }
    reach = "everything that the forum's search finds"
    lookups = (Lookup(path="/posts/{ids}.json", at_once=1, per_server=True),)

    def streams(self, watch: Watch, settings: SourceSettings) -> Iterable[Stream]:
        """Return a search for each name on each forum; all new posts for names too short to search for."""
        self.check_settings(settings)
        names = names_of(watch.brands)
        for told in self.values(settings, "forums"):
            forum = told.lower().removeprefix("https://").rstrip("/")
            root = f"{self.base_url}/{forum}" if self.base_url else f"https://{forum}"
            for name in (name for name in names if len(name) >= MIN_QUERY):
                query = urlencode({"q": f'"{name}" order:latest', "page": 1})
                yield Stream(watch=watch, name=f'"{name}"@{forum}', url=f"{root}/search.json?{query}")
            if any(len(name) < MIN_QUERY for name in names):
                yield Stream(watch=watch, name=f"new@{forum}", url=f"{root}/posts.json")

    def read(self, page: TextResponse) -> Iterator[Mention]:
        """Yield the posts of a topic, a search or a list of posts, or the topics of a list of topics."""
        data = read_json(page, EXPECTED)
        site = self._site(page.url)
        if isinstance(data, list):
            return _listed(data, {}, site)
        if not isinstance(data, dict):
            raise unknown(data, EXPECTED)
        stream, topics = object_of(data.get("post_stream")), data.get("topic_list")
        if isinstance(stream.get("posts"), list):
            return _listed(list_of(stream["posts"]), data, site)
        if isinstance(data.get("latest_posts"), list):
            return _listed(list_of(data["latest_posts"]), {}, site)
        if isinstance(topics, dict):
            items = (object_of(item) for item in list_of(topics.get("topics")))
            return (found for item in items if (found := _topic(item, site)))
        if isinstance(data.get("posts"), list) or "grouped_search_result" in data:
            return _hits(data, site)
        post = object_of(data.get("post")) or data
        if id_of(post.get("id")) and "cooked" in post:
            return _listed([post], {}, site)
        _refuse(data, self.clock.now())
        raise unknown(data, EXPECTED)

    def next_page(self, page: TextResponse, mentions: Sequence[Mention]) -> str | None:
        """Return the next page of a search, or the posts before the oldest of a page."""
        data = object_of(read_json(page, EXPECTED))
        parts = urlsplit(page.url)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        told = object_of(data.get("grouped_search_result"))
        if told.get("more_full_page_results") is True and mentions:
            number = query.get("page", "1")
            query["page"] = str(int(number) + 1 if number.isdecimal() else 2)
        elif ids := [int_of(object_of(post).get("id")) or 0 for post in list_of(data.get("latest_posts"))]:
            if min(ids) <= 1:
                return None
            query["before"] = str(min(ids) - 1)
        else:
            return None
        return f"{parts.scheme}://{parts.netloc}{parts.path}?{urlencode(query)}"

    def thread_url(self, mention: Mention, page: TextResponse) -> str | None:
        """Return the part of the topic around a match."""
        place = _PLACE.search(mention.url or "")
        return f"{_root(page.url)}/t/{place[1]}/{place[2]}.json" if place else None

    def above(self, thread: Sequence[Mention], page: TextResponse) -> str | None:
        """Return the beginning of the topic, where the part around the match leaves it out."""
        place = re.search(r"/t/(\d+)/\d+\.json", page.url)
        if not place or not thread or any(mention.kind is Kind.POST for mention in thread):
            return None
        return f"{_root(page.url)}/t/{place[1]}.json"

    def more(self, thread: Sequence[Mention], page: TextResponse) -> Iterator[str]:
        """Yield the addresses of the posts that a topic's answer only numbers."""
        data = object_of(read_json(page, EXPECTED))
        stream, topic = object_of(data.get("post_stream")), id_of(data.get("id"))
        shown = {mention.native_id for mention in thread}
        shown |= {
            number for post in list_of(stream.get("posts")) if (number := id_of(object_of(post).get("id")))
        }
        missing = [number for item in list_of(stream.get("stream")) if (number := id_of(item)) not in shown]
        for start in range(0, len(missing) if topic else 0, CHUNK):
            ids = "&".join(f"post_ids[]={number}" for number in missing[start : start + CHUNK])
            yield f"{_root(page.url)}/t/{topic}/posts.json?{ids}"

    def is_placed(self, mention: Mention) -> bool:
        """Tell no: a search shows only the part of a post around the word; the topic shows the whole."""
        del mention
        return False

    def headers(self, url: str) -> Mapping[str, str]:
        """Return the key of the forum that is asked, never of another; and that we want JSON."""
        host, _ = self._site(url)
        key, user = self.keys.get(f"api_key@{host}"), self.keys.get(f"api_user@{host}")
        wanted = {"Accept": "application/json"}
        return {**wanted, "Api-Key": key, "Api-Username": user or "system"} if key else wanted

    def refused(self, page: TextResponse, now: datetime) -> EarfulError | None:
        """Return what a refusal's body says, where it says more than its status."""
        told = refusal_of(lambda: _refuse(object_of(read_json(page, EXPECTED)), now))
        return told if isinstance(told, SourceBusy | SourceGone) else None

    def _site(self, url: str) -> tuple[str, str]:
        """Return a forum's host and the address that its permalinks stand below."""
        if self.base_url and url.startswith(f"{self.base_url}/"):
            host = url.removeprefix(f"{self.base_url}/").split("/", 1)[0]
            return host, f"https://{host}"
        return host_of(url), _root(url)


def _listed(items: Sequence[Json], data: JsonObject, site: tuple[str, str]) -> Iterator[Mention]:
    """Yield posts, the first of a topic first; `data` is the topic where the answer tells it."""
    posts = [object_of(item) for item in items]
    if data.get("deleted_at") or _is_letter(data):
        return
    if posts and not any(id_of(post.get("id")) and "post_number" in post for post in posts):
        raise SourceChanged(f"a list of other things than posts; {EXPECTED}")
    topics: dict[str, dict[int, str]] = {}
    for post in posts:
        place, native = int_of(post.get("post_number")), id_of(post.get("id"))
        if place is not None and native:
            topics.setdefault(id_of(post.get("topic_id")) or "", {})[place] = native
    ids = [
        number
        for item in list_of(object_of(data.get("post_stream")).get("stream"))
        if (number := id_of(item))
    ]
    for post in posts:
        topic = id_of(post.get("topic_id")) or id_of(data.get("id"))
        if topic is None:
            continue
        known = topics.get(topic, {})
        if ids and 1 not in known and id_of(post.get("id")) in ids:
            known = {1: ids[0], **known}
        told = _told(data, topic, known)
        found = _post(post, told, site)
        if found:
            yield found


def _told(data: JsonObject, topic: str, posts: Mapping[int, str]) -> _Topic:
    count = int_of(data.get("posts_count"))
    return _Topic(
        id=topic,
        slug=text_of(data.get("slug")),
        title=text_of(data.get("title")),
        replies=max(count - 1, 0) if count is not None else None,
        views=int_of(data.get("views")),
        posts=posts,
    )


def _hits(data: JsonObject, site: tuple[str, str]) -> Iterator[Mention]:
    """Yield the posts of a search; what it tells of their topics stands beside them."""
    rows = [object_of(item) for item in list_of(data.get("topics"))]
    topics = {id_of(row.get("id")): row for row in rows}
    for item in list_of(data.get("posts")):
        post = object_of(item)
        topic = id_of(post.get("topic_id"))
        found = _post(post, _told(topics.get(topic, {}), topic, {}), site) if topic else None
        if found:
            yield found


def _post(post: JsonObject, topic: _Topic, site: tuple[str, str]) -> Mention | None:
    native, published = id_of(post.get("id")), time_of(post.get("created_at"))
    number = int_of(post.get("post_number"))
    if native is None or published is None or not _is_said(post):
        return None
    gone = bool(post.get("deleted_at") or post.get("user_deleted") is True or post.get("hidden") is True)
    title = topic.title or text_of(post.get("topic_title"))
    text, title = _text(post), one_line(html.unescape(title)) if title and number == 1 else None
    if not (text or title or gone):
        return None
    host, root = site
    edited = time_of(post.get("updated_at")) if (int_of(post.get("version")) or 1) > 1 else None
    slug = topic.slug or text_of(post.get("topic_slug")) or "-"
    replies = int_of(post.get("reply_count"))
    return Mention(
        id=mention_id("discourse", native, host),
        source="discourse",
        native_id=native,
        kind=Kind.POST if number == 1 else Kind.COMMENT,
        url=f"{root}/t/{slug}/{topic.id}/{number}" if root and number is not None else None,
        # The topic's own number: most answers do not tell the id of its first post.
        thread_id=mention_id("discourse", f"topic/{topic.id}", host),
        parent_id=_parent(post, number, topic, host),
        author=Author() if gone else _author(post, root),
        title=title,
        text=text,
        published_at=published,
        edited_at=edited,
        deleted=gone,
        engagement=Engagement(
            score=_likes(post),
            replies=topic.replies if number == 1 and topic.replies is not None else replies,
            views=topic.views if number == 1 and topic.views is not None else int_of(post.get("reads")),
        ),
    )


def _topic(item: JsonObject, site: tuple[str, str]) -> Mention | None:
    """Return a row of a list of topics, which tells neither the first post's id nor its whole text."""
    native, published = id_of(item.get("id")), time_of(item.get("created_at"))
    title = text_of(item.get("title"))
    if native is None or published is None or title is None or item.get("deleted_at") or _is_letter(item):
        return None
    host, root = site
    own_id, count = mention_id("discourse", f"topic/{native}", host), int_of(item.get("posts_count"))
    return Mention(
        id=own_id,
        source="discourse",
        native_id=native,
        kind=Kind.POST,
        url=f"{root}/t/{text_of(item.get('slug')) or '-'}/{native}" if root else None,
        thread_id=own_id,
        title=one_line(html.unescape(title)),
        published_at=published,
        engagement=Engagement(
            score=int_of(item.get("like_count")),
            replies=max(count - 1, 0) if count is not None else None,
            views=int_of(item.get("views")),
        ),
    )


def _is_letter(topic: JsonObject) -> bool:
    """Tell whether a topic is a private message, which an administrator's key shows as well."""
    return topic.get("archetype") == "private_message"


def _is_said(post: JsonObject) -> bool:
    """Tell whether a person said it in public, rather than the forum itself or staff among themselves."""
    kind = int_of(post.get("post_type"))
    return not text_of(post.get("action_code")) and (kind is None or kind in SAID)


def _text(post: JsonObject) -> str:
    cooked = text_of(post.get("cooked"))
    if cooked is not None:
        return html_to_text(cooked)
    raw = text_of(post.get("raw"))
    return raw if raw is not None else html_to_text(text_of(post.get("blurb")) or "")


def _parent(post: JsonObject, number: int | None, topic: _Topic, host: str) -> str | None:
    """Return the post that is answered, or the topic's first; None where the answer does not tell its id."""
    if number == 1:
        return None
    answered = int_of(post.get("reply_to_post_number"))
    native = topic.posts.get(answered or 1) or topic.posts.get(1)
    return mention_id("discourse", native, host) if native and native != id_of(post.get("id")) else None


def _likes(post: JsonObject) -> int | None:
    found = int_of(post.get("like_count"))
    if found is not None:
        return found
    for item in list_of(post.get("actions_summary")):
        action = object_of(item)
        if int_of(action.get("id")) == LIKE:
            return int_of(action.get("count"))
    return None


def _author(post: JsonObject, root: str) -> Author:
    handle = text_of(post.get("username"))
    return Author(
        id=id_of(post.get("user_id")),
        handle=handle,
        name=text_of(post.get("name")),
        url=f"{root}/u/{quote(handle)}" if root and handle else None,
    )


def _refuse(data: JsonObject, now: datetime) -> None:
    """Return where an object is no error of Discourse.

    Raises:
        SourceError: it is one; the class says which kind.
    """
    errors = [text for item in list_of(data.get("errors")) if (text := text_of(item))]
    kind = text_of(data.get("error_type")) or text_of(data.get("error")) or ""
    if not errors and not kind:
        return
    said = f"the forum says {(errors[0] if errors else kind)[:200]!r}"
    wait = int_of(object_of(data.get("extras")).get("wait_seconds"))
    if kind == "rate_limit" or wait is not None:
        raise SourceBusy(said, until=now + timedelta(seconds=wait) if wait is not None else None)
    if kind == "not_found":
        raise SourceGone(said)
    raise SourceBlocked(said)


def _root(url: str) -> str:
    """Return the address of the forum that an address belongs to; empty for none, such as a file's."""
    found = _ROOT.match(url)
    if host_of(url).endswith(".invalid"):
        return ""
    if found:
        return found[1]
    host = host_of(url)
    return f"{url.partition(':')[0]}://{host}" if host else ""
