"""Teams: people who take threads together. A thread is assigned to a person or to a team, by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from core.errors import InputError
from core.kept import Kept, Sought
from core.ports import Store
from core.query import And, OneOf
from core.search import Search
from core.thread import Status
from core.user import Team

KIND = "team"
MAX_TEAMS = 50
#: A person and a team never share a name: an assignee is one or the other.
NAME = re.compile(r"[\w][\w.@-]{0,39}")
#: The program's own name in the audit.
RESERVED = frozenset({"earful", "?"})
#: Threads that still need somebody.
UNDONE = (Status.OPEN.value, Status.WAITING.value, Status.SNOOZED.value)


def teams(store: Store) -> Sequence[Team]:
    """Return all teams, by name."""
    return sorted(map(_read, store.kept(KIND)), key=lambda team: team.name.casefold())


def assignees_of(store: Store, user: str) -> tuple[str, ...]:
    """Return the assignees that mean a user: their own name, and those of their teams."""
    page = store.kept_page(Sought(kind=KIND, refs=(f"user:{user}",)), limit=MAX_TEAMS)
    return (user, *(item.key for item in page.items))


def assignable(store: Store) -> Sequence[str]:
    """Return who a thread can be given to: people who may sign in, then teams."""
    people = [user.name for user in store.users() if not user.disabled]
    return [*people, *(team.name for team in teams(store))]


def check_name(store: Store, name: str) -> None:
    """Check that a new person or team can have a name.

    Raises:
        InputError: it is taken, in whatever case, or cannot be one.
    """
    if not NAME.fullmatch(name) or name.casefold() in RESERVED:
        raise InputError("a name has 1 to 40 letters, digits, dots, dashes or @, and no spaces")
    for what, names in (
        ("user", [user.name for user in store.users()]),
        ("team", [team.name for team in teams(store)]),
    ):
        if name.casefold() in map(str.casefold, names):
            raise InputError(f"there is a {what} {name!r} already")


def save_team(store: Store, team: Team, *, actor: str, now: datetime) -> None:
    """Store a team; with version 0 it is a new one.

    Raises:
        InputError: its name cannot be one, nobody is in it, somebody is unknown, or there are too many.
        Conflict: somebody saved it first.
    """
    if not team.version:
        check_name(store, team.name)
        if len(store.kept(KIND)) >= MAX_TEAMS:
            raise InputError(f"there are {MAX_TEAMS} teams already; remove one first")
    people = tuple(sorted(set(team.people)))
    unknown = set(people) - {user.name for user in store.users()}
    if unknown:
        raise InputError(f"nobody named {min(unknown)!r} signs in here")
    if not people:
        raise InputError("choose at least one person; what is given to a team of nobody waits unseen")
    store.keep(
        Kept(
            kind=KIND,
            key=team.name,
            body={"people": list(people)},
            by=actor,
            at=now,
            version=team.version,
            refs=tuple(f"user:{name}" for name in people),
        )
    )


def waiting_for(store: Store, name: str, *, now: datetime) -> int:
    """Return how many threads that still need somebody an assignee has."""
    node = And((OneOf("is", UNDONE), OneOf("is", ("mine",))))
    return store.queue(Search(node=node, now=now, mine=(name,)), limit=1).total.value


def remove_team(store: Store, name: str, *, actor: str, now: datetime) -> None:
    """Take a team away that has no threads left to do.

    Raises:
        InputError: threads are still the team's.
    """
    waiting = waiting_for(store, name, now=now)
    if waiting:
        still = "1 thread is" if waiting == 1 else f"{waiting:,} threads are"
        raise InputError(f"{still} still with {name}; give them to somebody first")
    store.drop(KIND, name, actor=actor, now=now)


def _read(item: Kept) -> Team:
    people = item.body.get("people")
    names = tuple(str(name) for name in people) if isinstance(people, (list, tuple)) else ()
    return Team(name=item.key, people=names, version=item.version)
