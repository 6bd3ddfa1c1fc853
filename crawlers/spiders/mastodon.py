"""Mastodon and servers that speak its API: hashtags without a key, search with one, whole conversations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar
from urllib.parse import quote, urlencode, urljoin, urlsplit

from scrapy.http import TextResponse

from core.mention import Author, Engagement, Kind, Mention, mention_id
from core.source_form import SettingField
from core.watch import SourceSettings, Watch
from crawlers.freshness import Recheck
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
from crawlers.refusals import unknown
from crawlers.source import SERVER, Source, names_of
from crawlers.stream import Stream
from crawlers.text import html_to_text, plain_title

EXPECTED = "expected a list of statuses, a status, a context with `ancestors`, or a search with `statuses`"
#: Statuses a page: the most that a server gives.
PAGE = 40
#: Read for a product name alone. Big, open to hashtags without a key, and with rules that allow reading.
DEFAULT_SERVERS = ("mastodon.social", "fosstodon.org")
#: Shortest hashtag made of a name: shorter ones are mostly about something else.
MIN_TAG = 3

_SERVER = re.compile(r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?")
_NEXT = re.compile(r'<([^<>]+)>\s*;[^,]*\brel="?next"?')
#: Where the well-known kinds of server write a status's id in its `uri`.
_HOME_ID = re.compile(r"/(?:statuses|objects|notes|notice)/([\w-]+)/?$")


@dataclass(frozen=True, slots=True)
class _Row:
    """A status, and the id that its parent has on the server that was read."""

    mention: Mention
    parent: str | None


class Mastodon(Source):
    """Read Mastodon-compatible servers."""

    name = "mastodon"
    title = "Mastodon"
    summary = "Public posts with a hashtag, on the servers you name."
    fields = (
        SettingField(
            name="servers",
            label="Servers",
            example="mastodon.social",
            noun="server name",
            form=SERVER,
            required=True,
        ),
        SettingField(name="tags", label="More hashtags", example="acmecloud", hint="The names count anyway."),
    )
    about = (
        "Public posts under hashtags made of the product's and rivals' names (`tags` adds others) on the "
        "servers that `servers` lists, with the conversation around each. With a user's token of a server "
        "(`token`), what its search finds. Mastodon, GoToSocial (needs a token), Pleroma, Akkoma. "
        "Each server has its own rules and robots.txt; only public posts are read."
    )
    key_fields: ClassVar[Mapping[str, str]] = {"token": "full-text search on the server that gave it"}
    reach = "as far back as each server keeps posts under a hashtag"

    @classmethod
    def default_settings(cls, product: str) -> SourceSettings | None:
        """Read the product's hashtag on two big servers; nothing where its name makes no hashtag."""
        return {"servers": list(DEFAULT_SERVERS)} if _tag(product) else None

    def streams(self, watch: Watch, settings: SourceSettings) -> Iterable[Stream]:
        """Return each hashtag on each server, and a search for each name where there is a token."""
        self.check_settings(settings)
        names = names_of(watch.brands)
        tags = [tag for name in (*names, *self.values(settings, "tags")) if (tag := _tag(name))]
        for server in (name.lower() for name in self.values(settings, "servers")):
            for tag in dict.fromkeys(tags):
                url = f"{self._server(server)}/api/v1/timelines/tag/{quote(tag)}?limit={PAGE}"
                yield Stream(watch=watch, name=f"#{tag}@{server}", url=url)
            for name in names if self.keys.get(f"token@{server}") else ():
                query = urlencode({"q": f'"{name}"', "type": "statuses", "limit": PAGE})
                url = f"{self._server(server)}/api/v2/search?{query}"
                yield Stream(watch=watch, name=f'"{name}"@{server}', url=url)

    def read(self, page: TextResponse) -> Iterator[Mention]:
        """Yield the public statuses of a timeline, search or context, or the one status."""
        return iter([row.mention for row in _resolved(_rows(page, self._host(page)))])

    def next_page(self, page: TextResponse, mentions: Sequence[Mention]) -> str | None:
        """Return the `next` of the Link header: servers want it followed, not built."""
        del mentions
        found = _NEXT.search((page.headers.get("Link") or b"").decode("latin-1"))
        if not found:
            return None
        url = urljoin(page.url, found[1])
        # A server that sends us elsewhere for its own next page is not followed.
        return url if host_of(url) == host_of(page.url) else None

    def thread_url(self, mention: Mention, page: TextResponse) -> str | None:
        """Return the context of a status on the server that showed it."""
        return f"{page.url.partition('/api/')[0]}/api/v1/statuses/{quote(mention.native_id)}/context"

    def read_thread(self, page: TextResponse, start: Mention) -> list[Mention]:
        """Return a context with `start` between what is above and below it."""
        parent = start.parent_id.rpartition(":")[2] if start.parent_id else None
        return [row.mention for row in _resolved(_rows(page, self._host(page), start=_Row(start, parent)))]

    def above(self, thread: Sequence[Mention], page: TextResponse) -> str | None:
        """Return the context of the first post: that of an answer leaves its sisters out."""
        if not thread or f"/{thread[0].native_id}/context" in page.url:
            return None
        return self.thread_url(thread[0], page)

    def recheck(self, mentions: Sequence[Mention]) -> Iterator[Recheck]:
        """Yield a look at each status on its home server, the one that surely learns of its end.

        Others than Mastodon either number statuses otherwise in addresses or want a token for this.
        """
        for mention in mentions:
            _, home, native = mention.id.split(":", 2)
            if native.isdecimal():
                url = f"{self._server(home)}/api/v1/statuses/{native}"
                yield Recheck(url=url, mentions=(mention,), absent_is_gone=False)

    def is_placed(self, mention: Mention) -> bool:
        """Tell whether a status opens its conversation; only the context tells where an answer belongs."""
        return mention.parent_id is None

    def handles(self, mention: Mention) -> tuple[str, ...]:
        """Return the handle as shown, and whole with its home server."""
        handle = mention.author.handle
        if not handle:
            return ()
        return (handle, handle if "@" in handle else f"{handle}@{mention.id.split(':', 2)[1]}")

    def headers(self, url: str) -> Mapping[str, str]:
        """Return the token of the server that is asked, never of another."""
        token = self.keys.get(f"token@{self._host_of_url(url)}")
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _server(self, name: str) -> str:
        return f"{self.base_url}/{name}" if self.base_url else f"https://{name}"

    def _host(self, page: TextResponse) -> str:
        return self._host_of_url(page.url)

    def _host_of_url(self, url: str) -> str:
        """Return the server that an address belongs to; below `--base-url` the first path part."""
        if self.base_url and url.startswith(f"{self.base_url}/"):
            return url.removeprefix(f"{self.base_url}/").split("/", 1)[0]
        return host_of(url)


def _rows(page: TextResponse, host: str, start: _Row | None = None) -> list[_Row]:
    data = read_json(page, EXPECTED)
    middle = [start] if start else []
    if isinstance(data, list) and (not data or any(id_of(object_of(item).get("id")) for item in data)):
        return _all(data, host)
    if not isinstance(data, dict):
        raise unknown(data, EXPECTED)
    above, below, found = (data.get(name) for name in ("ancestors", "descendants", "statuses"))
    if isinstance(above, list) and isinstance(below, list):
        return [*_all(above, host), *middle, *_all(below, host)]
    if isinstance(found, list):
        return _all(found, host)
    if id_of(data.get("id")) and isinstance(data.get("account"), dict):
        return _all([data], host)
    raise unknown(data, EXPECTED)


def _all(items: Sequence[Json], host: str) -> list[_Row]:
    return [row for item in items if (row := _status(_inner(object_of(item)), host))]


def _inner(item: JsonObject) -> JsonObject:
    """Return the status in a notification or a conversation; else the item itself."""
    found = item.get("status") or item.get("last_status")
    return found if isinstance(found, dict) else item


def _status(item: JsonObject, host: str) -> _Row | None:
    """Return one status; None where it is not public, says nothing or is not one."""
    boosted = item.get("reblog")
    status = object_of(boosted) if isinstance(boosted, dict) else item
    native, published = id_of(status.get("id")), time_of(status.get("created_at"))
    if native is None or published is None or status.get("visibility", "public") != "public":
        return None
    text, warning = html_to_text(text_of(status.get("content")) or ""), text_of(status.get("spoiler_text"))
    warning = warning or (None if text else _shown(status))
    if not text and not warning:
        return None
    uri = text_of(status.get("uri")) or ""
    home, home_id = host_of(uri) or host, _home_id(uri) or native
    own_id, parent = mention_id("mastodon", home_id, home), id_of(status.get("in_reply_to_id"))
    mention = Mention(
        id=own_id,
        source="mastodon",
        native_id=native,
        kind=Kind.COMMENT if parent else Kind.POST,
        url=text_of(status.get("url")) or uri or None,
        thread_id=own_id,
        # Provisional: `_resolved` puts the parent's home in, where the parent is at hand.
        parent_id=mention_id("mastodon", parent, host) if parent else None,
        author=_author(object_of(status.get("account"))),
        title=plain_title(warning) if warning else None,
        text=text,
        language=text_of(status.get("language")),
        published_at=published,
        edited_at=time_of(status.get("edited_at")),
        engagement=Engagement(
            score=int_of(status.get("favourites_count")),
            replies=int_of(status.get("replies_count")),
            shares=int_of(status.get("reblogs_count")),
        ),
    )
    return _Row(mention, parent)


def _shown(status: JsonObject) -> str | None:
    """Return what a status without words shows: what its pictures are said to show, or that it has some."""
    media = [object_of(one) for one in list_of(status.get("media_attachments"))]
    options = [object_of(one) for one in list_of(object_of(status.get("poll")).get("options"))]
    said = [text_of(one.get("description")) or f"({one.get('type') or 'attachment'})" for one in media]
    return " ".join([*said, *filter(None, (text_of(one.get("title")) for one in options))]) or None


def _resolved(rows: Sequence[_Row]) -> list[_Row]:
    """Return the rows with parents and threads by home ids, as far as the parents are among them.

    A status has another id on every server; what it answers is told by the id on the server that was read.
    """
    by_native = {row.mention.native_id: row for row in rows}
    placed: dict[str, _Row] = {}
    for row in rows:
        seen, top = {row.mention.id}, row
        while top.parent in by_native and by_native[top.parent].mention.id not in seen:
            top = by_native[top.parent]
            seen.add(top.mention.id)
        above = by_native.get(row.parent) if row.parent else None
        thread = top.mention.parent_id or top.mention.id
        parent = above.mention.id if above else row.mention.parent_id
        mention = replace(row.mention, thread_id=thread, parent_id=parent)
        placed.setdefault(row.mention.id, _Row(mention, row.parent))
    return list(placed.values())


def _home_id(uri: str) -> str:
    """Return a status's id on its home server, out of its `uri`."""
    found = _HOME_ID.search(uri.partition("?")[0])
    if found:
        return found[1]
    parts = urlsplit(uri)
    return (parts.path + (f"?{parts.query}" if parts.query else "")).strip("/")


def _author(account: JsonObject) -> Author:
    url = text_of(account.get("url"))
    return Author(
        # The address, not the number: the number is another one on every server.
        id=text_of(account.get("uri")) or url or id_of(account.get("id")),
        handle=text_of(account.get("acct")) or text_of(account.get("username")),
        name=text_of(account.get("display_name")),
        url=url,
        followers=int_of(account.get("followers_count")),
    )


def _tag(name: str) -> str | None:
    """Return the hashtag that people make of a name."""
    tag = "".join(re.findall(r"\w+", name.casefold()))
    return tag if len(tag) >= MIN_TAG and not tag.isdigit() else None
