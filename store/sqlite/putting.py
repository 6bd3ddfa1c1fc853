"""One batch of mentions on its way into the tables, inside one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from core.source import Found, PutCount
from store import analysis
from store.arrivals import Arrival, linked, rounds, text_hashes
from store.codecs import maybe_micros, micros
from store.naming import Naming
from store.sqlite import addresses, brands, copies, revising
from store.sqlite.connection import Link
from store.sqlite.conversations import Conversations
from store.sqlite.docids import first_docid
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
    """A mention that is not stored yet, with its place in time."""

    docid: int
    arrival: Arrival


class Batch:
    """Store one batch of mentions."""

    def __init__(self, link: Link, now: datetime) -> None:
        self.link = link
        self.now = now
        self.numbers = Numbers(link)
        self.naming = Naming(brands.watches(link))
        self.threads = Conversations(link, self.numbers, now)
        self.erased = False

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
        self.numbers.meet(arrival.mention.author for arrival in arrivals)
        self.threads.meet(arrivals)
        new = self._placed(arrivals)
        note_stem_languages(
            self.link, {analysis.stem_language(arrival.mention.language) for _, arrival in new}
        )
        hashes = text_hashes(item.arrival.mention for item in new)
        rows = [self._mention_row(*item, value) for item, value in zip(new, hashes, strict=True)]
        self.threads.make()
        self.link.many(ADD_MENTION, rows)
        self.link.many(ADD_BODY, [self._body_row(*item) for item in new])
        addresses.add_all(self.link, [item.docid for item in new])
        self.link.many(
            ADD_WATCH, [(docid, watch, matched) for docid, a in new for watch, matched in a.watches.items()]
        )
        self.link.many(ADD_PAIR, [row for item in new for row in self._pair_rows(*item)])
        copies.add_all(
            self.link,
            [(item.docid, value) for item, value in zip(new, hashes, strict=True) if value is not None],
        )
        # Last, and in one go: FTS5 writes out what it gathered before each other statement of several rows.
        self.link.many(ADD_WORDS, map(_word_row, new))

    def _placed(self, arrivals: Sequence[Arrival]) -> list[_New]:
        """Give each its docid, in order of time."""
        free = next_docids(self.link, {first_docid(arrival.published) for arrival in arrivals})
        placed = []
        for arrival in sorted(arrivals, key=lambda arrival: arrival.published):
            second = first_docid(arrival.published)
            placed.append(_New(free[second], arrival))
            free[second] += 1
        return placed

    def _mention_row(self, docid: int, arrival: Arrival, value: int | None) -> tuple[int | str | None, ...]:
        mention = arrival.mention
        return (
            docid,
            arrival.id,
            arrival.published,
            self.numbers.source(mention.source),
            self.threads.joined(mention, arrival),
            self.numbers.author(mention.author),
            language_of([], mention.language),
            not arrival.matched,
            arrival.own,
            mention.deleted,
            linked(mention),
            mention.rating,
            1,
            value,
        )

    def _body_row(self, docid: int, arrival: Arrival) -> tuple[int | str | bytes | None, ...]:
        mention, engagement = arrival.mention, arrival.mention.engagement
        return (
            docid,
            arrival.native_id,
            mention.kind.value,
            arrival.url,
            arrival.parent_id,
            mention.title,
            mention.text,
            mention.language,
            analysis.stem_language(mention.language),
            mention.published_known,
            maybe_micros(mention.edited_at),
            mention.author.followers,
            engagement.score,
            engagement.replies,
            engagement.shares,
            engagement.views,
            bytes.fromhex(mention.content_hash),
            micros(self.now),
            micros(mention.edited_at or self.now) if mention.deleted else None,
        )

    def _pair_rows(self, docid: int, arrival: Arrival) -> list[tuple[int, ...]]:
        labelled = arrival.matched and not arrival.own and not arrival.mention.deleted
        flags = self.naming.flags(arrival.mention.said, arrival.watches, labelled=labelled)
        return [(docid, self.numbers.brand(brand), *flag) for brand, flag in flags.items()]


def _word_row(new: _New) -> tuple[int | str, ...]:
    mention = new.arrival.mention
    stem_lang = analysis.stem_language(mention.language)
    return (
        new.docid,
        " ".join(analysis.words(mention.title)),
        " ".join(analysis.words(mention.text)),
        " ".join(analysis.stems(mention.title, stem_lang)) if mention.title else "",
        " ".join(analysis.stems(mention.text, stem_lang)),
    )
