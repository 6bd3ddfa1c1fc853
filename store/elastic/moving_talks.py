"""Mentions and threads as records: two documents that tell each other what they share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from core.errors import StoreError
from core.records import Record as Moved
from store import analysis
from store.arrivals import text_hashes
from store.elastic import copies, facts, records, talks
from store.elastic.bulk import Action, Outcome
from store.elastic.documents import Documents, read
from store.elastic.faults import Json
from store.elastic.ledger import Ledger
from store.elastic.records import Pair, Record, mention_key
from store.elastic.talks import Member, Talk, talk_key
from store.elastic.telling import Telling
from store.wholes import Answered, WholeMention, WholeThread

MENTIONS, THREADS = "mentions", "threads"
#: Threads whose mentions are asked for together; the server takes 65,536 terms.
STEP = 200
ALL: Json = {"match_all": {}}


class Mentions:
    """One record for each mention."""

    index = MENTIONS

    def count(self, documents: Documents) -> int:
        """Return how many there are."""
        return _count(documents, MENTIONS)

    def read(self, documents: Documents) -> Iterator[Moved]:
        """Yield all, in order."""
        for hit in documents.scan(MENTIONS, ALL, [{"id": "asc"}]):
            yield _whole(records.read(read(MENTIONS, hit))).record()

    def write(self, documents: Documents, moved: Sequence[Moved]) -> None:
        """Store mentions in the place of what stands under their ids, and tell the threads that are there."""
        found = [WholeMention.of(record.body) for record in moved]
        made = {whole.mention.id: _record(whole) for whole in found}
        for record, value in zip(
            made.values(), text_hashes(one.mention for one in made.values()), strict=True
        ):
            record.simhash = value
        known = _talks(documents, (record.mention.thread_id for record in made.values()))
        for record in made.values():
            _join(record, known.get(record.mention.thread_id))
        facts.Registry(documents).add(
            brands={brand for record in made.values() for brand in record.pairs},
            languages={analysis.stem_language(record.lang) for record in made.values()},
        )
        there = documents.many((MENTIONS, mention_key(one)) for one in made)
        old = [one for one in made if (MENTIONS, mention_key(one)) in there]
        _send(documents, [Action("index", MENTIONS, mention_key(one), made[one].source()) for one in made])
        copies.relink(documents, made.values(), old)
        _tell(documents, known)

    def remove(self, documents: Documents, keys: Sequence[str]) -> None:
        """Take mentions away, and threads that have none left."""
        there = documents.many((MENTIONS, mention_key(one)) for one in keys)
        gone = [records.read(doc) for doc in there.values()]
        known = _talks(documents, (record.mention.thread_id for record in gone))
        documents.write([Action("delete", MENTIONS, mention_key(record.mention.id)) for record in gone])
        for record in gone:
            known[record.mention.thread_id].members.pop(record.mention.id, None)
        copies.relink(documents, (), [record.mention.id for record in gone])
        kept = {one: talk for one, talk in known.items() if talk.members}
        documents.write([Action("delete", THREADS, talk_key(one)) for one in known.keys() - kept.keys()])
        _tell(documents, kept)
        Telling(documents, Ledger(documents)).finish(kept)


class Threads:
    """One record for each thread."""

    index = THREADS

    def count(self, documents: Documents) -> int:
        """Return how many there are."""
        return _count(documents, THREADS)

    def read(self, documents: Documents) -> Iterator[Moved]:
        """Yield all, in order."""
        for hit in documents.scan(THREADS, ALL, [{"thread": "asc"}]):
            talk = talks.read(read(THREADS, hit))
            yield WholeThread(
                id=talk.id,
                source=talk.source,
                triage=talk.triage,
                priority=talk.priority,
                ranked_at=talk.ranked_at,
                ranked_sequence=talk.ranked_sequence,
                sequence=talk.sequence,
                notes=tuple(talk.notes),
            ).record()

    def write(self, documents: Documents, moved: Sequence[Moved]) -> None:
        """Store what is known of threads whose mentions are here already, and tell these."""
        wholes = [WholeThread.of(record.body) for record in moved]
        for start in range(0, len(wholes), STEP):
            step = wholes[start : start + STEP]
            members = _members(documents, [whole.id for whole in step])
            # One without members came after the mentions were read; the next pass brings both.
            made = [_talk(whole, members[whole.id]) for whole in step if whole.id in members]
            _send(documents, [Action("index", THREADS, talk_key(one.id), one.source_doc()) for one in made])
            Telling(documents, Ledger(documents)).finish(one.id for one in made)

    def remove(self, documents: Documents, keys: Sequence[str]) -> None:
        """Take threads away with all their mentions."""
        members = _members(documents, keys)
        ids = [record.mention.id for found in members.values() for record in found]
        Mentions().remove(documents, ids)
        documents.write([Action("delete", THREADS, talk_key(one)) for one in keys])


def _whole(record: Record) -> WholeMention:
    return WholeMention(
        mention=record.mention,
        watches=record.watches,
        own=record.own,
        first_seen=record.first_seen,
        revision=record.revision,
        deleted_at=record.deleted_at,
        earlier=tuple(record.earlier),
        brands={
            brand: Answered(flags=pair.flags, answer=pair.answer, labels=pair.labels)
            for brand, pair in record.pairs.items()
        },
        corrections=tuple(record.corrections),
    )


def _record(whole: WholeMention) -> Record:
    return Record(
        mention=whole.mention,
        watches=dict(whole.watches),
        own=whole.own,
        first_seen=whole.first_seen,
        revision=whole.revision,
        deleted_at=whole.deleted_at,
        earlier=[dict(one) for one in whole.earlier],
        pairs={brand: Pair(one.flags, one.answer, one.labels) for brand, one in whole.brands.items()},
        corrections=list(whole.corrections),
    )


def _join(record: Record, talk: Talk | None) -> None:
    """Let a thread that is there already know a mention, and the mention what the thread says of it."""
    if talk is not None:
        talk.members[record.mention.id] = Member.of(record)
        record.turn, record.shared = talk.turn, talk.shared()[record.mention.id]
        talk.members[record.mention.id] = Member.of(record)


def _talk(whole: WholeThread, members: Sequence[Record]) -> Talk:
    return Talk(
        id=whole.id,
        source=whole.source,
        members={record.mention.id: Member.of(record) for record in members},
        triage=whole.triage,
        notes=list(whole.notes),
        priority=whole.priority,
        ranked_at=whole.ranked_at,
        ranked_sequence=whole.ranked_sequence,
        sequence=whole.sequence,
        turn=max((record.turn for record in members), default=0) + 1,
    )


def _members(documents: Documents, thread_ids: Sequence[str]) -> dict[str, list[Record]]:
    documents.server.refresh(MENTIONS)
    found: dict[str, list[Record]] = defaultdict(list)
    for hit in documents.scan(MENTIONS, {"terms": {"thread": list(thread_ids)}}, [{"id": "asc"}]):
        record = records.read(read(MENTIONS, hit))
        found[record.mention.thread_id].append(record)
    return found


def _talks(documents: Documents, thread_ids: Iterable[str]) -> dict[str, Talk]:
    docs = documents.many((THREADS, talk_key(one)) for one in set(thread_ids))
    return {talk.id: talk for talk in map(talks.read, docs.values())}


def _count(documents: Documents, name: str) -> int:
    body: Json = {"size": 0, "query": ALL, "track_total_hits": True}
    return int(documents.server.search(name, body)["hits"]["total"]["value"])


def _tell(documents: Documents, known: Mapping[str, Talk]) -> None:
    """Store threads that know their mentions."""
    _send(documents, [Action("index", THREADS, talk_key(one), known[one].source_doc()) for one in known])


def _send(documents: Documents, actions: Sequence[Action]) -> None:
    if Outcome.DEAD in documents.write(actions):
        raise StoreError("the server refused some of this; `earful dead-letters` tells which and why")
