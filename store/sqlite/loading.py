"""Rows into mentions."""

# The SQL here is put together from our own names; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple, cast

from core.labels import Labels
from core.mention import Author, Engagement, Mention
from core.thread import StoredMention
from store.codecs import KINDS, labels_from_text, maybe_moment, moment
from store.sqlite.connection import Link, Value

#: Read by place into `Row`. Labels and watches come as one text each, a line for every label and watch: a row
#: of their own for each would cost more than they do, and most pages look at few of them.
COLUMNS = """m.docid, m.id, source.name, b.native_id, b.kind, b.url, thread.id, b.parent_id,
author.service_id, author.handle, author.name, author.url, b.followers,
b.title, b.text, b.language, m.published, b.published_known, b.edited, m.deleted,
b.score, b.replies, b.shares, b.views, m.rating,
m.revision, m.context, m.own, b.first_seen,
(SELECT original.id FROM mention original WHERE original.docid = m.duplicate_of), b.stem_lang, m.thread,
(SELECT group_concat(p.product || json_quote(brand.name) || char(31) || p.labels, char(10))
    FROM pair p CROSS JOIN brand ON brand.id = p.brand WHERE p.docid = m.docid AND p.labels IS NOT NULL),
(SELECT json_group_array(k.watch) FROM mention_watch k WHERE k.docid = m.docid)
"""
#: What `COLUMNS` are read from beside `mention m`.
OWN_JOINS = """
CROSS JOIN body b ON b.docid = m.docid
CROSS JOIN source ON source.id = m.source
CROSS JOIN author ON author.id = m.author
"""
JOINS = f"{OWN_JOINS} CROSS JOIN thread ON thread.tid = m.thread"
SELECT = f"""
SELECT {COLUMNS} FROM json_each(?) AS asked CROSS JOIN mention m ON m.docid = asked.value {JOINS}
"""
#: The same of one thread, whose id and number are bound.
OF_THREAD = f"SELECT {COLUMNS.replace('thread.id', '?')} FROM mention m {OWN_JOINS} WHERE m.thread = ?"
#: The columns of a row, as SQLite hands them out.
Columns = tuple[Value, ...]


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
    said: str | None
    kept: str

    def mention(self) -> Mention:
        """Return the mention with its labels."""
        return self.stored().mention

    def stored(self) -> StoredMention:
        """Return the mention with what the store knows about it."""
        return stored(self)


def stored(row: Row) -> StoredMention:
    """Return the mention of a row, or of its columns as SQLite hands them out.

    By place and all at once, because a page has many rows and a field by name costs twice as much.
    """
    # fmt: off
    (
        _, key, source, native_id, kind, url, thread_id, parent_id,
        author_id, handle, name, author_url, followers,
        title, text, language, published, known, edited, deleted,
        score, replies, shares, views, rating,
        revision, context, own, first_seen, duplicate_of, _, _, said, kept,
    ) = row
    # fmt: on
    mention = Mention.restored(
        key,
        source,
        native_id,
        KINDS[kind],
        url,
        thread_id,
        parent_id,
        Author.restored(author_id, handle, name, author_url, followers),
        title,
        text,
        language,
        moment(published),
        bool(known),
        maybe_moment(edited),
        bool(deleted),
        Engagement.restored(score, replies, shares, views),
        rating,
        _labels(said) if said else (),
    )
    return StoredMention.restored(
        mention, revision, _watches(kept), bool(context), bool(own), moment(first_seen), duplicate_of
    )


def _labels(said: str) -> tuple[Labels, ...]:
    """Return the labels: the product's first, then by the brand's name."""
    if "\n" not in said:
        head, _, text = said.partition(PART)
        return (labels_from_text(_split(head)[1], text),)
    told = [line.partition(PART) for line in said.split("\n")]
    named = sorted((*_split(head), text) for head, _, text in told)
    return tuple(labels_from_text(name, text) for _, name, text in named)


#: Stands between a brand's name and its labels; JSON holds neither it nor line ends.
PART = "\x1f"


# Few brands and watches stand on very many rows.
@functools.lru_cache(maxsize=1_000)
def _split(head: str) -> tuple[int, str]:
    """Return a key that puts the product first, and the name."""
    return -int(head[0]), str(json.loads(head[1:]))


@functools.lru_cache(maxsize=1_000)
def _watches(kept: str) -> tuple[str, ...]:
    return tuple(sorted(json.loads(kept)))


def read(columns: Columns) -> Row:
    """Return a row of `COLUMNS` by name."""
    return Row._make(columns)


def rows(link: Link, docids: Iterable[int]) -> dict[int, Row]:
    """Return the rows of mentions by docid."""
    found = link.connection.execute(SELECT, (json.dumps(list(docids)),))
    return {row.docid: row for row in map(read, found)}


def of_thread(link: Link, thread_id: str, tid: int) -> list[StoredMention]:
    """Return a thread's mentions."""
    found = cast("Iterable[Row]", link.connection.execute(OF_THREAD, (thread_id, tid)))
    return list(map(stored, found))


def columns(link: Link, docids: Sequence[int]) -> list[Columns]:
    """Return the columns of mentions in the order of `docids`, to be read with `Row(*columns)`."""
    found = {row[0]: row for row in link.connection.execute(SELECT, (json.dumps(docids),))}
    return [found[docid] for docid in docids]


def mentions(link: Link, docids: Iterable[int]) -> dict[int, StoredMention]:
    """Return mentions with their labels by docid."""
    return {docid: row.stored() for docid, row in rows(link, docids).items()}
