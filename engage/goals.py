"""Goals in the store, and the review that is drafted from what happened."""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass, replace
from datetime import date, datetime

from core.customers import Account, Person, day_begin
from core.errors import InputError
from core.goals import Goal, Point
from core.kept import Sought
from core.plays import Play
from core.ports import Store
from core.stages import NEXT, Evidence, Signal, Step
from engage.customers import ACCOUNT, Move, find_account, moves_of, people_in
from engage.keeping import Place, every, line, note, store_value, stored_value
from engage.plays import plays

KIND = "goal"
MOST_POINTS = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """What stands in a review with a customer, drafted from data."""

    account: Account
    #: What changed, what we did, what went well and badly by their own words, and what is next.
    moves: tuple[Move, ...]
    plays: tuple[Play, ...]
    goals: tuple[Goal, ...]
    praised: tuple[Evidence, ...]
    #: What we could do better: complaints that wait.
    complained: tuple[Evidence, ...]
    #: What they could do better: wishes that may be there already, people who never spoke.
    wished: tuple[Evidence, ...]
    silent: tuple[Person, ...]
    next: Step


def set_goal(
    store: Store, title: str, *, account: str, unit: str, baseline: float, target: float, due: date,
    owner: str, actor: str, now: datetime,
) -> Goal:  # fmt: skip
    """Set a goal.

    Raises:
        InputError: it has no title, or nothing to reach.
        NotFound: there is no such account.
    """
    if account:
        find_account(store, account)
    if not math.isfinite(baseline) or not math.isfinite(target):
        raise InputError("baseline and target are numbers")
    goal = Goal(
        key=uuid.uuid4().hex[:12], account=account, title=line(title, "a goal"),
        unit=line(unit, "a unit", needed=False), baseline=baseline, target=target, due=due,
        owner=line(owner or actor, "an owner"),
    )  # fmt: skip
    _save(store, goal, 0, actor, now)
    return goal


def measure(store: Store, key: str, value: float, *, said: str, actor: str, now: datetime) -> Goal:
    """Add a measurement; those before it stay as they are.

    Raises:
        InputError: it is no number, or there are too many.
        NotFound: there is no such goal.
    """
    stored = stored_value(store, Goal, KIND, key)
    if not math.isfinite(value):
        raise InputError("write a number")
    if len(stored.value.points) >= MOST_POINTS:
        raise InputError(f"a goal has at most {MOST_POINTS} measurements; set a new one")
    point = Point(at=now, by=actor, value=value, note=note(said))
    goal = replace(stored.value, points=(*stored.value.points, point))
    _save(store, goal, stored.version, actor, now)
    return goal


def goals(store: Store, *, account: str | None = None) -> list[Goal]:
    """Return all goals, or an account's; those due first come first."""
    refs = (f"account:{account}",) if account else ()
    return sorted(every(store, Goal, Sought(kind=KIND, refs=refs)), key=lambda goal: (goal.due, goal.key))


def review(store: Store, account: str) -> Review:
    """Draft a review with a customer.

    Raises:
        NotFound: there is no such account.
    """
    found = find_account(store, account).account
    people = [stored.person for stored in people_in(store, account)]
    said = sorted((e for one in people for e in one.evidence), key=lambda e: e.at, reverse=True)
    return Review(
        account=found,
        moves=tuple(moves_of(store, ACCOUNT, account, limit=10)),
        plays=tuple(plays(store, account=account)),
        goals=tuple(goals(store, account=account)),
        praised=found.seen,
        complained=tuple(e for e in said if e.signal is Signal.UNHAPPY)[:5],
        wished=tuple(e for e in said if e.signal is Signal.WISHED)[:5],
        silent=tuple(one for one in people if not one.evidence),
        next=NEXT[found.standing.stage],
    )


def _save(store: Store, goal: Goal, version: int, actor: str, now: datetime) -> None:
    place = Place(kind=KIND, key=goal.key, due=day_begin(goal.due), refs={"account": goal.account})
    store_value(store, goal, place, version=version, actor=actor, now=now)
