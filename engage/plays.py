"""Plays and the ledger of saves in the store."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from core.customers import day_begin
from core.errors import InputError
from core.kept import Order, Sought
from core.plays import Assumptions, Grade, Play, PlayStep, Result
from core.ports import Store
from engage.customers import find_account
from engage.keeping import Place, Stored, every, line, maybe_value, store_value, stored_value

KIND, OPEN = "play", "open"
SETTING, EFFORT = "setting", "effort"


def start(
    store: Store, account: str, title: str, *, owner: str, steps: Sequence[str], due: date | None,
    actor: str, now: datetime,
) -> Play:  # fmt: skip
    """Start a play on an account; what is at stake is the account's value a year.

    Raises:
        InputError: it has no title, or too many steps.
        NotFound: there is no such account.
    """
    contract = find_account(store, account).account.contract
    play = Play(
        key=uuid.uuid4().hex[:12],
        account=account,
        title=line(title, "a play's title"),
        owner=line(owner or actor, "an owner"),
        steps=tuple(PlayStep(text=line(step, "a step")) for step in steps if step.strip()),
        due=due,
        began=now,
        value=contract.value or 0.0,
    )
    _save(store, play, 0, actor, now)
    return play


def tick(store: Store, key: str, number: int, *, actor: str, now: datetime) -> Play:
    """Say that a step is done, or that it is not.

    Raises:
        NotFound: there is no such play.
        InputError: it has no such step.
    """
    stored = stored_value(store, Play, KIND, key)
    steps = list(stored.value.steps)
    if not 0 <= number < len(steps):
        raise InputError("this play has no such step")
    done = steps[number].done_at is None
    steps[number] = replace(steps[number], done_at=now if done else None, done_by=actor if done else "")
    play = replace(stored.value, steps=tuple(steps))
    _save(store, play, stored.version, actor, now)
    return play


def end(
    store: Store, key: str, result: Result, *, grade: Grade, value: float, hours: float, proof: str,
    actor: str, now: datetime,
) -> Play:  # fmt: skip
    """End a play with its result, which moves the ledger; ending it again corrects it.

    Raises:
        NotFound: there is no such play.
        InputError: a confirmed result has no proof, or a figure is negative.
    """
    stored = stored_value(store, Play, KIND, key)
    proof = line(proof, "a proof", needed=False)
    play = replace(stored.value, result=result, grade=grade, value=value, hours=hours, proof=proof, ended=now)
    _save(store, play, stored.version, actor, now)
    return play


def plays(store: Store, *, account: str = "", state: str = "") -> list[Play]:
    """Return plays: those that are due first, then by key."""
    refs = (f"account:{account}",) if account else ()
    sought = Sought(kind=KIND, refs=refs, states=(state,) if state else (), order=Order.KEY)
    last = date.max
    return sorted(every(store, Play, sought), key=lambda play: (play.due or last, play.key))


def assumptions(store: Store) -> Stored[Assumptions]:
    """Return what the return is reckoned with."""
    return maybe_value(store, Assumptions, SETTING, EFFORT) or Stored(Assumptions())


def save_assumptions(store: Store, given: Assumptions, *, version: int, actor: str, now: datetime) -> None:
    """Store other assumptions.

    Raises:
        Conflict: somebody saved others first.
    """
    store_value(store, given, Place(kind=SETTING, key=EFFORT), version=version, actor=actor, now=now)


def _save(store: Store, play: Play, version: int, actor: str, now: datetime) -> None:
    place = Place(
        kind=KIND, key=play.key, state=play.result.value if play.result else OPEN,
        due=day_begin(play.due) if play.due else None, refs={"account": play.account},
    )  # fmt: skip
    store_value(store, play, place, version=version, actor=actor, now=now)
