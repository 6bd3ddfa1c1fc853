"""Threads while mentions come in: created, counted, opened again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
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
UPDATE thread SET listed = mentions > 0, waiting_since = (
    SELECT min(published) FROM mention
    WHERE thread = thread.tid AND NOT (context OR own OR deleted)
        AND (thread.own_last IS NULL OR published > thread.own_last)
) WHERE tid IN (SELECT value FROM json_each(?))
"""
SLEEPING = """
SELECT tid, status FROM thread
WHERE status IN ('waiting', 'snoozed', 'resolved') AND tid IN (SELECT value FROM json_each(?))
"""
KNOWN = """
SELECT id, tid, size, mentions, newest, own_last, waiting_since FROM thread
WHERE id IN (SELECT value FROM json_each(?))
"""
ADD = """
INSERT INTO thread (tid, id, source, size, mentions, newest, waiting_since, own_last, listed, sequence)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1)
"""
#: New threads are open; no trigger counts them (migration 0010).
TALLY = "UPDATE tally SET threads = threads + ? WHERE status = 'open' AND waiting = ?"
# Apart from each other, because each index of a column that stands here is written anew; `OR FAIL`, because a
# statement that has a trigger and may undo itself alone copies each page aside.
GROW = "UPDATE thread SET sequence = sequence + 1, size = ?, mentions = ? WHERE tid = ?"
CHANGED = {
    "newest": "UPDATE thread SET newest = ? WHERE tid = ?",
    "waiting_since": "UPDATE OR FAIL thread SET waiting_since = ? WHERE tid = ?",
    "own_last": "UPDATE thread SET own_last = ? WHERE tid = ?",
    "listed": "UPDATE OR FAIL thread SET listed = ? WHERE tid = ?",
}


@dataclass(slots=True)
class _Growing:
    """A thread as stored, and as new mentions make it."""

    tid: int
    size: int = 0
    mentions: int = 0
    newest: int | None = None
    own_last: int | None = None
    waiting_since: int | None = None
    #: What a new thread is stored with beside these; None for a stored one.
    made: tuple[str, int] | None = None
    before: _State = (None, None, None, 0)
    grown: bool = False

    @property
    def state(self) -> _State:
        """The values of `CHANGED`, in its order."""
        return self.newest, self.waiting_since, self.own_last, int(self.mentions > 0)

    def grow(self, published: int) -> None:
        """Take a matched mention in that is neither ours nor deleted."""
        self.mentions += 1
        if self.newest is None or published > self.newest:
            self.newest = published
        if self.own_last is not None and published <= self.own_last:
            return
        if self.waiting_since is None or published < self.waiting_since:
            self.waiting_since = published

    def answer(self, published: int) -> bool:
        """Take a word of ours in; return False where only the mentions tell who waits after it."""
        if self.own_last is None or published > self.own_last:
            self.own_last = published
        if self.waiting_since is None or self.waiting_since > self.own_last:
            return True
        self.waiting_since = None
        return self.newest is None or self.newest <= self.own_last


_State = tuple[int | None, int | None, int | None, int]


class Conversations:
    """The threads that one batch touches."""

    def __init__(self, link: Link, numbers: Numbers, now: datetime) -> None:
        self.link = link
        self.numbers = numbers
        self.now = now
        self._threads: dict[str, _Growing] = {}
        #: To be counted anew from their mentions.
        self._touched: set[int] = set()
        #: Copies of another store bring no news: whatever it reopened is told by its threads.
        self.quiet = False
        #: Threads with news that are not ours, and whether some of it matched a watch.
        self._news: dict[int, bool] = {}

    def joined(self, mention: Mention, arrival: Arrival) -> int:
        """Return the thread of a new mention, which grows by it."""
        thread = self._threads[arrival.thread_id]
        thread.grown = True
        thread.size += 1
        if mention.deleted:
            return thread.tid
        if arrival.own:
            if not thread.answer(arrival.published):
                self._touched.add(thread.tid)
            return thread.tid
        if arrival.matched:
            thread.grow(arrival.published)
        self._news[thread.tid] = self._news.get(thread.tid, False) or arrival.matched
        return thread.tid

    def meet(self, arrivals: Iterable[Arrival]) -> None:
        """Find the threads of new mentions; `make` stores those that are not there yet."""
        new = {
            arrival.thread_id: arrival.mention.source
            for arrival in arrivals
            if arrival.thread_id not in self._threads
        }
        for thread_id, *stored in self.link.connection.execute(KNOWN, (json.dumps(list(new)),)):
            thread = _Growing(*stored)
            thread.before = thread.state
            self._threads[thread_id] = thread
            del new[thread_id]
        last = self.link.number("SELECT max(tid) FROM thread")
        for tid, (thread_id, source) in enumerate(new.items(), last + 1):
            self._threads[thread_id] = _Growing(tid, made=(thread_id, self.numbers.source(source)))

    def make(self) -> None:
        """Store the new threads, grown so far: mentions refer to them."""
        new = [thread for thread in self._threads.values() if thread.made]
        self.link.many(ADD, [(one.tid, *(one.made or ()), one.size, one.mentions, *one.state) for one in new])
        counted = [0, 0]
        for thread in new:
            thread.made, thread.before, thread.grown = None, thread.state, False
            counted[thread.waiting_since is not None] += thread.mentions > 0
        self.link.many(TALLY, [(threads, waiting) for waiting, threads in enumerate(counted)])

    def touch(self, tid: int) -> None:
        """Say that a mention of a thread changed."""
        self._touched.add(tid)

    def news(self, tid: int, *, matched: bool) -> None:
        """Say that somebody else wrote in a thread."""
        self._touched.add(tid)
        self._news[tid] = self._news.get(tid, False) or matched

    def finish(self) -> None:
        """Store how the threads grew, count the touched ones anew, and open those that somebody wrote in."""
        grown = [one for one in self._threads.values() if one.grown and one.tid not in self._touched]
        grown.sort(key=lambda one: one.tid)
        self.link.many(GROW, [(one.size, one.mentions, one.tid) for one in grown])
        for place, sql in enumerate(CHANGED.values()):
            other = [one for one in grown if one.state[place] != one.before[place]]
            self.link.many(sql, [(one.state[place], one.tid) for one in other])
        if self._touched:
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
UPDATE OR FAIL thread SET sequence = sequence + 1 WHERE tid IN (
    SELECT thread FROM mention WHERE docid IN (SELECT value FROM json_each(?))
)
"""
