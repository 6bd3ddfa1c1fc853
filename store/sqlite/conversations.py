"""Threads while mentions come in: created, counted, opened again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from core.mention import Mention
from core.thread import Status
from store.arrivals import Arrival
from store.chain import EARFUL
from store.sqlite import triaging
from store.sqlite.connection import Link
from store.sqlite.interning import Numbers

# `mentions`, `newest` and `waiting_since` are of matched mentions that are neither ours nor deleted.
COUNT = """
UPDATE thread SET sequence = sequence + 1, (mentions, size, newest, own_last) = (
    SELECT coalesce(sum(NOT (context OR own OR deleted)), 0), count(*),
        max(CASE WHEN NOT (context OR own OR deleted) THEN published END),
        max(CASE WHEN own AND NOT deleted THEN published END)
    FROM mention WHERE thread = thread.tid
) WHERE tid IN (SELECT value FROM json_each(?))
"""
WAIT = """
UPDATE thread SET waiting_since = (
    SELECT min(published) FROM mention
    WHERE thread = thread.tid AND NOT (context OR own OR deleted)
        AND (thread.own_last IS NULL OR published > thread.own_last)
) WHERE tid IN (SELECT value FROM json_each(?))
"""
SLEEPING = """
SELECT tid, status FROM thread
WHERE status IN ('waiting', 'snoozed', 'resolved') AND tid IN (SELECT value FROM json_each(?))
"""


class Conversations:
    """The threads that one batch touches."""

    def __init__(self, link: Link, numbers: Numbers, now: datetime) -> None:
        self.link = link
        self.numbers = numbers
        self.now = now
        self._tids: dict[str, int] = {}
        self._touched: set[int] = set()
        #: Copies of another store bring no news: whatever it reopened is told by its threads.
        self.quiet = False
        #: Threads with news that are not ours, and whether some of it matched a watch.
        self._news: dict[int, bool] = {}

    def joined(self, mention: Mention, arrival: Arrival) -> int:
        """Return the thread of a new mention; made where it is not there yet."""
        tid = self._tids[arrival.thread_id]
        self._touched.add(tid)
        if not arrival.own and not mention.deleted:
            self.news(tid, matched=arrival.matched)
        return tid

    def meet(self, arrivals: Iterable[Arrival]) -> None:
        """Find the threads of new mentions, and make those that are not there yet."""
        new = {
            arrival.thread_id: arrival.mention.source
            for arrival in arrivals
            if arrival.thread_id not in self._tids
        }
        known = "SELECT id, tid FROM thread WHERE id IN (SELECT value FROM json_each(?))"
        for thread_id, tid in self.link.connection.execute(known, (json.dumps(list(new)),)):
            self._tids[thread_id] = tid
            del new[thread_id]
        last = self.link.number("SELECT max(tid) FROM thread")
        made = [
            (tid, thread_id, self.numbers.source(source))
            for tid, (thread_id, source) in enumerate(new.items(), last + 1)
        ]
        self.link.many("INSERT INTO thread (tid, id, source) VALUES (?, ?, ?)", made)
        self._tids |= {thread_id: tid for tid, thread_id, _ in made}

    def touch(self, tid: int) -> None:
        """Say that a mention of a thread changed."""
        self._touched.add(tid)

    def news(self, tid: int, *, matched: bool) -> None:
        """Say that somebody else wrote in a thread."""
        self._touched.add(tid)
        self._news[tid] = self._news.get(tid, False) or matched

    def finish(self) -> None:
        """Count the touched threads anew, and open those that somebody wrote in."""
        touched = json.dumps(sorted(self._touched))
        self.link.run(COUNT, touched)
        self.link.run(WAIT, touched)
        if self.quiet:
            return
        for tid, status in self.link.rows(lambda *row: row, SLEEPING, json.dumps(sorted(self._news))):
            if status == Status.WAITING or self._news[tid]:
                triaging.reopen(self.link, tid, actor=EARFUL, now=self.now)


def touch(link: Link, docids: Iterable[int]) -> None:
    """Say that labels of mentions changed: their threads are to be ranked anew."""
    link.run(TOUCH, json.dumps(sorted(docids)))


TOUCH = """
UPDATE thread SET sequence = sequence + 1 WHERE tid IN (
    SELECT thread FROM mention WHERE docid IN (SELECT value FROM json_each(?))
)
"""
