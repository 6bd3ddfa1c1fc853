"""Rows into mentions."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from core.labels import Labels
from core.mention import Author, Engagement, Kind, Mention
from core.thread import StoredMention
from store.codecs import labels_from_text, maybe_moment, moment
from store.sqlite.connection import Link

SELECT = """
SELECT m.docid, m.id, source.name, b.native_id, b.kind, b.url, thread.id, b.parent_id,
    author.service_id, author.handle, author.name, author.url, b.followers,
    b.title, b.text, b.language, m.published, b.published_known, b.edited, m.deleted,
    b.score, b.replies, b.shares, b.views, m.rating,
    m.revision, m.context, m.own, b.first_seen, original.id, b.stem_lang, m.thread
FROM mention m
JOIN body b ON b.docid = m.docid
JOIN source ON source.id = m.source
JOIN thread ON thread.tid = m.thread
JOIN author ON author.id = m.author
LEFT JOIN mention original ON original.docid = m.duplicate_of
WHERE m.docid IN (SELECT value FROM json_each(?))
"""
# The product's labels come first, then the others by name.
SELECT_LABELS = """
SELECT pair.docid, brand.name, pair.labels FROM pair JOIN brand ON brand.id = pair.brand
WHERE pair.docid IN (SELECT value FROM json_each(?)) AND pair.labels IS NOT NULL
ORDER BY pair.docid, pair.product DESC, brand.name
"""
SELECT_WATCHES = """
SELECT docid, watch FROM mention_watch WHERE docid IN (SELECT value FROM json_each(?)) ORDER BY docid, watch
"""


class Row(NamedTuple):
    """A mention as the tables hold it."""

    docid: int
    id: str
    source: str
    native_id: str
    kind: str
    url: str | None
    thread_id: str
    parent_id: str | None
    author_id: str | None
    handle: str | None
    name: str | None
    author_url: str | None
    followers: int | None
    title: str | None
    text: str
    language: str | None
    published: int
    published_known: int
    edited: int | None
    deleted: int
    score: int | None
    replies: int | None
    shares: int | None
    views: int | None
    rating: int | None
    revision: int
    context: int
    own: int
    first_seen: int
    duplicate_of: str | None
    stem_lang: str
    tid: int

    def mention(self, labels: tuple[Labels, ...] = ()) -> Mention:
        """Return the mention with these labels."""
        return Mention(
            id=self.id,
            source=self.source,
            native_id=self.native_id,
            kind=Kind(self.kind),
            url=self.url,
            thread_id=self.thread_id,
            parent_id=self.parent_id,
            author=Author(
                id=self.author_id,
                handle=self.handle,
                name=self.name,
                url=self.author_url,
                followers=self.followers,
            ),
            title=self.title,
            text=self.text,
            language=self.language,
            published_at=moment(self.published),
            published_known=bool(self.published_known),
            edited_at=maybe_moment(self.edited),
            deleted=bool(self.deleted),
            engagement=Engagement(
                score=self.score, replies=self.replies, shares=self.shares, views=self.views
            ),
            rating=self.rating,
            labels=labels,
        )

    def stored(self, mention: Mention, watches: Iterable[str]) -> StoredMention:
        """Return the mention with what the store knows about it."""
        return StoredMention(
            mention=mention,
            revision=self.revision,
            watches=tuple(watches),
            context=bool(self.context),
            own=bool(self.own),
            first_seen_at=moment(self.first_seen),
            duplicate_of=self.duplicate_of,
        )


def rows(link: Link, docids: Iterable[int]) -> dict[int, Row]:
    """Return the rows of mentions by docid."""
    return {row.docid: row for row in link.rows(Row, SELECT, json.dumps(list(docids)))}


def watches(link: Link, docids: Iterable[int]) -> dict[int, list[str]]:
    """Return which watches keep each mention."""
    found: dict[int, list[str]] = defaultdict(list)
    for docid, watch in link.rows(_pair, SELECT_WATCHES, json.dumps(list(docids))):
        found[docid].append(watch)
    return found


def _pair(docid: int, watch: str) -> tuple[int, str]:
    return docid, watch


def mentions(link: Link, docids: Iterable[int]) -> dict[int, StoredMention]:
    """Return mentions with their labels by docid."""
    return stored(link, rows(link, docids))


def stored(link: Link, found: dict[int, Row]) -> dict[int, StoredMention]:
    """Return rows as mentions with their labels."""
    keepers = watches(link, found)
    labels = defaultdict(list)
    for docid, brand, text in link.rows(_labels, SELECT_LABELS, json.dumps(list(found))):
        labels[docid].append(labels_from_text(brand, text))
    return {
        docid: row.stored(row.mention(tuple(labels[docid])), keepers[docid]) for docid, row in found.items()
    }


def _labels(docid: int, brand: str, text: str) -> tuple[int, str, str]:
    return docid, brand, text
