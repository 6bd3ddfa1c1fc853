"""Threads, their ranking, and what people decided and wrote about them."""

from __future__ import annotations

from datetime import datetime

from core.audit import AuditRecord
from core.clock import iso
from core.errors import NotFound
from core.thread import Correction, Note, Priority, StoredMention, Thread, Triage
from store.chain import EARFUL
from store.codecs import maybe_moment, micros, moment, priority_from_text, priority_to_text
from store.conversation import head_of, in_order, title_of
from store.sqlite import ledger, loading, triaging
from store.sqlite.connection import Link
from store.sqlite.docids import last_docid
from store.sqlite.labels import correction
from store.sqlite.part import Part
from store.sqlite.triaging import tid_of

CHANGED = "SELECT id FROM thread WHERE ranked_sequence < sequence ORDER BY tid LIMIT ?"
AGED = """
SELECT id FROM thread WHERE status = 'open' AND ranked_at < ? AND ranked_sequence >= sequence
ORDER BY ranked_at LIMIT ?
"""
AWAKE = """
SELECT id FROM thread WHERE status = 'snoozed' AND snoozed_until <= ? AND ranked_sequence >= sequence
ORDER BY snoozed_until LIMIT ?
"""
CORRECTIONS = """
SELECT m.id, brand.name, c.by, c.at, c.tone, c.churn
FROM correction c JOIN mention m ON m.docid = c.docid JOIN brand ON brand.id = c.brand
WHERE m.thread = ? ORDER BY c.at, c.by
"""
STALE = """
SELECT DISTINCT thread.id FROM mention m JOIN thread ON thread.tid = m.thread
WHERE m.docid <= ?1 AND thread.pinned = 0 AND m.published < ?2
    AND NOT EXISTS (SELECT 1 FROM mention n WHERE n.thread = m.thread AND n.published >= ?2)
LIMIT ?3
"""
RANK = """
UPDATE thread SET points = ?, reasons = ?, ranked_at = ?, ranked_sequence = sequence
WHERE tid = ? AND sequence = ?
"""


class Threads(Part):
    """Keep threads and what people decided about them."""

    def thread(self, thread_id: str) -> Thread:
        """Return a thread with its mentions, labels, notes and corrections; raises `NotFound`."""
        with self.database.read() as link:
            head = link.one(_Head, HEAD, thread_id)
            if head is None:
                raise NotFound(f"there is no thread {thread_id!r}; look for it in the queue")
            mentions = loading.of_thread(link, head.id, head.tid)
            notes = link.rows(_note, NOTES, head.tid) if head.noted else []
            corrections = link.rows(correction, CORRECTIONS, head.tid) if head.corrected else []
        if not mentions:
            raise NotFound(f"there is no thread {thread_id!r}; look for it in the queue")
        return head.thread(tuple(in_order(mentions)), tuple(notes), tuple(corrections))

    def threads_to_rank(self, *, limit: int, older_than: datetime) -> list[str]:
        """Return ids of threads whose priority is out of date."""
        with self.database.read() as link:
            found = link.rows(str, CHANGED, limit)
            found += link.rows(str, AGED, micros(older_than), limit)
            found += link.rows(str, AWAKE, micros(self.clock.now()), limit)
        return list(dict.fromkeys(found))[:limit]

    def save_priority(self, thread_id: str, priority: Priority, *, sequence: int, now: datetime) -> None:
        """Store a priority made from a thread at `sequence`; dropped where the thread has changed since."""
        with self.database.write() as link:
            tid = tid_of(link, thread_id)
            link.run(RANK, priority.points, priority_to_text(priority), micros(now), tid, sequence)
            if not link.changes():
                return
            due = "SELECT tid FROM thread WHERE tid = ? AND status = 'snoozed' AND snoozed_until <= ?"
            if link.number(due, tid, micros(now)):
                triaging.reopen(link, tid, actor=EARFUL, now=now)

    def triage(
        self, thread_id: str, change: Triage, *, actor: str, action: str, now: datetime
    ) -> tuple[Triage, AuditRecord]:
        """Store a triage by compare-and-set; raises `NotFound` and `Conflict`."""
        with self.database.write() as link:
            return triaging.change(link, thread_id, change, actor=actor, action=action, now=now)

    def add_note(self, note: Note) -> None:
        """Add a note to a thread; the same id twice is one note."""
        with self.database.write() as link:
            tid = tid_of(link, note.thread_id)
            link.run(
                "INSERT OR IGNORE INTO note (id, thread, author, text, at) VALUES (?, ?, ?, ?, ?)",
                note.id,
                tid,
                note.author,
                note.text,
                micros(note.at),
            )
            if link.changes():
                _record_note(link, "note.add", note, actor=note.author, now=note.at)

    def remove_note(self, note_id: str, *, actor: str, now: datetime) -> None:
        """Take a note away; its audit record keeps the text."""
        with self.database.write() as link:
            note = link.one(_note, NOTE, note_id)
            if note is not None:
                link.run("DELETE FROM note WHERE id = ?", note_id)
                _record_note(link, "note.remove", note, actor=actor, now=now)

    def stale_threads(self, *, before: datetime, limit: int) -> list[str]:
        """Return threads that are not pinned and whose mentions were all published before a moment."""
        with self.database.read() as link:
            return link.rows(str, STALE, last_docid(micros(before)), micros(before), limit)

    def tags(self) -> list[str]:
        """Return every tag in use, by name."""
        with self.database.read() as link:
            return sorted(link.rows(str, "SELECT DISTINCT tag FROM thread_tag"))


# Few threads have notes or corrections: asking whether there are any costs less than asking for them.
HEAD = f"""
SELECT tid, thread.id, source.name, sequence, reasons, ranked_at,
    EXISTS (SELECT 1 FROM note WHERE note.thread = tid),
    EXISTS (SELECT 1 FROM mention m CROSS JOIN correction c ON c.docid = m.docid WHERE m.thread = tid),
    {triaging.COLUMNS}
FROM thread JOIN source ON source.id = thread.source WHERE thread.id = ?
"""  # noqa: S608 — our own names
NOTES = """
SELECT note.id, thread.id, note.author, note.text, note.at
FROM note JOIN thread ON thread.tid = note.thread WHERE note.thread = ? ORDER BY note.at, note.id
"""
NOTE = """
SELECT note.id, thread.id, note.author, note.text, note.at
FROM note JOIN thread ON thread.tid = note.thread WHERE note.id = ?
"""


class _Head:
    def __init__(  # noqa: PLR0917 — the columns of a row
        self,
        tid: int,
        thread_id: str,
        source: str,
        sequence: int,
        reasons: str,
        ranked_at: int | None,
        noted: int,
        corrected: int,
        *triage: str | int | None,
    ) -> None:
        self.tid, self.id, self.source, self.sequence = tid, thread_id, source, sequence
        self.reasons, self.ranked_at = reasons, ranked_at
        self.noted, self.corrected = noted, corrected
        self.triage = triaging.Row._make(triage).triage()

    def thread(
        self,
        mentions: tuple[StoredMention, ...],
        notes: tuple[Note, ...],
        corrections: tuple[Correction, ...],
    ) -> Thread:
        """Return the thread around its mentions."""
        first = head_of(self.id, mentions)
        return Thread.restored(
            self.id,
            self.source,
            title_of(first.mention.title, first.mention.text),
            first.mention.url,
            tuple(sorted({watch for stored in mentions for watch in stored.watches})),
            mentions,
            self.triage,
            priority_from_text(self.reasons),
            maybe_moment(self.ranked_at),
            notes,
            corrections,
            self.sequence,
        )


def _note(note_id: str, thread_id: str, author: str, text: str, at: int) -> Note:
    return Note(id=note_id, thread_id=thread_id, author=author, text=text, at=moment(at))


def _record_note(link: Link, action: str, note: Note, *, actor: str, now: datetime) -> None:
    said: dict[str, object] = {"id": note.id, "author": note.author, "text": note.text, "at": iso(note.at)}
    ledger.write(
        link,
        actor=actor,
        action=action,
        target=f"thread:{note.thread_id}",
        now=now,
        before=said if action == "note.remove" else {},
        after=said if action == "note.add" else {},
    )
