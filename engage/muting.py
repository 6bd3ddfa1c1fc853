"""Mutes: what a team does not want to see in its queue. Kept as what was said, applied as a query."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.audit import AuditRecord
from core.errors import InputError
from core.kept import Kept
from core.ports import Store
from core.query import And, Match, Node, Not, OneOf, Words
from core.tokens import token_texts
from engage.desk import UNDO

KIND = "mute"
MAX_VALUE = 200
#: Longest id of a thread.
MAX_ID = 2_000
#: Each is one condition of every query of the queue; the query language's own cap leaves room for a search.
MAX_MUTES = 40
#: Threads are one condition together.
MAX_THREADS = 400
#: What the audit calls it.
MUTED = f"{KIND}.save"


class Mutable(enum.StrEnum):
    """Name what can be muted."""

    AUTHOR = "author"
    SOURCE = "source"
    THREAD = "thread"
    WORD = "word"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mute:
    """One thing muted."""

    key: str
    what: Mutable
    #: A handle, a source's name, a thread's id, or words that stand together.
    value: str
    #: The source on which an author has that handle.
    source: str = ""
    by: str
    at: datetime

    @property
    def node(self) -> Node:
        """What it takes out of the queue, as a condition over mentions."""
        match self.what:
            case Mutable.AUTHOR:
                return And((OneOf("author", (self.value,)), OneOf("source", (self.source,))))
            case Mutable.SOURCE:
                return OneOf("source", (self.value,))
            case Mutable.THREAD:
                return OneOf("thread", (self.value,))
            case Mutable.WORD:
                return Words(" ".join(token_texts(self.value)), Match.PHRASE)


def mutes(store: Store) -> Sequence[Mute]:
    """Return everything that is muted, newest first."""
    found = [mute for item in store.kept(KIND) if (mute := _read(item))]
    return sorted(found, key=lambda mute: (mute.at, mute.key), reverse=True)


def unmuted(store: Store) -> tuple[Node, ...]:
    """Return the conditions under which a mention is not muted."""
    found = mutes(store)
    threads = tuple(each.value for each in found if each.what is Mutable.THREAD)
    nodes = [each.node for each in found if each.what is not Mutable.THREAD]
    return tuple(map(Not, [*nodes, OneOf("thread", threads)] if threads else nodes))


def mute(
    store: Store, what: Mutable, value: str, *, source: str = "", actor: str, now: datetime
) -> AuditRecord | None:
    """Mute something for the whole team; return the act, None where it was muted before.

    Raises:
        InputError: there is nothing to mute, or too much is muted already.
    """
    if what is not Mutable.THREAD:
        value = " ".join(value.split())
    longest = MAX_ID if what is Mutable.THREAD else MAX_VALUE
    if not value or len(value) > longest or (what is Mutable.WORD and not token_texts(value)):
        raise InputError(f"write 1 to {MAX_VALUE} characters to mute, with a letter or a digit among them")
    if what is Mutable.AUTHOR and not source:
        raise InputError("an author is muted on one source; open one of their threads")
    key = hashlib.sha256(f"{what}\x00{source}\x00{value.casefold()}".encode("utf-8", "replace")).hexdigest()[
        :16
    ]
    there = store.kept(KIND)
    if any(item.key == key for item in there):
        return None
    _check_room(there, what)
    body = {"what": what.value, "value": value, "source": source}
    store.keep(Kept(kind=KIND, key=key, body=body, by=actor, at=now))
    return next(iter(store.audit(target=f"{KIND}:{key}", limit=1)), None)


def _check_room(there: Sequence[Kept], what: Mutable) -> None:
    threads = sum(item.body.get("what") == Mutable.THREAD.value for item in there)
    if what is Mutable.THREAD and threads >= MAX_THREADS:
        raise InputError(f"{MAX_THREADS} threads are muted already; unmute some, or mute an author or words")
    if what is not Mutable.THREAD and len(there) - threads >= MAX_MUTES:
        raise InputError(f"{MAX_MUTES} things are muted already; a must-not word of the watch costs less")


def take_back(store: Store, act: AuditRecord, *, actor: str, now: datetime) -> AuditRecord:
    """Undo the act of muting something, unless it was muted anew since; a second undo changes nothing."""
    item = store.kept_one(KIND, act.target.partition(":")[2])
    if item is not None and item.at == act.at:
        unmute(store, item.key, actor=actor, now=now)
    return store.record(actor=actor, action=f"{UNDO}{act.id}", target=act.target, now=now)


def unmute(store: Store, key: str, *, actor: str, now: datetime) -> None:
    """Let something through again."""
    store.drop(KIND, key, actor=actor, now=now)


def _read(item: Kept) -> Mute | None:
    what, value, source = (str(item.body.get(name) or "") for name in ("what", "value", "source"))
    if what not in list(Mutable) or not value:
        return None
    return Mute(key=item.key, what=Mutable(what), value=value, source=source, by=item.by, at=item.at)
