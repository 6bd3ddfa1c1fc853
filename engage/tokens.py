"""API and feed tokens: made once, shown once, kept as a hash, ended by hand or by time."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from core.clock import iso
from core.errors import InputError, NotFound
from core.kept import Kept
from core.ports import Store
from core.token import ApiToken, Scope
from core.user import Role, User
from engage.access import new_token, token_hash

KIND = "token"
MAX_NAME = 60
#: Tokens of one person; more would be forgotten ones.
MAX_TOKENS = 50
MAX_DAYS = 366
#: The last use is written at most this often.
TOUCH = timedelta(minutes=5)
TEXT = re.compile(r"earful_([0-9a-f]{16})_[\w-]{43}")


def make_token(
    store: Store,
    *,
    owner: str,
    name: str,
    scope: Scope,
    days: int,
    now: datetime,
    saved_search: str = "",
) -> tuple[ApiToken, str]:
    """Make a token for a user; return it with its text, which nobody can ask for again.

    Raises:
        InputError: the name or the days are out of bounds, there are too many, or the owner's role is less.
        NotFound: there is no such user.
    """
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME:
        raise InputError(f"a token's name has 1 to {MAX_NAME} characters, such as what will use it")
    if not 1 <= days <= MAX_DAYS:
        raise InputError(f"a token lives 1 to {MAX_DAYS} days")
    user = _user(store, owner)
    if not may(user, scope):
        raise InputError(f"a token of {user.name} cannot be {scope.value}: their role is {user.role.value}")
    if len(tokens_of(store, owner)) >= MAX_TOKENS:
        raise InputError(f"{owner} has {MAX_TOKENS} tokens already; end one first")
    token_id = secrets.token_hex(8)
    text = f"earful_{token_id}_{new_token()}"
    made = ApiToken(
        id=token_id,
        sha256=token_hash(text),
        name=name,
        owner=user.name,
        scope=scope,
        saved_search=saved_search,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    return _read(store.keep(_kept(made, by=user.name, at=now))) or made, text


def may(user: User, scope: Scope) -> bool:
    """Tell whether a user's role reaches a scope."""
    match scope:
        case Scope.ADMIN:
            return user.role is Role.ADMIN
        case Scope.TRIAGE:
            return user.role is not Role.VIEWER
        case _:
            return True


def use_token(store: Store, text: str, *, now: datetime) -> tuple[ApiToken, User] | None:
    """Return a token that is still good, with its owner as they are now; None where it is not good."""
    match = TEXT.fullmatch(text)
    item = store.kept_one(KIND, match[1]) if match else None
    token = _read(item) if item else None
    if token is None or not hmac.compare_digest(token.sha256, token_hash(text)) or token.expired(now):
        return None
    user = next((user for user in store.users() if user.name == token.owner), None)
    if user is None or user.disabled or not may(user, token.scope):
        return None
    if token.last_used_at is None or now - token.last_used_at > TOUCH:
        # Without an audit record, and where another request was faster its word stands.
        store.keep_all([_kept(replace(token, last_used_at=now), by=token.owner, at=now)])
    return token, user


def tokens(store: Store) -> Sequence[ApiToken]:
    """Return all tokens, newest first."""
    found = [token for item in store.kept(KIND) if (token := _read(item))]
    return sorted(found, key=lambda token: (token.created_at, token.id), reverse=True)


def tokens_of(store: Store, owner: str) -> Sequence[ApiToken]:
    """Return a user's tokens, newest first."""
    return [token for token in tokens(store) if token.owner == owner]


def end_token(store: Store, token_id: str, *, actor: str, owner: str | None, now: datetime) -> ApiToken:
    """End a token at once; `owner` limits whose it may be.

    Raises:
        NotFound: there is none of that id, or it is somebody else's.
    """
    item = store.kept_one(KIND, token_id)
    token = _read(item) if item else None
    if token is None or (owner is not None and token.owner != owner):
        raise NotFound(f"there is no token {token_id!r}; the list shows those that there are")
    store.drop(KIND, token_id, actor=actor, now=now)
    return token


def _user(store: Store, name: str) -> User:
    user = next((user for user in store.users() if user.name == name), None)
    if user is None:
        raise NotFound(f"there is no user {name!r}")
    return user


def _kept(token: ApiToken, *, by: str, at: datetime) -> Kept:
    body = {
        "sha256": token.sha256,
        "name": token.name,
        "owner": token.owner,
        "scope": token.scope.value,
        "saved_search": token.saved_search,
        "created_at": iso(token.created_at),
        "expires_at": iso(token.expires_at),
        "last_used_at": iso(token.last_used_at) if token.last_used_at else None,
    }
    return Kept(kind=KIND, key=token.id, body=body, by=by, at=at, version=token.version)


def _read(item: Kept) -> ApiToken | None:
    """Return a kept thing as a token; None for what another version of Earful wrote."""
    body = item.body
    try:
        used = body.get("last_used_at")
        return ApiToken(
            id=item.key,
            sha256=str(body["sha256"]),
            name=str(body["name"]),
            owner=str(body["owner"]),
            scope=Scope(str(body["scope"])),
            saved_search=str(body["saved_search"]),
            created_at=datetime.fromisoformat(str(body["created_at"])),
            expires_at=datetime.fromisoformat(str(body["expires_at"])),
            last_used_at=datetime.fromisoformat(str(used)) if used else None,
            version=item.version,
        )
    except (KeyError, ValueError):
        return None
