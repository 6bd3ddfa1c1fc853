"""Documents by id: read as they are now, written by compare-and-set."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from core.errors import StoreUnavailable
from store.elastic.bulk import Action, Outcome, Sender
from store.elastic.connection import Answer, Server
from store.elastic.faults import SERVER_FAULT, Json

#: Documents read by one request.
STEP = 500
#: How often a document that others keep changing is read again.
TRIES = 50


def key(*parts: str) -> str:
    """Return the id on the server of what we call `parts`; theirs have at most 512 bytes, ours any number."""
    text = "\x1f".join(parts)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class Doc(NamedTuple):
    """A document as it was read, and what a compare-and-set of it needs."""

    name: str
    id: str
    body: Json
    place: str
    seq: int
    term: int

    def replaced(self, source: Json) -> Action:
        """Return the write that holds only if nobody wrote it since."""
        return Action("index", self.name, self.id, source, self.place, self.seq, self.term)

    def removed(self) -> Action:
        """Return the removal that holds only if nobody wrote it since."""
        return Action("delete", self.name, self.id, None, self.place, self.seq, self.term)


class Documents:
    """The documents of one store."""

    def __init__(self, server: Server, sender: Sender) -> None:
        self.server = server
        self.sender = sender

    def get(self, name: str, doc_id: str) -> Doc | None:
        """Return a document as it is now, None where there is none."""
        return self.many([(name, doc_id)]).get((name, doc_id))

    def many(self, asked: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Doc]:
        """Return documents as they are now, by index and id; those that are not there are left out."""
        wanted = list(dict.fromkeys(asked))
        found: dict[tuple[str, str], Doc] = {}
        for start in range(0, len(wanted), STEP):
            step = wanted[start : start + STEP]
            docs = [{"_index": self.server.alias(name), "_id": doc_id} for name, doc_id in step]
            answer = self.server.post("/_mget", {"docs": docs})
            for (name, doc_id), told in zip(step, answer["docs"], strict=True):
                doc = self._read(name, doc_id, told)
                if doc is not None:
                    found[name, doc_id] = doc
        return found

    def _read(self, name: str, doc_id: str, told: Json) -> Doc | None:
        if "error" in told:
            # No document at all is `found: false`; an error says that its index or its shard is not there.
            raise self.server.explained(Answer(SERVER_FAULT, told))
        if not told.get("found"):
            return None
        return Doc(
            name, doc_id, told["_source"]["body"], told["_index"], told["_seq_no"], told["_primary_term"]
        )

    def write(self, actions: Sequence[Action], *, refresh: bool = False) -> list[Outcome]:
        """Write documents; return what became of each."""
        return self.sender.send(actions, refresh=refresh) if actions else []

    def replace(self, doc: Doc, source: Json) -> Doc | None:
        """Write a document by compare-and-set; return it as it stands now, None where others were first."""
        written = self.sender.deliver([doc.replaced(source)])[0]
        if written.outcome is not Outcome.DONE:
            return None
        return doc._replace(body=source["body"], seq=written.seq, term=written.term)

    def edit(self, name: str, ids: Iterable[str], change: Callable[[Doc], Json | None]) -> list[str]:
        """Change documents until each change holds; return the ids of those that were written.

        `change` gets a document as it is now and returns it whole, or None to leave it.
        """
        waiting, written = list(dict.fromkeys(ids)), list[str]()
        for _ in range(TRIES):
            docs = self.many((name, doc_id) for doc_id in waiting)
            actions = [doc.replaced(source) for doc in docs.values() if (source := change(doc)) is not None]
            if not actions:
                return written
            outcomes = self.write(actions)
            pairs = list(zip(actions, outcomes, strict=True))
            written += [action.id for action, outcome in pairs if outcome is Outcome.DONE]
            waiting = [action.id for action, outcome in pairs if outcome is Outcome.CLASH]
            if not waiting:
                return written
        raise StoreUnavailable("others keep changing the same things; try again")

    def scan(
        self,
        name: str,
        query: Json,
        sort: list[Json],
        *,
        limit: int | None = None,
        after: list[object] | None = None,
        fields: Sequence[str] | None = None,
        parts: Sequence[str] | None = None,
    ) -> Iterator[Json]:
        """Yield hits in an order, page by page, at most `limit`.

        With `fields` only these indexed fields of each, with `parts` only these parts of its source.
        """
        left = limit
        while left is None or left > 0:
            size = SCAN if left is None else min(left, SCAN)
            body: Json = {"query": query, "sort": sort, "size": size, "track_total_hits": False}
            body |= {"_source": False, "docvalue_fields": list(fields)} if fields is not None else {}
            body |= {"_source": list(parts)} if parts is not None else {}
            body |= {"search_after": after} if after is not None else {}
            hits = self.server.search(name, body)["hits"]["hits"]
            yield from hits
            if len(hits) < size:
                return
            after = hits[-1]["sort"]
            left = None if left is None else left - len(hits)


#: Hits read by one request.
SCAN = 1_000


def read(name: str, hit: Json) -> Doc:
    """Return the document of a hit of a search that asked for `seq_no_primary_term`."""
    return Doc(
        name,
        hit["_id"],
        hit["_source"]["body"],
        hit["_index"],
        hit.get("_seq_no", -1),
        hit.get("_primary_term", 0),
    )
