"""Ways in: one-time sign-in links."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from core.ports import Store
from core.user import Role, SignInLink, User

#: The user that `up` makes, so that the first start needs no form.
FIRST_USER = "admin"
LINK_LIVES = timedelta(hours=24)
#: The program itself as an actor.
EARFUL = "earful"
TOKEN_BYTES = 32


def new_token() -> str:
    """Return 256 random bits as URL-safe text."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> str:
    """Return the SHA-256 of a token, which is all that a store keeps of it."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def sign_in_link(store: Store, *, now: datetime) -> str:
    """Make a one-time sign-in token for the first user, creating that user where there is none.

    The audit tells of it: so a copy of a store in which Earful was started since is known to be the newer.
    """
    first = next((user for user in store.users() if user.name == FIRST_USER), None)
    if first is None:
        store.save_user(User(name=FIRST_USER, role=Role.ADMIN, created_at=now))
    elif first.disabled:
        # Whoever can start the program can read its files; a link that signs nobody in helps no one.
        store.save_user(replace(first, disabled=False))
    token = new_token()
    store.save_sign_in_link(
        SignInLink(token_hash=token_hash(token), user=FIRST_USER, expires_at=now + LINK_LIVES)
    )
    store.record(actor=EARFUL, action="link.make", target=f"user:{FIRST_USER}", now=now)
    return token
