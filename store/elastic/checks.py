"""What `check()` looks at, and what the server refused."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from core.erasure import Eraser
from core.errors import StoreCorrupt
from core.records import DeadLetter
from core.said import Said
from store.elastic import facts, indices, rebuilding, records, talks
from store.elastic.bulk import DEAD, Action, Outcome
from store.elastic.documents import Doc, Documents, read
from store.elastic.faults import Json
from store.elastic.kept import eraser_in
from store.elastic.ledger import Ledger
from store.elastic.part import Part
from store.elastic.putting import Batch
from store.elastic.records import mention_key
from store.elastic.talks import talk_key
from store.elastic.telling import Telling

NAME, THREADS = "mentions", "threads"
STEP = 500
#: Begins what the server quotes of a value that it refused.
PREVIEW = " Preview of field"


class Checks(Part):
    """Look for damage."""

    telling: Telling
    ledger: Ledger
    registry: facts.Registry

    def check(self) -> list[str]:
        """Return what is wrong with the stored data in plain words; empty for nothing."""
        lost = self._lost()
        if lost:
            return lost
        self.server.refresh(*indices.MAPPINGS)
        return [
            *_mentions(self.documents),
            *_threads(self.documents),
            *self.ledger.faults(),
            *self._dead(),
        ]

    def _lost(self) -> list[str]:
        found = []
        for name in indices.MAPPINGS:
            try:
                self.server.refresh(name)
            except StoreCorrupt as error:
                found.append(str(error))
        return found

    def _dead(self) -> Iterator[str]:
        letters = self.dead_letters()
        if letters:
            yield (
                f"{len(letters)} documents were refused by the server and lie among the dead letters, "
                f"the first ({letters[0].id}) because: {letters[0].reason}"
            )

    def dead_letters(self) -> list[DeadLetter]:
        """Return what the server refused."""
        self.server.refresh(DEAD)
        return [_letter(doc) for doc in _letters(self.documents)]

    def replay(self) -> int:
        """Send dead letters once more, as after a mapping was repaired; return how many were taken."""
        self.server.refresh(DEAD)
        taken = 0
        for doc in list(_letters(self.documents)):
            body = doc.body
            action = Action(
                "create" if body["op"] == "create" else "index", body["name"], body["id"], body["source"]
            )
            outcome = self.documents.write([action])[0]
            if outcome is Outcome.DEAD:
                continue
            self._rejoin(body)
            self.documents.write([Action("delete", DEAD, doc.id)])
            taken += outcome is Outcome.DONE
        return taken

    def scrub_dead_letters(self, said: Said) -> int:
        """Take everybody who was erased, and what they said, out of dead letters; return how many it was."""
        self.server.refresh(DEAD)
        known = eraser_in(self.documents)
        actions = []
        for doc in _letters(self.documents):
            body = _scrubbed(doc.body, known, said)
            if body is None:
                actions.append(Action("delete", DEAD, doc.id))
            elif body != doc.body:
                actions.append(Action("index", DEAD, doc.id, {"body": body}))
        self.documents.write(actions, refresh=True)
        return len(actions)

    def under_way(self) -> list[str]:
        """Return in plain words which index is being made anew, and how far behind the new one is."""
        return [
            f"the index of {name} is being made anew: {behind:,} of {whole:,} documents behind; "
            "reading and writing go on meanwhile"
            for name, behind, whole in rebuilding.behind(self.server)
        ]

    def _rejoin(self, body: Json) -> None:
        """Bring a mention that is stored at last into its thread."""
        if body["name"] == NAME:
            record = records.record_of(body["source"]["body"])
            Batch(self.documents, self.telling, self.registry, self.clock.now()).join([record])


def _letters(documents: Documents) -> Iterator[Doc]:
    for hit in documents.scan(DEAD, {"match_all": {}}, [{"_doc": "asc"}]):
        yield read(DEAD, hit)


def _scrubbed(letter: Json, known: Eraser, said: Said) -> Json | None:
    """Return a dead letter without who was erased; None where it is nothing without them."""
    body = (letter["source"] or {}).get("body")
    if body and letter["name"] == NAME:
        mention = records.record_of(body).mention
        if known.wrote(mention.source, mention.author):
            return None
    clean = known.blotted_all(said.out_of(letter))
    if clean == letter or not isinstance(clean, dict):
        return letter
    # What it is searched by has their words in other spellings, and so has what the server quotes of it.
    source = rebuilding.made_anew(letter["name"], clean["source"]["body"]) if body else None
    return source and {**clean, "source": source, "reason": clean["reason"].partition(PREVIEW)[0]}


def _letter(doc: Doc) -> DeadLetter:
    body = doc.body
    mention = (body["source"] or {}).get("body", {}).get("mention", {}) if body["name"] == NAME else {}
    return DeadLetter(id=str(mention.get("id", body["id"])), index=body["name"], reason=body["reason"])


def _mentions(documents: Documents) -> Iterator[str]:
    astray = empty = 0
    hits = documents.scan(NAME, {"match_all": {}}, [{"id": "asc"}])
    while step := list(itertools.islice(hits, STEP)):
        found = [records.read(read(NAME, hit)) for hit in step]
        docs = documents.many((THREADS, talk_key(record.mention.thread_id)) for record in found)
        members = {one: member for doc in docs.values() for one, member in talks.read(doc).members.items()}
        for record in found:
            member = members.get(record.mention.id)
            astray += member is None or member.revision != record.revision
            empty += record.mention.deleted and any(one["text"] for one in record.earlier)
    if astray:
        yield f"{astray} mentions are not in their threads as they are now; put them again"
    if empty:
        yield f"{empty} deleted mentions still have a text"


def _threads(documents: Documents) -> Iterator[str]:
    missing = 0
    hits = documents.scan(THREADS, {"match_all": {}}, [{"thread": "asc"}])
    while step := list(itertools.islice(hits, STEP)):
        asked = [(NAME, mention_key(one)) for hit in step for one in talks.read(read(THREADS, hit)).members]
        missing += len(asked) - len(documents.many(asked))
    if missing:
        yield f"{missing} mentions that stand in threads are gone; restore them from the last backup"
