"""What was just done, told once on the next page, with its undo. The address carries the audit ids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.audit import AuditRecord
from core.errors import NotFound
from core.ports import Store
from engage.desk import UNDOABLE, find_record, thread_of
from web import wording

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
    #: Audit ids to undo; empty where there is no inverse.
    undo: tuple[int, ...]


def finished(store: Store, written: str) -> Done | None:
    """Return what the audit ids in an address tell, or None."""
    ids = audit_ids(written)
    records = [record for record in (find_record(store, audit_id) for audit_id in ids) if record]
    if not records:
        return None
    text = wording.act(records[0])
    undo = tuple(record.id for record in records if record.action in UNDOABLE)
    if len(records) > 1:
        return Done(f"{text}: {len(records)} threads", "", "", undo)
    thread_id, title = _about(store, records[0])
    return Done(text, title, thread_id, undo)


def join(records: Sequence[AuditRecord]) -> str:
    """Return audit ids as an address carries them."""
    return ",".join(str(record.id) for record in records)


def audit_ids(written: str) -> list[int]:
    """Return the audit ids in a text; what is none is left out."""
    parts = written.split(",")[:MOST]
    return [int(part) for part in parts if re.fullmatch(r"[0-9]{1,18}", part)]


def _about(store: Store, record: AuditRecord) -> tuple[str, str]:
    try:
        thread_id = thread_of(store, record)
        return thread_id, store.thread(thread_id).title
    except NotFound:
        return "", ""
