"""The triage of a thread: read, changed by compare-and-set, told to the audit."""

# The SQL here is put together from our own names; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from core.audit import AuditRecord
from core.errors import Conflict, NotFound
from core.thread import Status, Triage, triage_to_json
from store.codecs import dumps, maybe_micros, maybe_moment, storable
from store.sqlite import ledger
from store.sqlite.connection import Link

STATUSES = {status.value: status for status in Status}
NO_TAGS = "[]"
COLUMNS = "status, assignee, snoozed_until, pinned, not_about_us, tags, version"


class Row(NamedTuple):
    """The triage columns of a thread."""

    status: str
    assignee: str | None
    snoozed_until: int | None
    pinned: int
    not_about_us: int
    tags: str
    version: int

    def triage(self) -> Triage:
        """Return the columns as a triage."""
        return Triage.restored(
            STATUSES[self.status],
            self.assignee,
            maybe_moment(self.snoozed_until),
            bool(self.pinned),
            bool(self.not_about_us),
            tuple(json.loads(self.tags)) if self.tags != NO_TAGS else (),
            self.version,
        )


class _Stored:
    """A thread's number, its id as stored, and its triage."""

    def __init__(self, tid: int, thread_id: str, *columns: str | int | None) -> None:
        self.tid, self.id, self.triage = tid, thread_id, Row._make(columns).triage()


STORED = f"SELECT tid, id, {COLUMNS} FROM thread WHERE id = ?"


def _unknown(thread_id: str) -> NotFound:
    return NotFound(f"there is no thread {thread_id!r}; look for it in the queue")


def tid_of(link: Link, thread_id: str) -> int:
    """Return the number of a thread.

    Raises:
        NotFound: there is no such thread.
    """
    tid = link.number("SELECT tid FROM thread WHERE id = ?", thread_id)
    if not tid:
        raise _unknown(thread_id)
    return tid


def change(
    link: Link, thread_id: str, triage: Triage, *, actor: str, action: str, now: datetime
) -> tuple[Triage, AuditRecord]:
    """Store a triage whose version is the stored one.

    Raises:
        NotFound: there is no such thread.
        Conflict: somebody changed it first.
    """
    found = link.one(_Stored, STORED, thread_id)
    if found is None:
        raise _unknown(thread_id)
    if found.triage.version != triage.version:
        raise Conflict("somebody changed this thread first; look at it again", fresh=found.triage)
    return _write(link, found, triage, actor=actor, action=action, now=now)


def reopen(link: Link, tid: int, *, actor: str, now: datetime) -> None:
    """Open a thread again, because somebody wrote in it or its snooze is over."""
    found = link.one(_Stored, f"SELECT tid, id, {COLUMNS} FROM thread WHERE tid = ?", tid)
    if found is None:
        raise NotFound(f"there is no thread {tid}; it may have been removed")
    opened = replace(found.triage, status=Status.OPEN, snoozed_until=None)
    _write(link, found, opened, actor=actor, action="triage.reopen", now=now)


# `OR FAIL`, because a statement that has a trigger and may undo itself alone copies each page aside; the act
# around it is undone as a whole.
WRITE = """
UPDATE OR FAIL thread SET status = ?, assignee = ?, snoozed_until = ?, pinned = ?, not_about_us = ?, tags = ?,
    version = ?, sequence = sequence + 1 WHERE tid = ?
"""


def _write(
    link: Link, found: _Stored, after: Triage, *, actor: str, action: str, now: datetime
) -> tuple[Triage, AuditRecord]:
    tid, before = found.tid, found.triage
    tags = tuple(dict.fromkeys(filter(None, map(storable, after.tags))))
    assignee = storable(after.assignee) if after.assignee else None
    until = maybe_micros(after.snoozed_until)
    values = Row(
        after.status.value,
        assignee,
        until,
        after.pinned,
        after.not_about_us,
        dumps(list(tags)) if tags else NO_TAGS,
        before.version + 1,
    )
    after = values.triage()
    link.connection.execute(WRITE, (*values, tid))
    if tags != before.tags:
        link.run("DELETE FROM thread_tag WHERE thread = ?", tid)
        link.many("INSERT INTO thread_tag (tag, thread) VALUES (?, ?)", [(tag, tid) for tag in tags])
    was, became = triage_to_json(before), triage_to_json(after)
    record = ledger.write(
        link, actor=actor, action=action, target=f"thread:{found.id}", now=now, before=was, after=became
    )
    return after, record.telling(was, became)
