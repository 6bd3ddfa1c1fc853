"""Passwords: argon2id hashes, rules, and a throttle that counts failures in the audit."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import EarfulError, InputError
from core.ports import Store
from core.user import User

SHORTEST, LONGEST = 10, 1_024
#: Failures after which a name waits, and how long they count.
TRIES = 5
WINDOW = timedelta(minutes=15)
#: Names that nobody has share one count, so that guessing names cannot fill the audit.
NOBODY = "user:?"
NOBODY_TRIES = 30
FAILED, STARTED = "session.fail", "session.start"

# 64 MiB and about a third of a second each (argon2-cffi's defaults); more than two at once would let a few
# strangers take the machine's memory.
_HASHER = PasswordHasher()
_TURNS = threading.BoundedSemaphore(2)


class Refused(EarfulError):
    """Name or password is wrong."""


class TooManyTries(Refused):
    """Too many wrong passwords; wait 15 minutes, or ask an admin for a link."""


def hashed(password: str) -> str:
    """Return what is stored of a password.

    Raises:
        InputError: it is too short or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise InputError(f"a password has {SHORTEST} to {LONGEST:,} characters; a sentence is a good one")
    with _TURNS:
        return _HASHER.hash(password.encode("utf-8", "replace"))


def matches(password: str, stored: str | None) -> bool:
    """Tell whether a password is the stored one; takes as long where there is none."""
    with _TURNS:
        try:
            _HASHER.verify(stored or _nobodys(), password[:LONGEST].encode("utf-8", "replace"))
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


def sign_in(store: Store, name: str, password: str, *, now: datetime) -> User:
    """Return the user that a name and a password belong to, and write the audit record of the sign-in.

    Raises:
        Refused: they belong to nobody, or the user is disabled.
        TooManyTries: there were too many failures lately; the password was not looked at.
    """
    user = next((each for each in store.users() if each.name == name), None)
    target, most = (f"user:{user.name}", TRIES) if user else (NOBODY, NOBODY_TRIES)
    if failures(store, target, now=now) >= most:
        raise TooManyTries(str(TooManyTries.__doc__))
    # Counted before the password is looked at, so that a hundred tries at once are a hundred tries.
    store.record(actor="earful", action=FAILED, target=target, now=now)
    if failures(store, target, now=now) > most:
        raise TooManyTries(str(TooManyTries.__doc__))
    right = matches(password, user.password_hash if user else None)
    if user is None or user.disabled or not right:
        raise Refused(str(Refused.__doc__))
    if user.password_hash and _HASHER.check_needs_rehash(user.password_hash):
        store.save_user(replace(user, password_hash=hashed(password)))
    store.record(actor=user.name, action=STARTED, target=target, now=now)
    return user


def set_password(store: Store, user: User, password: str, *, now: datetime) -> None:
    """Store a new password.

    Raises:
        InputError: it is too short or too long.
    """
    store.save_user(replace(user, password_hash=hashed(password)))
    store.record(actor=user.name, action="user.password", target=f"user:{user.name}", now=now)


def failures(store: Store, target: str, *, now: datetime) -> int:
    """Return how many tries failed since the last sign-in, of those that still count."""
    count = 0
    for record in store.audit(target=target, limit=NOBODY_TRIES + TRIES):
        if record.action == STARTED or record.at <= now - WINDOW:
            break
        count += record.action == FAILED
    return count


_unknown: list[str] = []


def _nobodys() -> str:
    """Return a hash that no password has, so that an unknown name takes as long as a known one."""
    if not _unknown:
        _unknown.append(_HASHER.hash("of nobody"))
    return _unknown[0]
