"""Lemmy: posts and comments of any instance through its API, with the talk around a match."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

from scrapy.http import TextResponse

from core.errors import EarfulError, SourceBusy, SourceGone
from core.mention import Author, Engagement, Kind, Mention, mention_id
from core.source_form import SettingField
from core.watch import SourceSettings, Watch
from crawlers.page import JsonObject, host_of, id_of, int_of, list_of, object_of, read_json, text_of, time_of
from crawlers.refusals import refusal_of, refuse_error, unknown
from crawlers.source import SERVER, Source, names_of
from crawlers.stream import Lookup, Stream
from crawlers.text import one_line

EXPECTED = "expected an answer of Lemmy's API: `posts`, `comments`, `post_view`, `comment_view` or a v4 list"
#: Posts and comments a page: the most that an instance gives.
PAGE = 50
#: Levels of a conversation asked for at once; with a depth an instance cuts the list at no length.
DEPTH = 8
#: Read for a product name alone: the largest instance, which knows most of what the others carry.
DEFAULT_SERVERS = ("lemmy.world",)
#: How long an instance counts searches, unless its administrator set otherwise (`/api/v3/site`).
INTERVAL = timedelta(minutes=10)

#: Names under which the answers carry views: v3 first, then the lists of v4.
_LISTS = ("posts", "comments", "replies", "mentions", "items", "results", "search")
_SINGLE = ("post_view", "comment_view")
_SERVER = re.compile(r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?")
#: Where Lemmy instances keep posts and comments; others that federate (Mbin, Mastodon) have other forms.
_HOME = re.compile(r"https?://[^/]+/(post|comment)/(\d+)/?")
_PARENT = re.compile(r"(?:^|\.)(\d+)\.\d+$")


@dataclass(frozen=True, slots=True)
class _Row:
    """A post or comment, and the ids that stand for it and its parent on the server that was read."""

    mention: Mention
    #: Number of the comment that it answers; None where it answers the post.
    parent: str | None = None
    #: Number of the post that it belongs to.
    post: str | None = None


class Lemmy(Source):
    """Read Lemmy instances."""

    name = "lemmy"
    title = "Lemmy"
    summary = "Posts and comments, as the servers you name know them."
    fields = (
        SettingField(
            name="servers",
            label="Servers",
            example="lemmy.world",
            noun="server name",
            form=SERVER,
            required=True,
        ),
    )
    about = (
        "Posts and comments that name the product, a rival or an alias, searched on the instances of the "
        "setting `servers` (each knows what its members follow elsewhere), with the talk around each. Known "
        "by their home address, so one post read on two instances is one mention. No key unless the instance "
        "is private; each has its own rules and limits."
    )
    key_fields: ClassVar[Mapping[str, str]] = {
        "jwt": "reading a private instance; the token that its log-in gives (`jwt@lemmy.example`)"
    }
    reach = "as far back as each instance keeps posts"
    lookups = (
        Lookup(path="/api/v3/post?id={ids}", at_once=1, of=r"^post/(\d+)$", per_server=True),
        Lookup(path="/api/v3/comment?id={ids}", at_once=1, of=r"^comment/(\d+)$", per_server=True),
    )

    @classmethod
    def default_settings(cls, product: str) -> SourceSettings | None:
        """Search the largest instance for every product."""
        del product
        return {"servers": list(DEFAULT_SERVERS)}

    def streams(self, watch: Watch, settings: SourceSettings) -> Iterable[Stream]:
        """Return a search for each name on each server."""
        self.check_settings(settings)
        for server in dict.fromkeys(name.lower() for name in self.values(settings, "servers")):
            for name in names_of(watch.brands):
                query = {"q": name, "type_": "All", "sort": "New", "listing_type": "All"}
                address = urlencode({**query, "limit": PAGE, "page": 1})
                url = f"{self._server(server)}/api/v3/search?{address}"
                yield Stream(watch=watch, name=f'"{name}"@{server}', url=url)

    def read(self, page: TextResponse) -> Iterator[Mention]:
        """Yield the posts and comments of a list, a search or a single view."""
        return (row.mention for row in _resolved(self._rows(page)))

    def next_page(self, page: TextResponse, mentions: Sequence[Mention]) -> str | None:
        """Return the next page: by its number, or in v4 by the cursor that the answer brings."""
        del mentions
        data = object_of(read_json(page, EXPECTED))
        parts = urlsplit(page.url)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        cursor = text_of(data.get("next_page"))
        if cursor and query.get("page_cursor") != cursor:
            query["page_cursor"] = cursor
        elif cursor is None and any(len(list_of(data.get(name))) >= PAGE for name in ("posts", "comments")):
            query["page"] = str(_number(query.get("page")) + 1)
        else:
            return None
        return f"{parts.scheme}://{parts.netloc}{parts.path}?{urlencode(query)}"

    def thread_url(self, mention: Mention, page: TextResponse) -> str | None:
        """Return the comments of the post that a match is or answers, on the instance that showed it."""
        rows = {row.mention.id: row for row in self._rows(page)}
        row = rows.get(mention.id)
        return self._comments(page, row.post) if row and row.post else None

    def read_thread(self, page: TextResponse, start: Mention) -> list[Mention]:
        """Return the post or the comments of an answer, with `start` where the answer leaves it out."""
        found = list(self.read(page))
        if any(mention.id == start.id for mention in found):
            return found
        return [start, *found] if start.kind is Kind.POST else [*found, start]

    def above(self, thread: Sequence[Mention], page: TextResponse) -> str | None:
        """Return the post that a list of comments belongs to."""
        del thread
        post = _asked(page, "post_id")
        if not post or not urlsplit(page.url).path.endswith("/comment/list"):
            return None
        return f"{page.url.partition('/api/')[0]}/api/v3/post?{urlencode({'id': post})}"

    def more(self, thread: Sequence[Mention], page: TextResponse) -> Iterator[str]:
        """Yield the branches that reach deeper than one list of comments shows."""
        del thread
        post = _asked(page, "post_id")
        views = [object_of(view) for view in list_of(object_of(read_json(page, EXPECTED)).get("comments"))]
        answered = {_parent(text_of(object_of(view.get("comment")).get("path"))) for view in views}
        for view in views:
            comment = object_of(view.get("comment"))
            number = id_of(comment.get("id"))
            if number and number not in answered and int_of(_counts(view, comment).get("child_count")):
                yield self._comments(page, post, parent=number)

    def is_placed(self, mention: Mention) -> bool:
        """Tell whether it is a post; what a comment answers is known by its home address from the thread."""
        return mention.kind is Kind.POST

    def handles(self, mention: Mention) -> tuple[str, ...]:
        """Return the handle, and the handle whole with its home server."""
        handle, home = mention.author.handle, host_of(mention.author.id or "")
        return tuple(filter(None, (handle, f"{handle}@{home}" if handle and home else None)))

    def headers(self, url: str) -> Mapping[str, str]:
        """Return the token of the instance that is asked, never of another."""
        token = self.keys.get(f"jwt@{self._host(url)}")
        return {"Authorization": f"Bearer {token}"} if token else {}

    def refused(self, page: TextResponse, now: datetime) -> EarfulError | None:
        """Return what a refusal means: instances say "too fast" with 400 as well as with 429."""
        told = refusal_of(lambda: _refuse(object_of(read_json(page, EXPECTED)), now))
        return told if isinstance(told, SourceBusy | SourceGone) else None

    def _rows(self, page: TextResponse) -> list[_Row]:
        data = read_json(page, EXPECTED)
        if not isinstance(data, dict):
            raise unknown(data, EXPECTED)
        views = [data[name] for name in _SINGLE if isinstance(data.get(name), dict)]
        # What `resolve_object` found, and a view that stands by itself.
        views += [one for name in ("post", "comment") if "creator" in (one := object_of(data.get(name)))]
        views += [data] if "creator" in data else []
        lists = [data[name] for name in _LISTS if isinstance(data.get(name), list)]
        if not views and not lists:
            _refuse(data, self.clock.now())
            raise unknown(data, EXPECTED)
        host = self._host(page.url)
        for items in lists:
            views.extend(list_of(items))
        return [row for view in views if (row := _row(object_of(view), host))]

    def _comments(self, page: TextResponse, post: str | None, parent: str | None = None) -> str:
        query = {"post_id": post, "parent_id": parent, "type_": "All", "max_depth": DEPTH, "sort": "Old"}
        asked = urlencode({name: value for name, value in query.items() if value is not None})
        return f"{page.url.partition('/api/')[0]}/api/v3/comment/list?{asked}"

    def _server(self, name: str) -> str:
        return f"{self.base_url}/{name}" if self.base_url else f"https://{name}"

    def _host(self, url: str) -> str:
        """Return the server of an address; below `--base-url` its name is the first path part."""
        if self.base_url and url.startswith(f"{self.base_url}/"):
            return url.removeprefix(f"{self.base_url}/").split("/", 1)[0]
        return host_of(url)


def _row(view: JsonObject, host: str) -> _Row | None:
    comment, post = object_of(view.get("comment")), object_of(view.get("post"))
    return _comment(view, comment, post, host) if comment else _post(view, post, host)


def _post(view: JsonObject, post: JsonObject, host: str) -> _Row | None:
    native, published = id_of(post.get("id")), _time(post, "published")
    title = text_of(post.get("name"))
    if native is None or published is None or title is None:
        return None
    counts = _counts(view, post)
    own_id = _own_id("post", native, post, host)
    gone = post.get("deleted") is True or post.get("removed") is True
    mention = Mention(
        id=own_id,
        source="lemmy",
        native_id=f"post/{native}",
        kind=Kind.POST,
        url=_url("post", native, post, host),
        thread_id=own_id,
        author=Author() if gone else _author(object_of(view.get("creator"))),
        title=one_line(title),
        text=text_of(post.get("body")) or "",
        published_at=published,
        edited_at=_edited(post, published),
        deleted=gone,
        engagement=Engagement(score=int_of(counts.get("score")), replies=int_of(counts.get("comments"))),
    )
    return _Row(mention, post=native)


def _comment(view: JsonObject, comment: JsonObject, post: JsonObject, host: str) -> _Row | None:
    native, published = id_of(comment.get("id")), _time(comment, "published")
    text = text_of(comment.get("content"))
    gone = comment.get("deleted") is True or comment.get("removed") is True
    if native is None or published is None or not (text or gone):
        return None
    counts = _counts(view, comment)
    number = id_of(comment.get("post_id")) or id_of(post.get("id"))
    thread = _own_id("post", number, post, host) if number else _own_id("comment", native, comment, host)
    parent = _parent(text_of(comment.get("path")))
    mention = Mention(
        id=_own_id("comment", native, comment, host),
        source="lemmy",
        native_id=f"comment/{native}",
        kind=Kind.COMMENT,
        url=_url("comment", native, comment, host),
        thread_id=thread,
        # Provisional below a comment: `_resolved` puts the parent's home in, where the parent is at hand.
        parent_id=mention_id("lemmy", f"comment/{parent}", host) if parent else thread,
        author=Author() if gone else _author(object_of(view.get("creator"))),
        text=text or "",
        published_at=published,
        edited_at=_edited(comment, published),
        deleted=gone,
        engagement=Engagement(score=int_of(counts.get("score")), replies=int_of(counts.get("child_count"))),
    )
    return _Row(mention, parent=parent, post=number)


def _resolved(rows: Sequence[_Row]) -> list[_Row]:
    """Return the rows once each, parents first and by their home ids: lists are not in tree order."""
    comments = {row.mention.native_id: row for row in rows}
    placed: dict[str, _Row] = {}
    for row in rows:
        way = [row]
        while (above := comments.get(f"comment/{way[-1].parent}")) and above not in way:
            way.append(above)
        for step in reversed(way):
            parent = comments.get(f"comment/{step.parent}")
            mention = replace(step.mention, parent_id=parent.mention.id) if parent else step.mention
            placed.setdefault(mention.id, replace(step, mention=mention))
    posts = [row for row in placed.values() if row.mention.kind is Kind.POST]
    return [*posts, *(row for row in placed.values() if row.mention.kind is not Kind.POST)]


def _own_id(kind: str, native: str, item: JsonObject, host: str) -> str:
    """Return a mention id by the home address, which is the same on every instance."""
    address = text_of(item.get("ap_id")) or ""
    home = host_of(address)
    if not home:
        return mention_id("lemmy", f"{kind}/{native}", host)
    own = _HOME.fullmatch(address)
    return mention_id(
        "lemmy",
        f"{own[1]}/{own[2]}" if own else address.partition("://")[2].partition("/")[2].strip("/"),
        home,
    )


def _url(kind: str, native: str, item: JsonObject, host: str) -> str:
    address = text_of(item.get("ap_id")) or ""
    return address if host_of(address) else f"https://{host}/{kind}/{native}"


def _counts(view: JsonObject, item: JsonObject) -> JsonObject:
    """Return the numbers of a view: in v4 they stand in the item itself."""
    counts = view.get("counts")
    return counts if isinstance(counts, dict) else item


def _time(item: JsonObject, name: str) -> datetime | None:
    return time_of(item.get(name)) or time_of(item.get(f"{name}_at"))


def _edited(item: JsonObject, published: datetime) -> datetime | None:
    updated = _time(item, "updated")
    return updated if updated and updated > published else None


def _parent(path: str | None) -> str | None:
    """Return the number of the comment above the last one of a path such as `0.12.34`."""
    found = _PARENT.search(path or "")
    return found[1] if found and found[1] != "0" else None


def _author(person: JsonObject) -> Author:
    address = text_of(person.get("actor_id")) or text_of(person.get("ap_id"))
    return Author(
        id=address or id_of(person.get("id")),
        handle=text_of(person.get("name")),
        name=text_of(person.get("display_name")),
        url=address if host_of(address or "") else None,
    )


def _refuse(data: JsonObject, now: datetime) -> None:
    error = text_of(data.get("error")) or ""
    if "rate_limit" in error:
        raise SourceBusy(f"the instance says {error!r}", until=now + INTERVAL)
    if error.startswith(("couldnt_find", "not_found")):
        raise SourceGone(f"the instance says {error!r}")
    refuse_error(data)


def _asked(page: TextResponse, name: str) -> str | None:
    values: Sequence[str] = parse_qs(urlsplit(page.url).query).get(name, [])
    return values[-1] if values else None


def _number(value: str | None) -> int:
    return int(value) if value and value.isdecimal() else 1
