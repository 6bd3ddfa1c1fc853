"""Near-duplicates: each mention points to the earliest one at most three bits of SimHash away.

Mentions are written first, then made searchable, then compared: of two processes that store copies at the
same moment the later one sees both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from store import simhash
from store.codecs import micros
from store.elastic import near, records
from store.elastic.documents import Doc, Documents
from store.elastic.faults import Json
from store.elastic.records import Record, mention_key

NAME = "mentions"
FIELDS = ("id", "published", "simhash", "duplicate_of", "original_published")
ORDER: list[Json] = [{"published": "asc"}, {"id": "asc"}]
#: Mentions compared together: ten keys each, and the server takes 65,536 in one query.
STEP = 1_000
#: Different hashes near one batch that are looked at, the earliest ones first.
MOST = 10_000


class _Copy(NamedTuple):
    id: str
    published: int
    simhash: int
    original: str | None
    original_published: int | None

    @property
    def place(self) -> tuple[int, str]:
        return self.published, self.id


def relink(documents: Documents, changed: Iterable[Record], moved: Iterable[str]) -> None:
    """Find the originals of mentions whose text or time is new.

    `moved` are ids of those among them that were stored before: others may have pointed to them.
    """
    mine = {
        record.mention.id: _Copy(
            record.mention.id,
            micros(record.mention.published_at),
            record.simhash,
            record.duplicate_of,
            record.original_published,
        )
        for record in changed
        if record.simhash is not None
    }
    old = list(moved)
    if not mine and not old:
        return
    documents.server.refresh(NAME)
    for start in range(0, len(old), STEP):
        query: Json = {"terms": {"duplicate_of": old[start : start + STEP]}}
        mine |= {copy.id: copy for copy in _copies(documents.scan(NAME, query, ORDER, fields=FIELDS))}
    targets = list(mine.values())
    for start in range(0, len(targets), STEP):
        _compare(documents, {copy.id: copy for copy in targets[start : start + STEP]})
    gone = [mention_key(mention_id) for mention_id in old if mention_id not in mine]
    documents.edit(NAME, gone, _alone)


def _compare(documents: Documents, mine: dict[str, _Copy]) -> None:
    asked = sorted({key for copy in mine.values() for key in near.keys(copy.simhash)})
    first, ours = _Buckets(_firsts(documents, asked)), _Buckets(mine.values())
    since = min(copy.published for copy in mine.values())
    query: Json = {"bool": {"filter": [{"terms": {"near": asked}}, {"range": {"published": {"gte": since}}}]}}
    later = list(_copies(documents.scan(NAME, query, ORDER, limit=MOST, fields=FIELDS)))
    wanted: dict[str, _Copy | None] = {}
    for copy in mine.values():
        wanted[copy.id] = first.original(copy)
    for other in later:
        if other.id in mine:
            continue
        found = ours.original(other)
        there = (other.original_published, other.original)
        if found is not None and (other.original is None or found.place < there):
            wanted[other.id] = found
    changes = {
        mention_key(one): original
        for one, original in wanted.items()
        if one not in mine or mine[one].original != (original.id if original else None)
    }

    def point(doc: Doc) -> Json | None:
        record, original = records.read(doc), changes[doc.id]
        record.duplicate_of = original.id if original else None
        record.original_published = original.published if original else None
        return record.source()

    documents.edit(NAME, changes, point)


def _firsts(documents: Documents, asked: list[str]) -> list[_Copy]:
    """Return the earliest mention of each hash that shares a key: a flood of copies is one of them."""
    body: Json = {
        "query": {"terms": {"near": asked}},
        "collapse": {"field": "simhash"},
        "sort": ORDER,
        "size": MOST,
        "_source": False,
        "docvalue_fields": list(FIELDS),
        "track_total_hits": False,
    }
    return list(_copies(documents.server.search(NAME, body)["hits"]["hits"]))


class _Buckets:
    """Copies by the keys that near ones share: comparing each with each would be a second for a thousand."""

    def __init__(self, copies: Iterable[_Copy]) -> None:
        self._found: defaultdict[str, list[_Copy]] = defaultdict(list)
        for copy in copies:
            for key in near.keys(copy.simhash):
                self._found[key].append(copy)

    def original(self, copy: _Copy) -> _Copy | None:
        """Return the earliest copy that is earlier than this one."""
        among = {other for key in near.keys(copy.simhash) for other in self._found.get(key, ())}
        earlier = (
            other
            for other in among
            if other.place < copy.place and simhash.close(copy.simhash, other.simhash)
        )
        return min(earlier, key=lambda other: other.place, default=None)


def _copies(hits: Iterable[Json]) -> Iterator[_Copy]:
    for hit in hits:
        values = {name: found[0] for name, found in hit.get("fields", {}).items()}
        if "simhash" in values:
            yield _Copy(
                values["id"],
                values["published"],
                values["simhash"],
                values.get("duplicate_of"),
                values.get("original_published"),
            )


def _alone(doc: Doc) -> Json | None:
    record = records.read(doc)
    if record.duplicate_of is None or record.simhash is not None:
        return None
    record.duplicate_of = record.original_published = None
    return record.source()
