"""Work requests and the outbox: claimed by compare-and-set, so that one of many wins."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from core.work import OutboxItem, Work, WorkState
from store.codecs import maybe_moment, micros, moment, plain
from store.elastic import facts
from store.elastic.bulk import Action, Outcome
from store.elastic.documents import Doc, read
from store.elastic.faults import Json
from store.elastic.part import Part

#: How often a claim that others won is tried on what is left.
TRIES = 20
#: Requests looked at for one claim.
LOOK = 20


class Desk(Part):
    """Keep work requests and the outbox."""

    def request_work(self, work: Work) -> None:
        """Store a request; the same id twice is one request."""
        body: Json = {
            "id": work.id,
            "kind": work.kind,
            "payload": plain(work.payload),
            "requested_by": work.requested_by,
            "at": micros(work.at),
            "state": work.state.value,
            "outcome": work.outcome,
            "number": time.time_ns(),
            "until": None,
        }
        self.documents.write(
            [Action("create", facts.NAME, facts.fact_key("work", work.id), work_source(body))]
        )

    def claim_work(self, *, owner: str, lease: timedelta, now: datetime) -> Work | None:
        """Claim the oldest waiting request, or a running one whose lease ran out."""
        over: Json = {"range": {"until": {"lte": micros(now)}}}
        running: Json = {"bool": {"filter": [{"term": {"state": WorkState.RUNNING.value}}, over]}}
        states: list[Json] = [{"term": {"state": WorkState.WAITING.value}}, running]
        query: Json = {
            "bool": {
                "filter": [{"term": {"kind": "work"}}],
                "should": states,
                "minimum_should_match": 1,
            }
        }
        for _ in range(TRIES):
            found = self._oldest(query, LOOK)
            for doc in found:
                body = doc.body | {
                    "state": WorkState.RUNNING.value,
                    "until": micros(now + lease),
                    "owner": owner,
                }
                if self.documents.write([doc.replaced(work_source(body))])[0] is Outcome.DONE:
                    return _work(body)
            if not found:
                return None
        return None

    def _oldest(self, query: Json, limit: int) -> list[Doc]:
        self.server.refresh(facts.NAME)
        body: Json = {
            "query": query,
            "size": limit,
            "sort": [{"due": "asc"}, {"number": "asc"}],
            "seq_no_primary_term": True,
            "track_total_hits": False,
        }
        return [read(facts.NAME, hit) for hit in self.server.search(facts.NAME, body)["hits"]["hits"]]

    def finish_work(self, work_id: str, *, failed: bool = False, outcome: str = "") -> None:
        """Say what came of a request."""
        state = WorkState.FAILED if failed else WorkState.DONE
        done = {"state": state.value, "outcome": outcome, "until": None}
        self._change("work", work_id, lambda body: work_source(body | done))

    def work(self, *, limit: int = 50) -> list[Work]:
        """Return requests, newest first."""
        self.server.refresh(facts.NAME)
        order: list[Json] = [{"due": "desc"}, {"number": "desc"}]
        hits = self.documents.scan(facts.NAME, {"term": {"kind": "work"}}, order, limit=limit)
        return [_work(read(facts.NAME, hit).body) for hit in hits]

    def post(self, items: Sequence[OutboxItem]) -> int:
        """Put items into the outbox; return how many were not there before."""
        first = time.time_ns()
        actions = [
            Action(
                "create",
                facts.NAME,
                facts.fact_key("outbox", item.id),
                item_source(_item_body(item, first + n)),
            )
            for n, item in enumerate(items)
        ]
        return self.documents.write(actions).count(Outcome.DONE)

    def claim_outbox(self, *, owner: str, lease: timedelta, limit: int, now: datetime) -> list[OutboxItem]:
        """Claim unsent items that are due, oldest first; each claim counts as an attempt."""
        due = {"range": {"due": {"lte": micros(now)}}}
        leased = {"range": {"until": {"gt": micros(now)}}}
        kind, unsent = {"term": {"kind": "outbox"}}, {"term": {"state": UNSENT}}
        query: Json = {"bool": {"filter": [kind, unsent, due], "must_not": [leased]}}
        claimed: list[OutboxItem] = []
        for _ in range(TRIES):
            found = self._oldest(query, min(limit - len(claimed), 1_000))
            if not found:
                break
            bodies = [
                doc.body
                | {"attempts": doc.body["attempts"] + 1, "until": micros(now + lease), "owner": owner}
                for doc in found
            ]
            actions = [doc.replaced(item_source(body)) for doc, body in zip(found, bodies, strict=True)]
            outcomes = self.documents.write(actions)
            claimed += [
                _item(b) for b, outcome in zip(bodies, outcomes, strict=True) if outcome is Outcome.DONE
            ]
            if len(claimed) >= limit or all(outcome is Outcome.DONE for outcome in outcomes):
                break
        return claimed

    def sent(self, item_id: str, *, now: datetime, outcome: str = "") -> None:
        """Say that an item went out, and what the other side answered; the first word stays."""
        told = {"sent_at": micros(now), "outcome": outcome, "given_up": False, "until": None}
        self._change_unsent(item_id, told)

    def not_sent(self, item_id: str, *, error: str, retry_at: datetime | None) -> None:
        """Say why an item did not go out and when to try again; None for not before `send_again`."""
        told: Json = {"last_error": error, "given_up": retry_at is None, "until": None}
        self._change_unsent(item_id, told | ({"due_at": micros(retry_at)} if retry_at else {}))

    def send_again(self, item_id: str, *, now: datetime) -> None:
        """Let an unsent item be tried at once, given up or not."""
        self._change_unsent(item_id, {"due_at": micros(now), "given_up": False})

    def withdraw(self, item_id: str) -> bool:
        """Take an item out that nobody has claimed yet, or that was given up; tell whether it is out."""
        doc = self.documents.get(facts.NAME, facts.fact_key("outbox", item_id))
        if doc is None or doc.body["sent_at"] is not None:
            return False
        if doc.body["attempts"] and not doc.body["given_up"]:
            return False
        return self.documents.write([doc.removed()], refresh=True)[0] is Outcome.DONE

    def outbox(
        self, *, ids: Sequence[str] | None = None, prefix: str = "", limit: int = 100
    ) -> list[OutboxItem]:
        """Return items, sent ones too, the last posted first: of `ids`, or whose id begins with `prefix`."""
        if ids is not None:
            keys = [(facts.NAME, facts.fact_key("outbox", one)) for one in ids]
            bodies = [doc.body for doc in self.documents.many(keys).values()]
            return [_item(body) for body in sorted(bodies, key=lambda body: -body["number"])][:limit]
        self.server.refresh(facts.NAME)
        begins = {"prefix": {"key": prefix}} if prefix else {"match_all": {}}
        query: Json = {"bool": {"filter": [{"term": {"kind": "outbox"}}, begins]}}
        hits = self.documents.scan(facts.NAME, query, [{"number": "desc"}], limit=limit)
        return [_item(read(facts.NAME, hit).body) for hit in hits]

    def _change_unsent(self, item_id: str, told: Json) -> None:
        self._change(
            "outbox", item_id, lambda body: item_source(body | told) if body["sent_at"] is None else None
        )

    def _change(self, kind: str, fact_id: str, change: Callable[[Json], Json | None]) -> None:
        self.documents.edit(facts.NAME, [facts.fact_key(kind, fact_id)], lambda doc: change(doc.body))


#: The state of an item that is still to go out.
UNSENT = "unsent"


def work_source(body: Json) -> Json:
    """Return a request's document."""
    fields = {name: body[name] for name in ("state", "number", "until")}
    return facts.fact("work", "", body, due=body["at"], **fields)


def _work(body: Json) -> Work:
    return Work(
        id=body["id"],
        kind=body["kind"],
        payload=body["payload"],
        requested_by=body["requested_by"],
        at=moment(body["at"]),
        state=WorkState(body["state"]),
        outcome=body["outcome"],
    )


def _item_body(item: OutboxItem, number: int) -> Json:
    return {
        "id": item.id,
        "channel": item.channel,
        "payload": plain(item.payload),
        "due_at": micros(item.due_at),
        "attempts": item.attempts,
        "last_error": item.last_error,
        "sent_at": None,
        "outcome": "",
        "given_up": False,
        "number": number,
        "until": None,
    }


def item_source(body: Json) -> Json:
    """Return an outbox item's document."""
    state = "sent" if body["sent_at"] is not None else "given_up" if body["given_up"] else UNSENT
    fields = {name: body[name] for name in ("number", "until")}
    return facts.fact("outbox", body["id"], body, due=body["due_at"], state=state, **fields)


def _item(body: Json) -> OutboxItem:
    return OutboxItem(
        id=body["id"],
        channel=body["channel"],
        payload=body["payload"],
        due_at=moment(body["due_at"]),
        attempts=body["attempts"],
        last_error=body["last_error"],
        sent_at=maybe_moment(body["sent_at"]),
        outcome=body["outcome"],
        given_up=body["given_up"],
    )
