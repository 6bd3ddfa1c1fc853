"""One batch of mentions on its way into the tables, inside one transaction."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from core.source import Found, PutCount
from store import analysis
from store.arrivals import Arrival, linked, rounds
from store.codecs import maybe_micros, micros
from store.naming import Naming
from store.simhash import simhashes
from store.sqlite import addresses, brands, copies, revising
from store.sqlite.connection import Link
from store.sqlite.conversations import Conversations
from store.sqlite.docids import first_docid
from store.sqlite.fresh import Fresh
from store.sqlite.interning import Numbers
from store.sqlite.language import note_stem_languages
from store.sqlite.placing import next_docids
from store.sqlite.revising import Old
from store.verdict import language_of

STORED = """
SELECT m.docid, m.id, m.thread, m.published, m.revision, m.context, m.own, m.deleted, m.author,
    b.published_known, b.edited, b.deleted_at, b.content_hash, b.url, b.parent_id, b.language,
    b.followers, b.score, b.replies, b.shares, b.views
FROM mention m JOIN body b ON b.docid = m.docid WHERE m.id IN (SELECT value FROM json_each(?))
"""
ADD_MENTION = """
INSERT INTO mention (docid, id, published, source, thread, author, lang, context, own, deleted, linked,
    rating, revision, simhash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
ADD_BODY = """
INSERT INTO body (docid, native_id, kind, url, parent_id, title, text, language, stem_lang, published_known,
    edited, followers, score, replies, shares, views, content_hash, first_seen, deleted_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
ADD_WATCH = """
INSERT INTO mention_watch (docid, watch, matched) VALUES (?, ?, ?)
ON CONFLICT (docid, watch) DO UPDATE SET matched = max(matched, excluded.matched)
"""
ADD_PAIR = """
INSERT INTO pair (docid, brand, product, wanted, names_product, names_rival) VALUES (?, ?, ?, ?, ?, ?)
"""
ADD_WORDS = "INSERT INTO word (rowid, title, text, title_stem, text_stem) VALUES (?, ?, ?, ?, ?)"


class _New(NamedTuple):
    """A mention that is not stored yet, with its place in time and what its texts are indexed under."""

    docid: int
    arrival: Arrival
    stem_lang: str
    title: tuple[str, ...]
    text: tuple[str, ...]


class Batch:
    """Store one batch of mentions."""

    def __init__(self, link: Link, now: datetime) -> None:
        self.link = link
        self.now, self.seen = now, micros(now)
        self.numbers = Numbers(link)
        self.naming = Naming(brands.watches(link))
        self.threads = Conversations(link, self.numbers, now)
        self.erased = False

    @functools.cached_property
    def fresh(self) -> Fresh:
        """The hashes that came in last, read once."""
        return Fresh(self.link)

    def put(self, found: Sequence[Found]) -> PutCount:
        """Store what was found; the same id in one batch is taken one after the other."""
        count = PutCount()
        for group in rounds(found):
            count += self._round(group)
        self.threads.finish()
        return count

    def _round(self, arrivals: Mapping[str, Arrival]) -> PutCount:
        known = {old.id: old for old in self.link.rows(Old, STORED, json.dumps(list(arrivals)))}
        fresh = [arrival for key, arrival in arrivals.items() if key not in known]
        self._add(fresh)
        changed = 0
        # In order of docid: FTS5 writes a segment each time that one comes before the last.
        for old in sorted(known.values()):
            changed += revising.revise(self, old, arrivals[old.id])
        return PutCount(new=len(fresh), changed=changed, unchanged=len(known) - changed)

    def _add(self, arrivals: Sequence[Arrival]) -> None:
        if not arrivals:
            return
        new = self._placed(arrivals)
        authors = self.numbers.authors([item.arrival.mention.author for item in new])
        hashes = simhashes([item.title + item.text for item in new])
        self.threads.meet(arrivals)
        note_stem_languages(self.link, {item.stem_lang for item in new})
        rows = list(map(self._mention_row, new, authors, hashes))
        self.threads.make()
        self.link.many(ADD_MENTION, rows)
        self.link.many(ADD_BODY, map(self._body_row, new))
        addresses.add_all(self.link, [item.docid for item in new])
        self.link.many(
            ADD_WATCH,
            [(item.docid, watch, matched) for item in new for watch, matched in item.arrival.watches.items()],
        )
        self.link.many(ADD_PAIR, [row for item in new for row in self._pair_rows(item)])
        copies.add_all(
            self.link,
            self.fresh,
            [(item.docid, value) for item, value in zip(new, hashes, strict=True) if value is not None],
        )
        # Last, and in one go: FTS5 writes out what it gathered before each other statement of several rows.
        self.link.many(ADD_WORDS, map(_word_row, new))

    def _placed(self, arrivals: Sequence[Arrival]) -> list[_New]:
        """Give each its docid, in order of time."""
        ordered = sorted(arrivals, key=_published)
        seconds = [first_docid(arrival.published) for arrival in ordered]
        free = next_docids(self.link, set(seconds))
        placed = []
        for second, arrival in zip(seconds, ordered, strict=True):
            mention, docid = arrival.mention, free[second]
            free[second] = docid + 1
            title, text = analysis.split(mention.title), analysis.split(mention.text)
            placed.append(_New(docid, arrival, analysis.stem_language(mention.language), title, text))
        return placed

    def _mention_row(self, new: _New, author: int, value: int | None) -> tuple[int | str | None, ...]:
        arrival = new.arrival
        mention = arrival.mention
        return (
            new.docid,
            arrival.id,
            arrival.published,
            self.numbers.source(mention.source),
            self.threads.joined(mention, arrival),
            author,
            _language(mention.language),
            not arrival.matched,
            arrival.own,
            mention.deleted,
            linked(mention),
            mention.rating,
            1,
            value,
        )

    def _body_row(self, new: _New) -> tuple[int | str | bytes | None, ...]:
        arrival = new.arrival
        mention = arrival.mention
        engagement = mention.engagement
        return (
            new.docid,
            arrival.native_id,
            mention.kind.value,
            arrival.url,
            arrival.parent_id,
            mention.title,
            mention.text,
            mention.language,
            new.stem_lang,
            mention.published_known,
            maybe_micros(mention.edited_at),
            mention.author.followers,
            engagement.score,
            engagement.replies,
            engagement.shares,
            engagement.views,
            bytes.fromhex(mention.content_hash),
            self.seen,
            micros(mention.edited_at or self.now) if mention.deleted else None,
        )

    def _pair_rows(self, new: _New) -> list[tuple[int, ...]]:
        arrival = new.arrival
        labelled = arrival.matched and not arrival.own and not arrival.mention.deleted
        flags = self.naming.flags(arrival.mention.said, arrival.watches, labelled=labelled)
        return [(new.docid, self.numbers.brand(brand), *flag) for brand, flag in flags.items()]


def _published(arrival: Arrival) -> int:
    return arrival.published


# Few languages stand on very many mentions.
@functools.lru_cache(maxsize=256)
def _language(said_by_source: str | None) -> str:
    return language_of([], said_by_source)


def _word_row(new: _New) -> tuple[int | str, ...]:
    title, text, stem_lang = new.title, new.text, new.stem_lang
    return (
        new.docid,
        " ".join(title),
        " ".join(text),
        " ".join(analysis.stems_of(title, stem_lang)) if title else "",
        " ".join(analysis.stems_of(text, stem_lang)),
    )
