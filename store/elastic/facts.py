"""Small documents of the office index: watches, cursors, states, people, leases, work and alerts."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping

from core.errors import StoreError
from core.watch import Watch
from store.codecs import dumps, storable
from store.elastic.bulk import Action, Outcome
from store.elastic.documents import Doc, Documents, key, read
from store.elastic.faults import Json
from store.watchcodec import watch_from_text

NAME = "office"
#: Characters of what lists are ordered by.
LONGEST_KEY = 1_000


def fact_key(kind: str, *parts: str) -> str:
    """Return the id of a fact's document."""
    return key(kind, *map(storable, parts))


def fact(kind: str, sort: str, body: Json, **fields: object) -> Json:
    """Return a fact's document; `sort` is what lists of its kind are ordered by."""
    return {"kind": kind, "key": storable(sort)[:LONGEST_KEY], "body": cleaned(body), **fields}


def cleaned(value: Json) -> Json:
    """Return plain JSON values whose texts every engine can hold."""
    return {storable(name): _cleaned(one) for name, one in value.items()}


def _cleaned(value: object) -> object:
    match value:
        case str():
            return storable(value)
        case dict():
            return cleaned(value)
        case list() | tuple():
            return [_cleaned(one) for one in value]
        case _:
            return value


def save(documents: Documents, doc_id: str, source: Json) -> None:
    """Store a fact, whatever stood there, and make lists see it."""
    refuse_dead(documents.write([Action("index", NAME, doc_id, source)], refresh=True)[0])


def refuse_dead(outcome: Outcome) -> None:
    """Return where a write was not turned down for good.

    Raises:
        StoreError: it was.
    """
    if outcome is Outcome.DEAD:
        raise StoreError("the server refused this; its reason lies among the dead letters (check tells)")


def listed(documents: Documents, kind: str) -> Iterator[Doc]:
    """Yield all facts of a kind, in order of their keys."""
    documents.server.refresh(NAME)
    query: Json = {"term": {"kind": kind}}
    for hit in documents.scan(NAME, query, [{"key": "asc"}, {"_doc": "asc"}]):
        yield read(NAME, hit)


def watch_key(watch_id: str) -> str:
    """Return the id of a watch's document."""
    return fact_key("watch", watch_id)


def watches(documents: Documents, ids: Iterable[str]) -> dict[str, Watch]:
    """Return watches by id; those that are not there are left out."""
    found = documents.many((NAME, watch_key(one)) for one in ids)
    kept = [watch_of(doc) for doc in found.values()]
    return {watch.id: watch for watch in kept}


def all_watches(documents: Documents) -> dict[str, Watch]:
    """Return all watches by id."""
    kept = [watch_of(doc) for doc in listed(documents, "watch")]
    return {watch.id: watch for watch in sorted(kept, key=lambda watch: watch.id)}


def watch_of(doc: Doc) -> Watch:
    """Return the watch in a document."""
    return watch_from_text(dumps(doc.body["watch"]))


#: Names that queries need before they can be asked: brands, and languages with stems.
REGISTRY = "registry"


#: Seconds for which names count as known: what others wrote is searchable within a second too.
NAMES_SECONDS = 1.0


class Registry:
    """Names that only ever grow, in one document: written before the mentions that carry them."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self._known: dict[str, frozenset[str]] = {}
        self._known_until = 0.0

    def add(self, **names: Iterable[str]) -> None:
        """Add names to lists; nothing is asked where this process knows them all."""
        wanted = {name: set(values) for name, values in names.items()}
        if all(values <= self._known.get(name, frozenset()) for name, values in wanted.items()):
            return
        doc_id = fact_key(REGISTRY)
        while True:
            doc = self.documents.get(NAME, doc_id)
            there = {name: set(values) for name, values in (doc.body if doc else {}).items()}
            merged = {name: there.get(name, set()) | wanted.get(name, set()) for name in there | wanted}
            if doc and merged == there:
                self._know(merged)
                return
            source = fact(REGISTRY, "", {name: sorted(values) for name, values in merged.items()})
            action = doc.replaced(source) if doc else Action("create", NAME, doc_id, source)
            if self.documents.write([action])[0] is Outcome.DONE:
                self._know(merged)
                return

    def read(self, name: str) -> list[str]:
        """Return a list: all that this process added, and all that others did until a second ago."""
        if time.monotonic() >= self._known_until:
            doc = self.documents.get(NAME, fact_key(REGISTRY))
            self._know(doc.body if doc else {})
        return sorted(self._known.get(name, ()))

    def forget(self) -> None:
        """Ask again at the next reading."""
        self._known_until = 0.0

    def _know(self, names: Mapping[str, Iterable[str]]) -> None:
        self._known = {name: frozenset(values) for name, values in names.items()}
        self._known_until = time.monotonic() + NAMES_SECONDS
