"""The people who sign in: added, given roles, disabled and reset by an admin."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from core.errors import InputError, NotFound
from core.ports import Store
from core.user import Role, SignInLink, User
from engage.access import LINK_LIVES, new_token, token_hash
from engage.teams import check_name


def add_user(store: Store, name: str, role: Role, *, actor: str, now: datetime) -> str:
    """Add a user; return the token of the link that signs them in once.

    Raises:
        InputError: the name is taken or cannot be one.
    """
    name = name.strip()
    check_name(store, name)
    store.save_user(User(name=name, role=role, created_at=now))
    store.record(actor=actor, action=f"user.add.{role.value}", target=f"user:{name}", now=now)
    return link_for(store, name, now=now)


def give_role(store: Store, name: str, role: Role, *, actor: str, now: datetime) -> None:
    """Give a user a role.

    Raises:
        InputError: they are the last admin.
    """
    user = find(store, name)
    if role is not Role.ADMIN:
        _check_not_last(store, user)
    store.save_user(replace(user, role=role))
    store.record(actor=actor, action=f"user.role.{role.value}", target=f"user:{name}", now=now)


def set_disabled(store: Store, name: str, *, disabled: bool, actor: str, now: datetime) -> None:
    """Let a user in no longer, or again; their sessions end at once.

    Raises:
        InputError: they are the last admin.
    """
    user = find(store, name)
    if disabled:
        _check_not_last(store, user)
    store.save_user(replace(user, disabled=disabled))
    store.end_sessions(name)
    action = "user.disable" if disabled else "user.enable"
    store.record(actor=actor, action=action, target=f"user:{name}", now=now)


def reset(store: Store, name: str, *, actor: str, now: datetime) -> str:
    """Forget a user's password and end their sessions; return the token of a link that signs them in once."""
    user = find(store, name)
    store.save_user(replace(user, password_hash=None))
    store.end_sessions(name)
    store.record(actor=actor, action="user.reset", target=f"user:{name}", now=now)
    return link_for(store, name, now=now)


def link_for(store: Store, name: str, *, now: datetime) -> str:
    """Return the token of a link that signs a user in once."""
    token = new_token()
    store.save_sign_in_link(SignInLink(token_hash=token_hash(token), user=name, expires_at=now + LINK_LIVES))
    return token


def find(store: Store, name: str) -> User:
    """Return a user.

    Raises:
        NotFound: there is none of that name.
    """
    user = next((each for each in store.users() if each.name == name), None)
    if user is None:
        raise NotFound(f"there is no user {name!r}")
    return user


def _check_not_last(store: Store, user: User) -> None:
    admins = {each.name for each in store.users() if each.role is Role.ADMIN and not each.disabled}
    if admins == {user.name}:
        raise InputError("somebody must stay admin; make another one first")
