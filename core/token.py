"""Tokens: how a program, or a feed reader, shows that it may read or act for somebody."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime


class Scope(enum.StrEnum):
    """Name what a token may do; never more than its owner's role."""

    #: Read one saved search as a feed, and nothing else.
    FEED = "feed"
    #: Read mentions, threads and watches.
    READ = "read"
    #: Read, and work the queue.
    TRIAGE = "triage"
    #: Read, work the queue, and change watches.
    ADMIN = "admin"

    def covers(self, asked: Scope) -> bool:
        """Tell whether a token of this scope may do what `asked` names."""
        if Scope.FEED in (self, asked):
            return self is asked
        steps = (Scope.READ, Scope.TRIAGE, Scope.ADMIN)
        return steps.index(self) >= steps.index(asked)


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiToken:
    """A token as the store knows it: its SHA-256, never itself."""

    #: Stands in the token's text, so that the store finds it by key.
    id: str
    #: SHA-256 of the whole text, in hexadecimal.
    sha256: str
    #: What it is for, in its owner's words.
    name: str
    #: User name of who it acts for.
    owner: str
    scope: Scope
    #: Key of the one saved search that a feed token reads.
    saved_search: str = ""
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    version: int = 0

    def __post_init__(self) -> None:
        """Refuse a token that could be used for nothing or by nobody.

        Raises:
            ValueError: a part is missing, or a feed token names no saved search.
        """
        if not self.id or not self.owner or len(self.sha256) != 64:  # noqa: PLR2004 — hexadecimal digits
            raise ValueError("a token has an id, an owner and a SHA-256")
        if (self.scope is Scope.FEED) != bool(self.saved_search):
            raise ValueError("a feed token, and no other, names a saved search")

    def expired(self, now: datetime) -> bool:
        """Tell whether it has ended."""
        return now >= self.expires_at
