"""Hacker News through its Algolia search: stories and comments, with the whole thread around a match."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import ClassVar
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from scrapy.http import TextResponse

from core.errors import SourceGone
from core.mention import Author, Engagement, Kind, Mention, mention_id
from core.watch import SourceSettings, Watch
from crawlers.page import Json, JsonObject, id_of, int_of, list_of, object_of, read_json, text_of, time_of
from crawlers.refusals import unknown
from crawlers.source import Source, names_of
from crawlers.stream import Stream
from crawlers.text import html_to_text, one_line

EXPECTED = "expected an answer of hn.algolia.com/api/v1: `hits` of a search, or an item with `children`"
#: Hits a page. Algolia allows 1,000; 200 keeps a page under 1 MB.
PAGE = 200
SITE = "https://news.ycombinator.com"
#: What Firebase's live items are; options of a poll and accounts are not said by anybody.
_TYPES = frozenset(("story", "comment", "job", "poll"))


class HackerNews(Source):
    """Read Hacker News."""

    name = "hackernews"
    title = "Hacker News"
    summary = "Stories and comments."
    about = (
        "Stories and comments that name the product, a rival or an alias, with the whole thread around each. "
        "Read through the public Algolia search API (hn.algolia.com/api); no key."
    )
    home = "https://hn.algolia.com"
    reach = "everything since 2006"
    max_pages: ClassVar[int] = 50
    absent_means_gone: ClassVar[bool] = True

    @classmethod
    def default_settings(cls, product: str) -> SourceSettings | None:
        """Read it for every product: the watch's own names are the queries."""
        del product
        return {}

    def streams(self, watch: Watch, settings: SourceSettings) -> Iterable[Stream]:
        """Return a search for each name of each brand."""
        del settings
        for name in names_of(watch.brands):
            # A phrase without typo tolerance: Algolia otherwise finds words that only begin or look alike.
            query = {
                "query": '"' + name.replace('"', " ") + '"',
                "tags": "(story,comment)",
                "typoTolerance": "false",
                "hitsPerPage": str(PAGE),
            }
            url = f"{self.base}/api/v1/search_by_date?{urlencode(query)}"
            yield Stream(watch=watch, name=f'"{name}"', url=url)

    def read(self, page: TextResponse) -> Iterator[Mention]:
        """Yield the hits of a search, an item and all below it, or an item as Firebase tells it."""
        data = read_json(page, EXPECTED)
        if data is None:
            raise SourceGone("there is no such item")
        if not isinstance(data, dict):
            raise unknown(data, EXPECTED)
        if isinstance(data.get("hits"), list):
            yield from (found for hit in list_of(data["hits"]) if (found := _hit(object_of(hit))))
        elif "children" in data and id_of(data.get("id")):
            yield from _tree(data)
        elif id_of(data.get("id")) and text_of(data.get("type")) in _TYPES:
            yield from filter(None, [_live(data)])
        elif "karma" not in data:
            # An account says nothing by itself.
            raise unknown(data, EXPECTED)

    def next_page(self, page: TextResponse, mentions: Sequence[Mention]) -> str | None:
        """Return the window below the oldest hit: Algolia shows no more than 1,000 hits of one query."""
        del mentions
        hits = [object_of(hit) for hit in list_of(object_of(read_json(page, EXPECTED)).get("hits"))]
        if len(hits) < PAGE:
            return None
        stamps = [stamp for hit in hits if (stamp := int_of(hit.get("created_at_i"))) is not None]
        if not stamps:
            return None
        parts = urlsplit(page.url)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        oldest, bound = min(stamps), f"created_at_i<={min(stamps)}"
        if query.get("numericFilters") == bound:
            # A whole page within one second: step over it, or the walk would stand still.
            bound = f"created_at_i<{oldest}"
        return f"{parts.scheme}://{parts.netloc}{parts.path}?{urlencode({**query, 'numericFilters': bound})}"

    def thread_url(self, mention: Mention, page: TextResponse) -> str | None:
        """Return the item whose tree holds the whole thread."""
        del page
        return f"{self.base}/api/v1/items/{quote(mention.thread_id.rpartition(':')[2])}"


def _hit(hit: JsonObject) -> Mention | None:
    native, author = id_of(hit.get("objectID")), text_of(hit.get("author"))
    published = time_of(hit.get("created_at")) or time_of(hit.get("created_at_i"))
    if native is None or published is None:
        return None
    is_comment = hit.get("comment_text") is not None
    title = None if is_comment else text_of(hit.get("title"))
    text = html_to_text(text_of(hit.get("comment_text" if is_comment else "story_text")) or "")
    if not title and not text:
        return None
    story, parent = id_of(hit.get("story_id")) or native, id_of(hit.get("parent_id"))
    children = hit.get("children")
    replies = int_of(hit.get("num_comments"))
    return Mention(
        id=mention_id("hackernews", native),
        source="hackernews",
        native_id=native,
        kind=Kind.COMMENT if is_comment else Kind.POST,
        url=_url(native),
        thread_id=mention_id("hackernews", story if is_comment else native),
        parent_id=mention_id("hackernews", parent) if is_comment and parent else None,
        author=_author(author),
        title=one_line(html.unescape(title)) if title else None,
        text=text,
        published_at=published,
        engagement=Engagement(
            score=int_of(hit.get("points")),
            replies=len(children) if replies is None and isinstance(children, list) else replies,
        ),
    )


def _live(item: JsonObject) -> Mention | None:
    """Return an item as hacker-news.firebaseio.com tells it; None for one that is deleted or dead."""
    if item.get("deleted") is True or item.get("dead") is True:
        return None
    told = {"author": item.get("by"), "created_at_i": item.get("time"), "parent_id": item.get("parent")}
    thread = id_of(item.get("parent")) or id_of(item.get("id")) or ""
    found = _item({**item, **told, "points": item.get("score"), "children": []}, thread, answered=False)
    if found is None:
        return None
    answers = int_of(item.get("descendants"))
    replies = len(list_of(item.get("kids"))) if answers is None else answers
    return replace(found, engagement=replace(found.engagement, replies=replies))


def _tree(root: JsonObject) -> Iterator[Mention]:
    """Yield an item and all below it, parents first, without recursion: threads are thousands deep."""
    thread = id_of(root.get("story_id")) or id_of(root.get("id")) or ""
    waiting: list[Json] = [root]
    while waiting:
        item = object_of(waiting.pop())
        children = list_of(item.get("children"))
        found = _item(item, thread, answered=bool(children))
        if found:
            yield found
        waiting.extend(reversed(children))


def _item(item: JsonObject, thread: str, *, answered: bool) -> Mention | None:
    native = id_of(item.get("id"))
    published = time_of(item.get("created_at")) or time_of(item.get("created_at_i"))
    if native is None or published is None:
        return None
    author, title = text_of(item.get("author")), text_of(item.get("title"))
    text = html_to_text(text_of(item.get("text")) or "")
    # A deleted comment keeps its place in the tree, without author and text.
    deleted = author is None or not (text or title)
    if deleted and not answered:
        return None
    parent = id_of(item.get("parent_id"))
    return Mention(
        id=mention_id("hackernews", native),
        source="hackernews",
        native_id=native,
        kind=Kind.COMMENT if parent else Kind.POST,
        url=_url(native),
        thread_id=mention_id("hackernews", thread),
        parent_id=mention_id("hackernews", parent) if parent else None,
        author=_author(author),
        title=one_line(html.unescape(title)) if title else None,
        text=text,
        published_at=published,
        deleted=deleted,
        engagement=Engagement(score=int_of(item.get("points")), replies=_answers(item)),
    )


def _answers(item: JsonObject) -> int:
    """Return how many answers an item has: all below a story, the direct ones to a comment."""
    children = list_of(item.get("children"))
    if item.get("parent_id"):
        return len(children)
    count, waiting = 0, list(children)
    while waiting:
        count += 1
        waiting.extend(list_of(object_of(waiting.pop()).get("children")))
    return count


def _author(name: str | None) -> Author:
    if name is None:
        return Author()
    return Author(id=name, handle=name, url=f"{SITE}/user?id={quote(name)}")


def _url(native: str) -> str:
    return f"{SITE}/item?id={native}"
