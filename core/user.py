"""People who sign in to Earful, their teams and their sessions."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime


class Role(enum.StrEnum):
    """Name what a user may do."""

    ADMIN = "admin"
    AGENT = "agent"
    MARKETER = "marketer"
    VIEWER = "viewer"


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """Somebody who signs in."""

    name: str
    role: Role
    created_at: datetime
    #: argon2 text; None for a user who signs in by link only.
    password_hash: str | None = None
    disabled: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """People who take threads together; no user has a team's name."""

    name: str
    #: Names of users.
    people: tuple[str, ...]
    #: Counts the changes; 0 is not stored yet.
    version: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A signed-in browser. The store holds only the SHA-256 of its token."""

    token_hash: str
    user: str
    created_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class SignInLink:
    """A link that signs one user in once. The store holds only the SHA-256 of its token."""

    token_hash: str
    user: str
    expires_at: datetime
