"""Who has which thread in hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from core.kept import Doing, Hold
from store.codecs import micros, moment
from store.sqlite.connection import Link
from store.sqlite.part import Part

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


def _hold(thread: str, user: str, doing: str, until: int) -> Hold:
    return Hold(thread_id=thread, user=user, doing=Doing(doing), until=moment(until))
