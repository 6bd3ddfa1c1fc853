"""One batch of mentions on its way in: mentions first, then copies, then threads; the cursor comes last.

Every step asks what is stored, so a batch that a crash cut off is finished by being put again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from core.errors import StoreUnavailable
from core.source import Found, PutCount
from core.thread import Status
from core.watch import Watch
from store import analysis
from store.arrivals import Arrival, rounds, text_hashes
from store.codecs import micros
from store.elastic import copies, facts, records, talks
from store.elastic.bulk import Action, Outcome
from store.elastic.documents import TRIES, Doc, Documents
from store.elastic.records import Record, mention_key
from store.elastic.revising import begun, name_brands, revise
from store.elastic.talks import Member, Talk, talk_key
from store.elastic.telling import Telling, reopen
from store.naming import Naming

MENTIONS, THREADS = "mentions", "threads"
#: Found mentions stored together.
STEP = 1_000


class _Step(NamedTuple):
    """One mention worked out: its record, the write where one is needed, and what it counts as."""

    arrival: Arrival
    record: Record
    action: Action | None
    counted: PutCount
    #: Whether its text or time is new, and whether it was stored before.
    moved: bool
    old: bool


class Batch:
    """Store one batch of mentions."""

    def __init__(
        self, documents: Documents, telling: Telling, registry: facts.Registry, now: datetime
    ) -> None:
        self.documents = documents
        self.telling = telling
        self.registry = registry
        self.now = now

    def put(self, found: Sequence[Found]) -> PutCount:
        """Store what was found; the same id in one batch is taken one after the other."""
        count = PutCount()
        for group in rounds(found):
            arrivals = list(group.values())
            for start in range(0, len(arrivals), STEP):
                count += self._round(arrivals[start : start + STEP])
        return count

    def _round(self, arrivals: Sequence[Arrival]) -> PutCount:
        count, waiting, done = PutCount(), list(arrivals), list[_Step]()
        versions: dict[str, int] = {}
        for _ in range(TRIES):
            steps, watches = self._worked_out(waiting)
            versions |= {watch.id: watch.version for watch in watches.values()}
            actions = [step.action for step in steps if step.action is not None]
            written = [step.record for step in steps if step.action is not None]
            self.registry.add(
                languages={analysis.stem_language(record.lang) for record in written},
                brands={brand for record in written for brand in record.pairs},
            )
            outcomes = dict(zip((a.id for a in actions), self.documents.write(actions), strict=True))
            waiting = []
            for step in steps:
                outcome = outcomes.get(step.action.id, Outcome.DONE) if step.action else Outcome.DONE
                if outcome is Outcome.CLASH:
                    waiting.append(step.arrival)
                elif outcome is Outcome.DONE:
                    count += step.counted
                    done.append(step)
            if not waiting:
                break
        else:
            raise StoreUnavailable("others keep storing the same mentions; try again")
        moved = [step for step in done if step.moved]
        copies.relink(
            self.documents, (step.record for step in moved), [s.record.mention.id for s in moved if s.old]
        )
        touched = {step.record.mention.thread_id for step in done if step.action is not None}
        self.join([step.record for step in done], touched)
        self._rename(versions, done)
        return count

    def _worked_out(self, arrivals: Sequence[Arrival]) -> tuple[list[_Step], dict[str, Watch]]:
        """Read what is stored, and work out what it becomes; nothing is written yet."""
        asked = [(MENTIONS, mention_key(arrival.id)) for arrival in arrivals]
        asked += [(THREADS, talk_key(arrival.thread_id)) for arrival in arrivals]
        docs = self.documents.many(asked)
        known = {doc.id: records.read(doc) for doc in docs.values() if doc.name == MENTIONS}
        joined = {doc.id: talks.read(doc) for doc in docs.values() if doc.name == THREADS}
        ids = {watch for arrival in arrivals for watch in arrival.watches}
        ids |= {watch for record in known.values() for watch in record.watches}
        watches = facts.watches(self.documents, sorted(ids))
        naming = Naming(watches)
        fresh = [arrival for arrival in arrivals if mention_key(arrival.id) not in known]
        hashes = dict(zip((a.id for a in fresh), text_hashes(a.mention for a in fresh), strict=True))
        steps = []
        for arrival in arrivals:
            doc = docs.get((MENTIONS, mention_key(arrival.id)))
            if doc is None:
                steps.append(self._new(begun(arrival, naming, hashes[arrival.id], self.now), arrival))
            else:
                steps.append(self._old(doc, known[doc.id], arrival, naming))
        return self._shared(self._unfinished(steps, joined), joined), watches

    def _unfinished(self, steps: list[_Step], joined: dict[str, Talk]) -> list[_Step]:
        """Take stored mentions for new ones where their threads do not know them: a crash came between."""
        strangers = [(THREADS, talk_key(step.record.mention.thread_id)) for step in steps if step.old]
        missing = [place for place in strangers if place[1] not in joined]
        joined |= {doc.id: talks.read(doc) for doc in self.documents.many(missing).values()}
        found = []
        for step in steps:
            talk = joined.get(talk_key(step.record.mention.thread_id))
            member = talk.members.get(step.record.mention.id) if talk else None
            now = (step.record.revision, micros(step.record.mention.published_at))
            known = member is not None and (member.revision, member.published) == now
            found.append(step._replace(moved=step.moved or (step.old and not known)))
        return found

    def _new(self, record: Record, arrival: Arrival) -> _Step:
        action = Action("create", MENTIONS, mention_key(record.mention.id))
        return _Step(arrival, record, action, PutCount(new=1), moved=record.simhash is not None, old=False)

    def _old(self, doc: Doc, record: Record, arrival: Arrival, naming: Naming) -> _Step:
        place = (record.simhash, record.mention.published_at)
        changed, touched = revise(record, arrival, naming, self.now)
        moved = place != (record.simhash, record.mention.published_at)
        action = doc.replaced({}) if touched else None
        count = PutCount(changed=1) if changed else PutCount(unchanged=1)
        return _Step(arrival, record, action, count, moved=moved, old=True)

    def _shared(self, steps: list[_Step], joined: Mapping[str, Talk]) -> list[_Step]:
        """Give new mentions what their threads will say of them, and make the documents."""
        threads: dict[str, Talk] = {}
        for step in steps:
            thread_id = step.record.mention.thread_id
            talk = threads.get(thread_id) or joined.get(talk_key(thread_id))
            talk = talk or Talk(id=thread_id, source=step.record.mention.source)
            threads[thread_id] = talk
            if not step.old:
                talk.members[step.record.mention.id] = Member.of(step.record)
        shared = {thread_id: talk.shared() for thread_id, talk in threads.items()}
        made = []
        for step in steps:
            record = step.record
            if not step.old:
                talk = threads[record.mention.thread_id]
                record.turn, record.shared = talk.turn, shared[talk.id][record.mention.id]
            action = step.action._replace(source=record.source()) if step.action else None
            made.append(step._replace(action=action))
        return made

    def join(self, stored: Iterable[Record], touched: Collection[str] = ()) -> None:
        """Bring threads up to what their mentions are now; those `touched` are to be ranked anew."""
        waiting: dict[str, list[Record]] = {}
        for record in stored:
            waiting.setdefault(record.mention.thread_id, []).append(record)
        unfinished: list[str] = []
        for _ in range(TRIES):
            docs = self.documents.many((THREADS, talk_key(thread_id)) for thread_id in waiting)
            actions, ids = [], []
            for thread_id, members in waiting.items():
                doc = docs.get((THREADS, talk_key(thread_id)))
                talk = talks.read(doc) if doc else Talk(id=thread_id, source=members[0].mention.source)
                if join(talk, members, self.now) or thread_id in touched:
                    talk.turn += 1
                    talk.sequence += 1
                    source = talk.source_doc()
                    actions.append(
                        doc.replaced(source)
                        if doc
                        else Action("create", THREADS, talk_key(thread_id), source)
                    )
                    ids.append(thread_id)
                    unfinished += [thread_id] if source["pending"] else []
                elif talk.acts or talk.untold():
                    unfinished.append(thread_id)
            outcomes = self.documents.write(actions)
            clashed = {one for one, outcome in zip(ids, outcomes, strict=True) if outcome is Outcome.CLASH}
            waiting = {thread_id: waiting[thread_id] for thread_id in waiting if thread_id in clashed}
            if not waiting:
                self.telling.finish(unfinished)
                return
        raise StoreUnavailable("others keep writing in the same threads; try again")

    def _rename(self, versions: Mapping[str, int], done: Sequence[_Step]) -> None:
        """Name brands anew where somebody changed a watch in the middle of this batch."""
        now = facts.watches(self.documents, sorted(versions))
        if all(now[one].version == version for one, version in versions.items() if one in now):
            return
        known = facts.watches(self.documents, sorted({w for s in done for w in s.record.watches}))
        naming = Naming(known)
        self.registry.add(brands=[brand.name for watch in known.values() for brand in watch.brands])
        rename(self.documents, naming, [mention_key(step.record.mention.id) for step in done])


def rename(documents: Documents, naming: Naming, ids: Iterable[str]) -> list[str]:
    """Name brands anew in stored mentions; return the document ids of those that changed."""

    def change(doc: Doc) -> dict[str, object] | None:
        record = records.read(doc)
        return record.source() if name_brands(record, naming) else None

    return documents.edit(MENTIONS, ids, change)


def join(talk: Talk, stored: Iterable[Record], now: datetime) -> bool:
    """Take mentions into a thread, and open it where somebody wrote; return whether anything changed."""
    changed = news = matched_news = False
    for record in stored:
        mention_id, new = record.mention.id, Member.of(record)
        old = talk.members.get(mention_id)
        if old is not None and old._replace(told=new.told) == new:
            continue
        changed = True
        # A crash may have come between the mention and its thread: what the thread knows tells the news.
        new_word = old is None and not record.mention.deleted
        now_matched = old is not None and old.context and not new.context
        if not record.own and (new_word or now_matched):
            news, matched_news = True, matched_news or not new.context
        talk.members[mention_id] = new
    sleeping = talk.triage.status in (Status.SNOOZED, Status.RESOLVED) and matched_news
    if news and (sleeping or talk.triage.status is Status.WAITING):
        reopen(talk, now=now)
    return changed
