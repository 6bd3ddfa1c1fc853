"""The audit record: who did what to what, and what it was before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditRecord:
    """One act of a person or of a command. Never changed, never removed."""

    #: Ascending; given by the store.
    id: int
    at: datetime
    #: User name, or `earful` for the program itself.
    actor: str
    #: `triage.status`, `note.add`, `watch.save`, `session.start` …
    action: str
    #: `thread:ID`, `watch:ID`, `user:NAME` …
    target: str
    #: Plain JSON values as they were, and as they became.
    before: Mapping[str, object] = field(default_factory=dict)
    after: Mapping[str, object] = field(default_factory=dict)
