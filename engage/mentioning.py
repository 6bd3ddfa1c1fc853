"""Notes that name a colleague, `@bob`, or a team, `@billing`: they see “mentions you” until they looked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.kept import Kept, Order, Sought
from core.ports import Store
from engage.teams import teams

KIND = "ping"
NEW = "new"
#: Most of one person's that are shown at once.
MOST = 200
_NAMED = re.compile(r"(?<![\w@])@([\w][\w.@-]{0,39})")


@dataclass(frozen=True, kw_only=True, slots=True)
class Ping:
    """Somebody named a colleague on a thread."""

    key: str
    thread_id: str
    by: str
    at: datetime


def named(text: str, names: Sequence[str]) -> list[str]:
    """Return the names that stand in a note behind an `@`, each once, in their order."""
    by_fold = {name.casefold(): name for name in names}
    found = (match[1].casefold() for match in _NAMED.finditer(text))
    # A name at the end of a sentence has its full stop behind it.
    known = (by_fold.get(name) or by_fold.get(name.rstrip(".-@")) for name in found)
    return list(dict.fromkeys(name for name in known if name))


def ping(store: Store, thread_id: str, note_id: str, text: str, *, actor: str, now: datetime) -> list[str]:
    """Tell the colleagues whom a note names, by themselves or as a team; return who was told.

    The same note again tells nobody twice.
    """
    users = [user.name for user in store.users() if not user.disabled and user.name != actor]
    members = {team.name: team.people for team in teams(store)} | {user: (user,) for user in users}
    meant = [person for name in named(text, list(members)) for person in members[name]]
    told = [person for person in dict.fromkeys(meant) if person in users]
    items = [
        Kept(
            kind=KIND,
            key=f"{note_id}:{user}",
            body={"thread": thread_id},
            by=actor,
            at=now,
            state=NEW,
            due=now,
            refs=(f"user:{user}", f"thread:{thread_id}"),
        )
        for user in told
    ]
    store.keep_all(items)
    return told


def pings(store: Store, user: str) -> Sequence[Ping]:
    """Return what a user has not looked at yet, newest first."""
    sought = Sought(kind=KIND, states=(NEW,), refs=(f"user:{user}",), order=Order.LATEST)
    return [
        Ping(key=item.key, thread_id=str(item.body.get("thread") or ""), by=item.by, at=item.at)
        for item in store.kept_page(sought, limit=MOST).items
    ]


def seen(store: Store, thread_id: str, *, user: str) -> None:
    """Say that a user has looked at a thread that they were named on."""
    refs = (f"user:{user}", f"thread:{thread_id}")
    store.drop_all(store.kept_page(Sought(kind=KIND, states=(NEW,), refs=refs), limit=MOST).items)
