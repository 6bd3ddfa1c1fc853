"""Mentions as records: what a crawl, a model and people told of each, put back as it was."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence

from core.records import Record
from core.source import Found
from core.thread import Correction
from store.codecs import labels_from_text, labels_to_text, micros, moment
from store.naming import Flags
from store.sqlite import brands, copies, loading
from store.sqlite.connection import Link
from store.sqlite.conversations import Conversations
from store.sqlite.fresh import Fresh
from store.sqlite.interning import Numbers
from store.sqlite.labels import correction, judge
from store.sqlite.language import recognise
from store.sqlite.putting import Batch
from store.wholes import Answered, WholeMention

AMONG = "IN (SELECT value FROM json_each(?))"
NEXT = "SELECT docid FROM mention WHERE id > ? ORDER BY id LIMIT ?"
DELETED = f"SELECT docid, deleted_at FROM body WHERE docid {AMONG}"  # noqa: S608 — our own names
WATCHES = f"SELECT docid, watch, matched FROM mention_watch WHERE docid {AMONG}"  # noqa: S608 — our own names
EARLIER = f"""
SELECT docid, revision, title, text, rating, edited, deleted FROM revision WHERE docid {AMONG}
ORDER BY docid, revision
"""  # noqa: S608 — our own names
PAIRS = f"""
SELECT docid, brand.name, product, wanted, names_product, names_rival, coalesce(model.name, ''), labels
FROM pair JOIN brand ON brand.id = pair.brand LEFT JOIN model ON model.id = pair.answer WHERE docid {AMONG}
"""  # noqa: S608 — our own names
CORRECTIONS = f"""
SELECT c.docid, m.id, brand.name, c.by, c.at, c.tone, c.churn
FROM correction c JOIN mention m ON m.docid = c.docid JOIN brand ON brand.id = c.brand WHERE c.docid {AMONG}
"""  # noqa: S608 — our own names

PUT_BODY = "UPDATE body SET first_seen = ?, deleted_at = ? WHERE docid = ?"
PUT_REVISION = """
INSERT INTO revision (docid, revision, title, text, rating, edited, deleted) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
PUT_ANSWER = "UPDATE pair SET answer = ?, labels = ? WHERE docid = ? AND brand = ?"
PUT_CORRECTION = "INSERT INTO correction (docid, brand, at, by, tone, churn) VALUES (?, ?, ?, ?, ?, ?)"


class Mentions:
    """One record for each mention."""

    tables = frozenset(
        {
            "mention",
            "body",
            "revision",
            "mention_watch",
            "pair",
            "correction",
            "author",
            "author_key",
            "source",
            "brand",
            "model",
        }
    )

    def count(self, link: Link) -> int:
        """Return how many there are."""
        return link.number("SELECT count(*) FROM mention")

    def read(self, link: Link, after: Record | None, limit: int) -> list[Record]:
        """Return the first records in order, or those after one."""
        docids = link.rows(int, NEXT, after.key if after else "", limit)
        return [whole.record() for whole in wholes(link, docids)]

    def write(self, link: Link, records: Sequence[Record]) -> None:
        """Store mentions in the place of what stands under their ids."""
        found = [WholeMention.of(record.body) for record in records]
        self.remove(link, [whole.mention.id for whole in found], threads=False)
        batch = Batch(link, moment(0))
        batch.threads.quiet = True
        batch.put([one for whole in found for one in _found(whole)])
        docids = _docids(link, [whole.mention.id for whole in found])
        for whole in found:
            _complete(link, batch.numbers, docids[whole.mention.id], whole)
        brands.refresh(link, docids.values())
        recognise(link, docids.values())

    def remove(self, link: Link, keys: Sequence[str], *, threads: bool = True) -> None:
        """Take mentions away, and threads that have none left."""
        docids = list(_docids(link, keys).values())
        touched = Conversations(link, Numbers(link), moment(0))
        touched.quiet = True
        for tid in link.rows(int, f"SELECT thread FROM mention WHERE docid {AMONG}", json.dumps(docids)):  # noqa: S608
            touched.touch(tid)
        fresh = Fresh(link)
        for docid in docids:
            copies.remove(link, fresh, docid)
            link.run("DELETE FROM mention WHERE docid = ?", docid)
        if threads:
            link.run("DELETE FROM note WHERE thread NOT IN (SELECT thread FROM mention)")
            link.run("DELETE FROM thread WHERE tid NOT IN (SELECT thread FROM mention)")
        touched.finish()


def _found(whole: WholeMention) -> Iterable[Found]:
    for watch, matched in whole.watches.items():
        yield Found(mention=whole.mention, watch_id=watch, context=not matched, own=whole.own)


def _docids(link: Link, ids: Iterable[str]) -> dict[str, int]:
    sql = f"SELECT id, docid FROM mention WHERE id {AMONG}"  # noqa: S608 — our own names
    return dict(link.rows(lambda one, docid: (str(one), int(docid)), sql, json.dumps(list(ids))))


def _complete(link: Link, numbers: Numbers, docid: int, whole: WholeMention) -> None:
    """Store what a mention that has just come in does not have yet."""
    link.run("UPDATE mention SET revision = ? WHERE docid = ?", whole.revision, docid)
    link.run(PUT_BODY, whole.first_seen, whole.deleted_at, docid)
    for one in whole.earlier:
        values = (one[name] for name in ("revision", "title", "text", "rating", "edited", "deleted"))
        link.run(PUT_REVISION, docid, *values)
    # What the text names may have been worked out with other watches; what was stored counts.
    link.run("DELETE FROM pair WHERE docid = ?", docid)
    for name, said_of in whole.brands.items():
        brand = numbers.brand(name)
        link.run(brands.UPSERT, docid, brand, *map(int, said_of.flags))
        answer = numbers.model(said_of.answer) if said_of.answer else 0
        labels = labels_to_text(said_of.labels) if said_of.labels else None
        link.run(PUT_ANSWER, answer, labels, docid, brand)
    for said in whole.corrections:
        at, brand = micros(said.at), numbers.brand(said.brand)
        link.run(PUT_CORRECTION, docid, brand, at, said.by, said.tone, said.churn)
    for name in whole.brands:
        judge(link, docid, numbers.brand(name), name)


def wholes(link: Link, docids: Sequence[int]) -> list[WholeMention]:
    """Return mentions with everything that is known of each, in the given order."""
    asked, rows = json.dumps(docids), loading.rows(link, docids)
    deleted = dict(link.rows(lambda docid, at: (int(docid), at), DELETED, asked))
    watches: dict[int, dict[str, bool]] = defaultdict(dict)
    for docid, watch, matched in link.rows(lambda *row: row, WATCHES, asked):
        watches[docid][watch] = bool(matched)
    earlier: dict[int, list[dict[str, object]]] = defaultdict(list)
    for docid, *values in link.rows(lambda *row: row, EARLIER, asked):
        earlier[docid].append(_revision(*values))
    pairs: dict[int, dict[str, Answered]] = defaultdict(dict)
    for docid, brand, *values in link.rows(lambda *row: row, PAIRS, asked):
        pairs[docid][brand] = _answered(brand, *values)
    said: dict[int, list[Correction]] = defaultdict(list)
    for docid, *values in link.rows(lambda *row: row, CORRECTIONS, asked):
        said[docid].append(correction(*values))
    return [
        WholeMention(
            mention=rows[docid].mention().with_labels(()),
            watches=watches[docid],
            own=bool(rows[docid].own),
            first_seen=rows[docid].first_seen,
            revision=rows[docid].revision,
            deleted_at=deleted[docid],
            earlier=tuple(earlier[docid]),
            brands=pairs[docid],
            corrections=tuple(said[docid]),
        )
        for docid in docids
    ]


def _revision(  # noqa: PLR0917 — the columns of a row
    revision: int, title: str | None, text: str, rating: int | None, edited: int | None, deleted: int
) -> dict[str, object]:
    return {
        "revision": revision,
        "title": title,
        "text": text,
        "rating": rating,
        "edited": edited,
        "deleted": bool(deleted),
    }


def _answered(  # noqa: PLR0917 — the columns of a row
    brand: str,
    product: int,
    wanted: int,
    names_product: int,
    names_rival: int,
    answer: str,
    labels: str | None,
) -> Answered:
    flags = Flags(*map(bool, (product, wanted, names_product, names_rival)))
    return Answered(flags=flags, answer=answer, labels=labels_from_text(brand, labels) if labels else None)
