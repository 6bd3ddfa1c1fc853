"""Threads changed by compare-and-set, and what follows from it told to the audit and to their mentions.

The thread's document is written first and says what is still to be told; telling it twice is telling it
once. Whoever meets a thread with something untold, after a crash, finishes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from core.audit import AuditRecord
from core.errors import NotFound, StoreUnavailable
from core.thread import Status, Triage, triage_to_json
from store.chain import EARFUL
from store.codecs import storable
from store.elastic import ledger, records, talks
from store.elastic.bulk import Outcome
from store.elastic.documents import TRIES, Doc, Documents, read
from store.elastic.faults import Json
from store.elastic.ledger import Ledger
from store.elastic.records import Shared, mention_key
from store.elastic.talks import Member, Talk, fingerprint, talk_key

NAME, MENTIONS = "threads", "mentions"


class Telling:
    """Change threads, and tell what follows."""

    def __init__(self, documents: Documents, chain: Ledger) -> None:
        self.documents = documents
        self.ledger = chain

    def talk(self, thread_id: str) -> Talk:
        """Return a thread as it is now.

        Raises:
            NotFound: there is no such thread.
        """
        doc = self.documents.get(NAME, talk_key(thread_id))
        if doc is None:
            raise NotFound(f"there is no thread {thread_id!r}; look for it in the queue")
        return talks.read(doc)

    def change(self, thread_id: str, change: Callable[[Talk], bool]) -> Talk:
        """Change a thread until the change holds, then tell what follows; False leaves it as it is.

        Raises:
            NotFound: there is no such thread.
        """
        for _ in range(TRIES):
            doc = self.documents.get(NAME, talk_key(thread_id))
            if doc is None:
                raise NotFound(f"there is no thread {thread_id!r}; look for it in the queue")
            talk = talks.read(doc)
            if not change(talk):
                return talk
            talk.turn += 1
            talk.stands = self.documents.replace(doc, talk.source_doc())
            if talk.stands is not None:
                return talk
        raise StoreUnavailable("others keep changing this thread; try again")

    def finish(
        self, thread_ids: Iterable[str], *, written: Iterable[str] = (), known: Talk | None = None
    ) -> None:
        """Tell what is untold of threads; the acts `written` are in the audit already.

        One that is `known`, as it was just written, need not be read.
        """
        waiting, done = list(dict.fromkeys(thread_ids)), set(written)
        first = bool(done)
        docs = [known.stands] if known is not None and known.stands is not None else None
        for _ in range(TRIES):
            if docs is None:
                docs = list(self.documents.many((NAME, talk_key(one)) for one in waiting).values())
            open_ones = [(doc, talk) for doc in docs if _is_open(talk := talks.read(doc))]
            if not open_ones:
                return
            for _, talk in open_ones:
                for told in talk.acts:
                    if told["act"] not in done:
                        self.ledger.write(told, once=not first)
                        done.add(told["act"])
            self._spread([talk for _, talk in open_ones])
            actions = [doc.replaced(_told(talk).source_doc()) for doc, talk in open_ones]
            outcomes = self.documents.write(actions)
            waiting = [
                talk.id
                for (_, talk), outcome in zip(open_ones, outcomes, strict=True)
                if outcome is Outcome.CLASH
            ]
            first, docs = False, None
        raise StoreUnavailable("others keep changing these threads; try again")

    def _spread(self, open_ones: Iterable[Talk]) -> None:
        """Bring the mentions of threads up to what their threads say."""
        wanted: dict[str, tuple[int, Shared]] = {}
        for talk in open_ones:
            for mention_id, shared in talk.untold().items():
                wanted[mention_key(mention_id)] = (talk.turn, shared)

        def bring(doc: Doc) -> Json | None:
            record = records.read(doc)
            turn, shared = wanted[doc.id]
            if record.turn >= turn or record.shared == shared:
                return None
            record.turn, record.shared = turn, shared
            return record.source()

        self.documents.edit(MENTIONS, wanted, bring)

    def refresh_members(self, thread_ids: Iterable[str], ids: Iterable[str] | None = None) -> None:
        """Bring threads up to labels of their mentions, all or those of `ids`; they are to be ranked anew."""
        waiting, only = list(dict.fromkeys(thread_ids)), set(ids) if ids is not None else None
        for _ in range(TRIES):
            docs = list(self.documents.many((NAME, talk_key(one)) for one in waiting).values())
            found = [(doc, talks.read(doc)) for doc in docs]
            asked = [one for _, talk in found for one in talk.members if only is None or one in only]
            stored = self.documents.many((MENTIONS, mention_key(one)) for one in asked)
            read_now = {one: stored.get((MENTIONS, mention_key(one))) for one in asked}
            for _, talk in found:
                talk.sequence += 1
                talk.turn += 1
                for one, doc in read_now.items():
                    if one in talk.members and doc is not None:
                        talk.members[one] = Member.of(records.read(doc))
            outcomes = self.documents.write([doc.replaced(talk.source_doc()) for doc, talk in found])
            waiting = [
                talk.id
                for (_, talk), outcome in zip(found, outcomes, strict=True)
                if outcome is Outcome.CLASH
            ]
            if not waiting:
                return
        raise StoreUnavailable("others keep changing these threads; try again")

    def mend(self) -> None:
        """Finish what crashed processes left untold."""
        server = self.documents.server
        server.refresh(NAME)
        query = {"term": {"pending": True}}
        hits = list(self.documents.scan(NAME, query, [{"thread": "asc"}], limit=1_000))
        if hits:
            self.finish(talks.read(read(NAME, hit)).id for hit in hits)


def _is_open(talk: Talk) -> bool:
    return bool(talk.acts) or bool(talk.untold())


def _told(talk: Talk) -> Talk:
    """Return the thread with nothing left to tell."""
    for mention_id, shared in talk.untold().items():
        talk.members[mention_id] = talk.members[mention_id]._replace(told=fingerprint(shared))
    talk.acts = []
    return talk


def decide(talk: Talk, after: Triage, *, actor: str, action: str, now: datetime) -> Json:
    """Give a thread another triage; return the act."""
    before = talk.triage
    tags = tuple(dict.fromkeys(tag for tag in map(storable, after.tags) if tag))
    assignee = storable(after.assignee) if after.assignee else None
    talk.triage = replace(after, tags=tags, assignee=assignee, version=before.version + 1)
    talk.sequence += 1
    told = ledger.act(
        actor=actor,
        action=action,
        target=f"thread:{talk.id}",
        now=now,
        before=triage_to_json(before),
        after=triage_to_json(talk.triage),
    )
    talk.acts.append(told)
    return told


def reopen(talk: Talk, *, now: datetime) -> None:
    """Open a thread again, because somebody wrote in it or its snooze is over."""
    opened = replace(talk.triage, status=Status.OPEN, snoozed_until=None)
    decide(talk, opened, actor=EARFUL, action="triage.reopen", now=now)


def written_down(chain: Ledger, told: Json) -> AuditRecord:
    """Write an act that nobody else writes; return its record."""
    record = chain.write(told)
    assert record is not None  # noqa: S101 — only `once` gives None
    return record
