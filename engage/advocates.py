"""The reference programme in the store."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime

from core.advocacy import (
    YEAR,
    Advocate,
    Answer,
    Ask,
    Lead,
    Permission,
    Programme,
    Quotation,
    Referral,
    Reward,
    Standing,
    may_ask,
)
from core.errors import InputError, NotFound
from core.kept import Sought
from core.ports import Store
from core.stages import GOOD
from engage.customers import find_person
from engage.keeping import Place, every, line, maybe_value, store_value, stored_value

ADVOCATE, ASK, QUOTE, REFERRAL = "advocate", "ask", "quote", "referral"


def find(store: Store, person: str, *, actor: str, now: datetime) -> Advocate:
    """Take a person into the programme; one who is in it stays as they are."""
    key = find_person(store, person).person.key
    there = maybe_value(store, Advocate, ADVOCATE, key)
    if there is not None:
        return there.value
    advocate = Advocate(person=key)
    _save(store, advocate, 0, actor, now)
    return advocate


def change(
    store: Store, person: str, state: Standing, *, programme: Programme, tags: str, actor: str, now: datetime
) -> Advocate:
    """Say how far an advocate is, what they take part in, and what they can speak about."""
    stored = stored_value(store, Advocate, ADVOCATE, person)
    said = tuple(dict.fromkeys(line(tag, "a tag") for tag in tags.split(",") if tag.strip()))
    changed = replace(stored.value, state=state, programme=programme, tags=said[:20])
    _save(store, changed, stored.version, actor, now)
    return changed


def reward(store: Store, person: str, what: str, *, actor: str, now: datetime) -> None:
    """Keep that something was given in thanks; who accepted is thanked by it."""
    stored = stored_value(store, Advocate, ADVOCATE, person)
    given = Reward(at=now, by=actor, what=line(what, "a reward"))
    state = Standing.THANKED if stored.value.state is Standing.ACCEPTED else stored.value.state
    changed = replace(stored.value, rewards=(*stored.value.rewards, given)[-100:], state=state)
    _save(store, changed, stored.version, actor, now)


def ask(store: Store, person: str, what: str, *, actor: str, now: datetime) -> Ask:
    """Ask something of an advocate, within their limits.

    Raises:
        InputError: they were asked too often or too lately.
        NotFound: they are not in the programme.
    """
    stored = stored_value(store, Advocate, ADVOCATE, person)
    lately = [one for one in asks(store, person) if now - one.at < YEAR]
    refusal = may_ask(stored.value, len(lately), now=now)
    if refusal:
        raise InputError(f"not now: {refusal}")
    asked = Ask(key=uuid.uuid4().hex[:12], person=person, what=line(what, "an ask"), at=now, by=actor)
    _keep(store, ASK, asked.key, asked, asked.answer.value, person, 0, actor, now)
    state = Standing.APPROACHED if stored.value.state is Standing.FOUND else stored.value.state
    _save(store, replace(stored.value, last_asked=now, state=state), stored.version, actor, now)
    return asked


def answer(store: Store, key: str, said: Answer, *, actor: str, now: datetime) -> None:
    """Say what came of an ask; a first yes makes an approached person one who accepted."""
    stored = stored_value(store, Ask, ASK, key)
    asked = replace(stored.value, answer=said, answered_at=now)
    _keep(store, ASK, key, asked, said.value, asked.person, stored.version, actor, now)
    advocate = stored_value(store, Advocate, ADVOCATE, asked.person)
    if said is Answer.YES and advocate.value.state is Standing.APPROACHED:
        changed = replace(advocate.value, state=Standing.ACCEPTED)
        _save(store, changed, advocate.version, actor, now)


def quote(store: Store, person: str, mention_id: str, *, actor: str, now: datetime) -> Quotation:
    """Note words that we want to use, with the permission asked for.

    Raises:
        InputError: they did not say it, or it was no good word.
    """
    said = find_person(store, person).person
    found = next((e for e in said.evidence if e.mention_id == mention_id and e.signal in GOOD), None)
    if found is None:
        raise InputError("choose good words that this person said")
    quotation = Quotation(
        key=uuid.uuid4().hex[:12], person=said.key, mention_id=mention_id, thread_id=found.thread_id,
        start=found.start, end=found.end, at=now, by=actor,
    )  # fmt: skip
    _keep(store, QUOTE, quotation.key, quotation, quotation.permission.value, said.key, 0, actor, now)
    return quotation


def permit(store: Store, key: str, permission: Permission, *, actor: str, now: datetime) -> None:
    """Say whether a quote may be used."""
    stored = stored_value(store, Quotation, QUOTE, key)
    changed = replace(stored.value, permission=permission)
    _keep(store, QUOTE, key, changed, permission.value, changed.person, stored.version, actor, now)


def refer(store: Store, person: str, name: str, *, actor: str, now: datetime) -> Referral:
    """Note whom a person sent to us."""
    key = find_person(store, person).person.key
    sent = Referral(key=uuid.uuid4().hex[:12], person=key, name=line(name, "a name"), at=now, by=actor)
    _keep(store, REFERRAL, sent.key, sent, sent.outcome.value, key, 0, actor, now)
    return sent


def close(store: Store, key: str, outcome: Lead, value: float, *, actor: str, now: datetime) -> None:
    """Say what came of a referral.

    Raises:
        InputError: the value is negative.
    """
    if not 0 <= value <= 1e12:  # noqa: PLR2004 — a sum of money
        raise InputError("a value is not negative")
    stored = stored_value(store, Referral, REFERRAL, key)
    changed = replace(stored.value, outcome=outcome, value=value)
    _keep(store, REFERRAL, key, changed, outcome.value, changed.person, stored.version, actor, now)


def asks(store: Store, person: str) -> list[Ask]:
    """Return what was asked of somebody, newest first."""
    found = every(store, Ask, Sought(kind=ASK, refs=(f"person:{person}",)))
    return sorted(found, key=lambda one: one.at, reverse=True)


def quotes(store: Store, person: str) -> list[Quotation]:
    """Return the quotes of somebody."""
    return list(every(store, Quotation, Sought(kind=QUOTE, refs=(f"person:{person}",))))


def referrals(store: Store, person: str = "") -> list[Referral]:
    """Return whom somebody, or anybody, sent to us, newest first."""
    refs = (f"person:{person}",) if person else ()
    return sorted(
        every(store, Referral, Sought(kind=REFERRAL, refs=refs)), key=lambda one: one.at, reverse=True
    )


def advocate_of(store: Store, person: str) -> Advocate:
    """Return somebody in the programme.

    Raises:
        NotFound: they are not in it.
    """
    found = maybe_value(store, Advocate, ADVOCATE, person)
    if found is None:
        raise NotFound("this person is not in the reference programme; open their page and take them in")
    return found.value


def _save(store: Store, advocate: Advocate, version: int, actor: str, now: datetime) -> None:
    _keep(
        store, ADVOCATE, advocate.person, advocate, advocate.state.value, advocate.person, version, actor, now
    )


def _keep(  # noqa: PLR0917 — what stands in every record of the programme
    store: Store, kind: str, key: str, value: object, state: str, person: str, version: int, actor: str,
    now: datetime,
) -> None:  # fmt: skip
    place = Place(kind=kind, key=key, state=state, due=now, refs={"person": person})
    store_value(store, value, place, version=version, actor=actor, now=now)
