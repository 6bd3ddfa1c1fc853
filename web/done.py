"""What was just done, told once on the next page, with its undo. The address carries the audit ids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import ngettext

from core.audit import AuditRecord
from core.errors import NotFound
from core.ports import Store
from engage.bulk import bulk_of
from engage.desk import UNDOABLE, find_record, thread_of
from engage.muting import MUTED, Mutable
from web import wording

#: An address tells of one act on a whole view by this and its key.
BULK = "bulk-"
#: Most acts that one address tells of: a whole page selected.
MOST = 100


@dataclass(frozen=True, slots=True)
class Done:
    """One or more acts of one click."""

    text: str
    #: Title of the thread, where it was one.
    title: str
    #: Its id.
    thread_id: str
    #: What the undo form sends; empty where there is no inverse.
    undo: str


def finished(store: Store, written: str) -> Done | None:
    """Return what the audit ids in an address tell, or None."""
    if written.startswith(BULK):
        return _many(store, written)
    ids = audit_ids(written)
    records = [record for record in (find_record(store, audit_id) for audit_id in ids) if record]
    if not records:
        return None
    text = wording.act(records[0])
    undo = ",".join(str(record.id) for record in records if record.action in UNDOABLE)
    if len(records) > 1:
        return Done(f"{text}: {_threads(len(records))}", "", "", undo)
    thread_id, title = _about(store, records[0])
    return Done(text, title, thread_id, undo)


def _many(store: Store, written: str) -> Done | None:
    """Return what was done to everything in a view."""
    many = bulk_of(store, written.removeprefix(BULK))
    first = find_record(store, many.acts[0]) if many and many.acts else None
    if many is None or first is None:
        return None
    return Done(f"{wording.act(first)}: {_threads(len(many.acts))}", "", "", written)


def _threads(count: int) -> str:
    return str(ngettext("%(n)s thread", "%(n)s threads", count, n=f"{count:,}"))


def join(records: Sequence[AuditRecord]) -> str:
    """Return audit ids as an address carries them."""
    return ",".join(str(record.id) for record in records)


def audit_ids(written: str) -> list[int]:
    """Return the audit ids in a text; what is none is left out."""
    parts = written.split(",")[:MOST]
    return [int(part) for part in parts if re.fullmatch(r"[0-9]{1,18}", part)]


def _about(store: Store, record: AuditRecord) -> tuple[str, str]:
    try:
        if record.action == MUTED:
            return "", _muted(store, record)
        thread_id = thread_of(store, record)
        return thread_id, store.thread(thread_id).title
    except NotFound:
        return "", ""


def _muted(store: Store, record: AuditRecord) -> str:
    """Return what was muted, as people know it."""
    value = str(record.after.get("value") or "")
    match record.after.get("what"):
        case Mutable.SOURCE.value:
            return wording.source(value)
        case Mutable.THREAD.value:
            return store.thread(value).title
    return value
