"""Threads, their ranking, and what people decided and wrote about them."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime

from core.audit import AuditRecord
from core.clock import iso
from core.errors import Conflict, NotFound
from core.thread import Note, Priority, Status, Thread, Triage
from store.codecs import maybe_moment, micros, storable
from store.conversation import head_of, in_order, title_of
from store.elastic import ledger, records, talks
from store.elastic.documents import key, read
from store.elastic.faults import Json
from store.elastic.ledger import Ledger
from store.elastic.part import Part
from store.elastic.records import Record, mention_key
from store.elastic.talks import Talk
from store.elastic.telling import Telling, decide, reopen, written_down

NAME, MENTIONS = "threads", "mentions"
#: Different tags listed at most.
MOST_TAGS = 10_000


class Threads(Part):
    """Keep threads and what people decided about them."""

    telling: Telling
    ledger: Ledger

    def thread(self, thread_id: str) -> Thread:
        """Return a thread with its mentions, labels, notes and corrections; raises `NotFound`."""
        talk = self.telling.talk(thread_id)
        found = self.documents.many((MENTIONS, mention_key(one)) for one in talk.members)
        kept = [records.read(doc) for doc in found.values()]
        if not kept:
            raise NotFound(f"there is no thread {thread_id!r}; look for it in the queue")
        return _thread(talk, kept)

    def threads_to_rank(self, *, limit: int, older_than: datetime) -> list[str]:
        """Return ids of threads whose priority is out of date."""
        self.telling.mend()
        now = micros(self.clock.now())
        ranked: Json = {"term": {"stale": False}}
        aged: Json = {"range": {"ranked_at": {"lt": micros(older_than)}}}
        awake: Json = {"range": {"snoozed_until": {"lte": now}}}
        asked: list[tuple[list[Json], str]] = [
            ([{"term": {"stale": True}}], "thread"),
            ([ranked, aged, {"term": {"status": "open"}}], "ranked_at"),
            ([ranked, awake, {"term": {"status": "snoozed"}}], "snoozed_until"),
        ]
        found: list[str] = []
        for parts, first in asked:
            order = [{first: "asc"}, {"thread": "asc"}]
            hits = self.documents.scan(
                NAME, {"bool": {"filter": parts}}, order, limit=limit, fields=["thread"]
            )
            found += [hit["fields"]["thread"][0] for hit in hits]
            if len(found) >= limit:
                break
        return list(dict.fromkeys(found))[:limit]

    def save_priority(self, thread_id: str, priority: Priority, *, sequence: int, now: datetime) -> None:
        """Store a priority made from a thread at `sequence`; dropped where the thread has changed since."""

        def rank(talk: Talk) -> bool:
            if talk.sequence != sequence:
                return False
            talk.priority, talk.ranked_at, talk.ranked_sequence = priority, micros(now), sequence
            until = talk.triage.snoozed_until
            if talk.triage.status is Status.SNOOZED and until is not None and until <= now:
                reopen(talk, now=now)
            return True

        talk = self.telling.change(thread_id, rank)
        if talk.acts:
            self.telling.finish([thread_id], known=talk)

    def triage(
        self, thread_id: str, change: Triage, *, actor: str, action: str, now: datetime
    ) -> tuple[Triage, AuditRecord]:
        """Store a triage by compare-and-set; raises `NotFound` and `Conflict`."""
        told: list[Json] = []

        def decided(talk: Talk) -> bool:
            if talk.triage.version != change.version:
                raise Conflict("somebody changed this thread first; look at it again", fresh=talk.triage)
            told[:] = [decide(talk, change, actor=actor, action=action, now=now)]
            return True

        talk = self.telling.change(thread_id, decided)
        record = written_down(self.ledger, told[0])
        self.telling.finish([thread_id], written=[told[0]["act"]], known=talk)
        return talk.triage, record

    def add_note(self, note: Note) -> None:
        """Add a note to a thread; the same id twice is one note."""
        clean = replace(note, id=storable(note.id), author=storable(note.author), text=storable(note.text))

        def add(talk: Talk) -> bool:
            if any(one.id == clean.id for one in talk.notes):
                return False
            talk.notes = sorted([*talk.notes, clean], key=lambda one: (one.at, one.id))
            talk.acts.append(_note_act("note.add", clean, actor=clean.author, now=clean.at))
            return True

        talk = self.telling.change(note.thread_id, add)
        if talk.acts:
            self.telling.finish([talk.id], known=talk)

    def remove_note(self, note_id: str, *, actor: str, now: datetime) -> None:
        """Take a note away; its audit record keeps the text."""
        wanted = storable(note_id)

        def remove(talk: Talk) -> bool:
            gone = [note for note in talk.notes if note.id == wanted]
            talk.notes = [note for note in talk.notes if note.id != wanted]
            talk.acts += [_note_act("note.remove", note, actor=actor, now=now) for note in gone]
            return bool(gone)

        self.server.refresh(NAME)
        query: Json = {"term": {"note_ids": key(wanted)}}
        for hit in list(self.documents.scan(NAME, query, [{"thread": "asc"}])):
            talk = self.telling.change(talks.read(read(NAME, hit)).id, remove)
            self.telling.finish([talk.id], known=talk)

    def stale_threads(self, *, before: datetime, limit: int) -> list[str]:
        """Return threads that are not pinned and whose mentions were all published before a moment."""
        self.server.refresh(NAME)
        cut = micros(before)
        newer: list[Json] = [{"term": {"pinned": True}}, {"range": {"newest": {"gte": cut}}}]
        hits = self.documents.scan(
            NAME, {"bool": {"must_not": newer}}, [{"newest": "asc"}, {"thread": "asc"}]
        )
        found = (talks.read(read(NAME, hit)) for hit in hits)
        stale = (talk.id for talk in found if all(one.published < cut for one in talk.members.values()))
        return list(itertools.islice(stale, limit))

    def tags(self) -> list[str]:
        """Return every tag in use, by name."""
        self.server.fresh(NAME)
        body: Json = {"size": 0, "aggs": {"tags": {"terms": {"field": "tags", "size": MOST_TAGS}}}}
        return sorted(one["key"] for one in self.server.search(NAME, body)["aggregations"]["tags"]["buckets"])


def _thread(talk: Talk, kept: list[Record]) -> Thread:
    mentions = tuple(in_order(record.stored() for record in kept))
    first = head_of(talk.id, mentions)
    corrections = sorted(
        (said for record in kept for said in record.corrections), key=lambda said: (said.at, said.by)
    )
    return Thread(
        id=talk.id,
        source=talk.source,
        title=title_of(first.mention.title, first.mention.text),
        url=first.mention.url,
        watches=tuple(sorted({watch for stored in mentions for watch in stored.watches})),
        mentions=mentions,
        triage=talk.triage,
        priority=talk.priority,
        ranked_at=maybe_moment(talk.ranked_at),
        notes=tuple(talk.notes),
        corrections=tuple(corrections),
        sequence=talk.sequence,
    )


def _note_act(action: str, note: Note, *, actor: str, now: datetime) -> Json:
    said: dict[str, object] = {"id": note.id, "author": note.author, "text": note.text, "at": iso(note.at)}
    return ledger.act(
        actor=actor,
        action=action,
        target=f"thread:{note.thread_id}",
        now=now,
        before=said if action == "note.remove" else {},
        after=said if action == "note.add" else {},
    )
