"""What people set up, and who has which thread in hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from core.clock import iso
from core.errors import Conflict
from core.kept import Doing, Hold, Kept
from store.codecs import dumps, loads, micros, moment
from store.sqlite import ledger
from store.sqlite.connection import Link
from store.sqlite.part import Part

KEPT = "SELECT kind, key, body, by, at, version FROM kept WHERE kind = ?"
ONE_KEPT = f"{KEPT} AND key = ?"
SAVE = "INSERT OR REPLACE INTO kept (kind, key, body, by, at, version) VALUES (?, ?, ?, ?, ?, ?)"
LIVE = "SELECT thread, user, doing, until FROM hold WHERE until > ? ORDER BY thread, user, doing"
LIVE_OF = """
SELECT thread, user, doing, until FROM hold
WHERE until > ? AND thread IN (SELECT value FROM json_each(?)) ORDER BY thread, user, doing
"""
HOLD = "INSERT OR REPLACE INTO hold (thread, user, doing, until) VALUES (?, ?, ?, ?)"
OTHERS_HAVE = """
SELECT DISTINCT thread FROM hold WHERE doing = 'taken' AND user <> ? AND until > ?
AND thread IN (SELECT value FROM json_each(?))
"""


class KeptThings(Part):
    """Keep small things under a kind and a key."""

    def kept(self, kind: str) -> list[Kept]:
        """Return all things of a kind, by key."""
        with self.database.read() as link:
            return link.rows(_kept, f"{KEPT} ORDER BY key", kind)

    def keep(self, item: Kept) -> Kept:
        """Store a thing by compare-and-set on its version; raises `Conflict`."""
        with self.database.write() as link:
            stored = link.one(_kept, ONE_KEPT, item.kind, item.key)
            if (stored.version if stored else 0) != item.version:
                raise Conflict("somebody saved this first; nothing of yours was applied", fresh=stored)
            body, version = dumps(dict(item.body)), item.version + 1
            link.run(SAVE, item.kind, item.key, body, item.by, micros(item.at), version)
            ledger.write(
                link,
                actor=item.by,
                action=f"{item.kind}.save",
                target=f"{item.kind}:{item.key}",
                now=item.at,
                before=dict(stored.body) if stored else {},
                after=dict(item.body),
            )
            fresh = link.one(_kept, ONE_KEPT, item.kind, item.key)
        return fresh or item

    def drop(self, kind: str, key: str, *, actor: str, now: datetime) -> None:
        """Take a thing away; its audit record keeps what it was."""
        with self.database.write() as link:
            stored = link.one(_kept, ONE_KEPT, kind, key)
            if stored is None:
                return
            link.run("DELETE FROM kept WHERE kind = ? AND key = ?", kind, key)
            ledger.write(
                link,
                actor=actor,
                action=f"{kind}.remove",
                target=f"{kind}:{key}",
                now=now,
                before={**stored.body, "by": stored.by, "at": iso(stored.at)},
            )


class Holds(Part):
    """Keep who has which thread in hand."""

    def hold(self, hold: Hold, *, now: datetime) -> None:
        """Say that somebody has a thread in hand; what ran out is swept away."""
        with self.database.write() as link:
            _sweep(link, now)
            link.run(HOLD, hold.thread_id, hold.user, hold.doing.value, micros(hold.until))

    def take(self, thread_ids: Sequence[str], *, user: str, until: datetime, now: datetime) -> list[str]:
        """Check threads out for one user; return those that nobody else had, in their order."""
        with self.database.write() as link:
            _sweep(link, now)
            theirs = set(link.rows(str, OTHERS_HAVE, user, micros(now), json.dumps(list(thread_ids))))
            free = [thread_id for thread_id in dict.fromkeys(thread_ids) if thread_id not in theirs]
            for thread_id in free:
                link.run(HOLD, thread_id, user, Doing.TAKEN.value, micros(until))
        return free

    def holds(self, thread_ids: Sequence[str] | None = None, *, now: datetime) -> list[Hold]:
        """Return who has these threads in hand, or any; by thread, user and what they do."""
        with self.database.read() as link:
            if thread_ids is None:
                return link.rows(_hold, LIVE, micros(now))
            return link.rows(_hold, LIVE_OF, micros(now), json.dumps(list(thread_ids)))

    def release(self, user: str, *, doing: Doing, thread_id: str | None = None) -> None:
        """Say that somebody no longer does something, with one thread or with any."""
        sql = "DELETE FROM hold WHERE user = ? AND doing = ? AND (?3 IS NULL OR thread = ?3)"
        with self.database.write() as link:
            link.run(sql, user, doing.value, thread_id)


def _sweep(link: Link, now: datetime) -> None:
    link.run("DELETE FROM hold WHERE until <= ?", micros(now))


def _kept(  # noqa: PLR0917 — the columns of a row
    kind: str, key: str, body: str, by: str, at: int, version: int
) -> Kept:
    return Kept(kind=kind, key=key, body=loads(body), by=by, at=moment(at), version=version)


def _hold(thread: str, user: str, doing: str, until: int) -> Hold:
    return Hold(thread_id=thread, user=user, doing=Doing(doing), until=moment(until))
