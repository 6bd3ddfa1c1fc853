"""Threads as records: what people decided and wrote, and where they stand in the queue."""

# The SQL here is put together from our own names; every value is bound.
# ruff: noqa: S608

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence

from core.records import Record
from core.thread import Note
from store.codecs import dumps, maybe_micros, micros, moment, priority_from_text, priority_to_text
from store.sqlite.connection import Link
from store.sqlite.moving_mentions import Mentions
from store.sqlite.triaging import COLUMNS, Row
from store.wholes import WholeThread

READ = f"""
SELECT thread.id, source.name, reasons, ranked_at, ranked_sequence, sequence, {COLUMNS}
FROM thread JOIN source ON source.id = thread.source WHERE thread.id > ? ORDER BY thread.id LIMIT ?
"""
NOTES = """
SELECT thread.id, note.id, note.author, note.text, note.at FROM note JOIN thread ON thread.tid = note.thread
WHERE thread.id IN (SELECT value FROM json_each(?))
"""
WRITE = """
UPDATE thread SET points = ?, reasons = ?, ranked_at = ?, ranked_sequence = ?, sequence = ?, status = ?,
    assignee = ?, snoozed_until = ?, pinned = ?, not_about_us = ?, tags = ?, version = ? WHERE tid = ?
"""


class Threads:
    """One record for each thread."""

    tables = frozenset({"thread", "thread_tag", "note"})

    def count(self, link: Link) -> int:
        """Return how many there are."""
        return link.number("SELECT count(*) FROM thread")

    def read(self, link: Link, after: Record | None, limit: int) -> list[Record]:
        """Return the first records in order, or those after one."""
        rows = link.rows(lambda *row: row, READ, after.key if after else "", limit)
        notes: dict[str, list[Note]] = defaultdict(list)
        for thread, note, author, text, at in link.rows(
            lambda *row: row, NOTES, json.dumps([row[0] for row in rows])
        ):
            notes[thread].append(Note(id=note, thread_id=thread, author=author, text=text, at=moment(at)))
        return [
            WholeThread(
                id=thread,
                source=source,
                triage=Row(*triage).triage(),
                priority=priority_from_text(reasons),
                ranked_at=ranked_at,
                ranked_sequence=ranked_sequence,
                sequence=sequence,
                notes=tuple(notes[thread]),
            ).record()
            for thread, source, reasons, ranked_at, ranked_sequence, sequence, *triage in rows
        ]

    def write(self, link: Link, records: Sequence[Record]) -> None:
        """Store what is known of threads whose mentions are here already."""
        for record in records:
            _write(link, WholeThread.of(record.body))

    def remove(self, link: Link, keys: Sequence[str]) -> None:
        """Take threads away with all their mentions."""
        sql = "SELECT id FROM mention WHERE thread = (SELECT tid FROM thread WHERE id = ?)"
        Mentions().remove(link, [one for key in keys for one in link.rows(str, sql, key)])


def _write(link: Link, whole: WholeThread) -> None:
    tid, triage = link.number("SELECT tid FROM thread WHERE id = ?", whole.id), whole.triage
    if not tid:
        # Its mentions came after they were read; the next pass brings both.
        return
    link.run(
        WRITE,
        whole.priority.points,
        priority_to_text(whole.priority),
        whole.ranked_at,
        whole.ranked_sequence,
        whole.sequence,
        triage.status.value,
        triage.assignee,
        maybe_micros(triage.snoozed_until),
        triage.pinned,
        triage.not_about_us,
        dumps(list(triage.tags)),
        triage.version,
        tid,
    )
    link.run("DELETE FROM thread_tag WHERE thread = ?", tid)
    link.many("INSERT INTO thread_tag (tag, thread) VALUES (?, ?)", [(tag, tid) for tag in triage.tags])
    link.run("DELETE FROM note WHERE thread = ?", tid)
    for note in whole.notes:
        sql = "INSERT INTO note (id, thread, author, text, at) VALUES (?, ?, ?, ?, ?)"
        link.run(sql, note.id, tid, note.author, note.text, micros(note.at))
