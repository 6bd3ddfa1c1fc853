"""The audit log, filtered and paged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from core.audit import AuditRecord
from core.ports import Store
from web.queue_view import Args

#: Records looked at for one page; a filter that finds less says how far it looked.
MOST = 20_000
STEP = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Which records are asked for; what is empty does not choose."""

    actor: str = ""
    #: The beginning of an action: `triage`, `user.role` …
    action: str = ""
    #: The whole target: `user:ada`, `thread:ID` …
    target: str = ""

    def fits(self, record: AuditRecord) -> bool:
        """Tell whether a record is asked for."""
        done = record.action.removeprefix("undo:")
        return self.actor in ("", record.actor) and done.startswith(self.action)

    def args(self, before: int | None) -> Args:
        """Return what an address carries of it."""
        named: Args = {"actor": self.actor, "action": self.action, "target": self.target, "before": before}
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditPage:
    """One page of the log."""

    records: tuple[AuditRecord, ...]
    #: Give it back as `before` for the next page; None on the last.
    next: int | None


def page_of(store: Store, asked: Asked, *, limit: int, before: int | None = None) -> AuditPage:
    """Return the newest records that are asked for, before the id `before`."""
    seen: list[AuditRecord] = []
    found = []
    for record in islice(_records(store, asked, before), MOST):
        seen.append(record)
        if asked.fits(record):
            found.append(record)
            if len(found) == limit:
                break
    more = bool(seen) and bool(store.audit(target=asked.target or None, limit=1, before=seen[-1].id))
    return AuditPage(records=tuple(found), next=seen[-1].id if more else None)


def _records(store: Store, asked: Asked, before: int | None) -> Iterator[AuditRecord]:
    while True:
        page = store.audit(target=asked.target or None, limit=STEP, before=before)
        yield from page
        if len(page) < STEP:
            return
        before = page[-1].id
