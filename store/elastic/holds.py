"""Who has which thread in hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from core.kept import Doing, Hold
from store.codecs import micros, moment, storable
from store.elastic import facts
from store.elastic.bulk import Action, Outcome
from store.elastic.documents import TRIES, Doc, read
from store.elastic.faults import Json
from store.elastic.part import Part

#: Everybody who has one thread in hand is one document: who does what, until when.
Hands = dict[tuple[str, str], int]


class Holds(Part):
    """Keep who has which thread in hand."""

    def hold(self, hold: Hold, *, now: datetime) -> None:
        """Say that somebody has a thread in hand; what ran out is swept away."""

        def change(hands: Hands) -> bool:
            hands[storable(hold.user), hold.doing.value] = micros(hold.until)
            return True

        self._change_hands(storable(hold.thread_id), change, now)

    def take(self, thread_ids: Sequence[str], *, user: str, until: datetime, now: datetime) -> list[str]:
        """Check threads out for one user; return those that nobody else had, in their order."""
        mine = (storable(user), Doing.TAKEN.value)

        def change(hands: Hands) -> bool:
            if any(doing == Doing.TAKEN.value and other != mine[0] for other, doing in hands):
                return False
            hands[mine] = micros(until)
            return True

        wanted = dict.fromkeys(thread_ids)
        return [one for one in wanted if self._change_hands(storable(one), change, now)]

    def _change_hands(self, thread_id: str, change: Callable[[Hands], bool], now: datetime | None) -> bool:
        """Change who has a thread by compare-and-set; those whose time is over are left out."""
        doc_id = facts.fact_key("hands", thread_id)
        for _ in range(TRIES):
            doc = self.documents.get(facts.NAME, doc_id)
            hands = _live(doc.body, now) if doc else {}
            if not change(hands):
                return False
            source = _hands_source(thread_id, hands)
            action = doc.replaced(source) if doc else Action("create", facts.NAME, doc_id, source)
            if self.documents.write([action])[0] is Outcome.DONE:
                return True
        return False

    def holds(self, thread_ids: Sequence[str] | None = None, *, now: datetime) -> list[Hold]:
        """Return who has these threads in hand, or any; by thread, user and what they do."""
        if thread_ids is None:
            docs = self._all_hands(micros(now))
        else:
            asked = [(facts.NAME, facts.fact_key("hands", one)) for one in thread_ids]
            docs = list(self.documents.many(asked).values())
        found = [
            Hold(thread_id=doc.body["thread"], user=user, doing=Doing(doing), until=moment(until))
            for doc in docs
            for (user, doing), until in _live(doc.body, now).items()
        ]
        return sorted(found, key=lambda one: (one.thread_id, one.user, one.doing.value))

    def _all_hands(self, since: int | None) -> list[Doc]:
        self.server.refresh(facts.NAME)
        parts: list[Json] = [{"term": {"kind": "hands"}}, {"range": {"until": {"gt": since or 0}}}]
        hits = self.documents.scan(facts.NAME, {"bool": {"filter": parts}}, [{"key": "asc"}, {"_doc": "asc"}])
        return [read(facts.NAME, hit) for hit in hits]

    def release(self, user: str, *, doing: Doing, thread_id: str | None = None) -> None:
        """Say that somebody no longer does something, with one thread or with any."""
        mine = (storable(user), doing.value)

        def change(hands: Hands) -> bool:
            return hands.pop(mine, None) is not None

        threads = [storable(thread_id)] if thread_id is not None else []
        if thread_id is None:
            threads = [doc.body["thread"] for doc in self._all_hands(None)]
        for one in threads:
            self._change_hands(one, change, None)


def _live(body: Json, now: datetime | None) -> Hands:
    return {
        (user, doing): until for user, doing, until in body["hands"] if now is None or until > micros(now)
    }


def _hands_source(thread_id: str, hands: Hands) -> Json:
    kept = [[user, doing, until] for (user, doing), until in hands.items()]
    body = {"thread": thread_id, "hands": kept}
    return facts.fact("hands", thread_id, body, until=max(hands.values(), default=0))
