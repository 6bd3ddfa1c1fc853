"""Who is signed in: sessions of our own, kept in the store under the SHA-256 of their token."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeAlias

from flask import Flask, g, redirect, request, url_for
from werkzeug.exceptions import Forbidden, Unauthorized
from werkzeug.wrappers import Response

from core.errors import StoreReadOnly
from core.user import Session, User
from engage.access import new_token, token_hash
from engage.teams import assignees_of
from web.rights import PUBLIC, may, refusal
from web.services import now, the_store

IDLE = timedelta(hours=12)
ABSOLUTE = timedelta(days=7)
#: The last use is written at most this often, so that reading pages does not write to the store.
TOUCH = timedelta(minutes=5)

Answer: TypeAlias = Response | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Signed:
    """A signed-in request."""

    user: User
    session: Session
    token: str


def install(app: Flask) -> None:
    """Ask for a session before every page that needs one."""
    app.before_request(_require)


def signed() -> Signed:
    """Return who is signed in.

    Raises:
        Unauthorized: nobody is.
    """
    found = maybe_signed()
    if found is None:
        raise Unauthorized
    return found


def maybe_signed() -> Signed | None:
    """Return who is signed in, or None."""
    if "signed" not in g:
        g.signed = _load(request.cookies.get(cookie_name(), ""))
    found = g.signed
    return found if isinstance(found, Signed) else None


def actor() -> str:
    """Return the name of who is signed in."""
    return signed().user.name


def check_right(endpoint: str) -> None:
    """Check that who is signed in changes things at an endpoint.

    Raises:
        Forbidden: it says whose work it is.
    """
    role = signed().user.role
    if not may(role, endpoint):
        raise Forbidden(refusal(role, endpoint))


def mine() -> tuple[str, ...]:
    """Return the assignees that mean who is signed in: their name and those of their teams."""
    if "mine" not in g:
        g.mine = assignees_of(the_store(), actor())
    found: tuple[str, ...] = g.mine
    return found


def begin(user_name: str, response: Response) -> None:
    """Start a session with a token of its own and hand it to the browser."""
    moment, token = now(), new_token()
    the_store().save_session(
        Session(token_hash=token_hash(token), user=user_name, created_at=moment, last_seen_at=moment)
    )
    set_cookie(response, cookie_name(), token, max_age=ABSOLUTE)
    response.delete_cookie(form_cookie_name(), secure=request.is_secure, path="/")


def end(response: Response) -> None:
    """End the session, in the store and in the browser."""
    found = maybe_signed()
    if found is not None:
        the_store().end_session(found.session.token_hash)
    response.delete_cookie(cookie_name(), secure=request.is_secure, path="/", httponly=True, samesite="Lax")


def csrf_token() -> str:
    """Return what a form must bring, made from a secret that only this browser's cookie holds."""
    secret = request.cookies.get(cookie_name() if maybe_signed() else form_cookie_name(), "")
    return form_token(secret) if secret else ""


def form_token(secret: str) -> str:
    """Return the form token that belongs to a cookie's secret."""
    return hashlib.sha256(b"earful form\x00" + secret.encode("utf-8", "surrogatepass")).hexdigest()


def cookie_name() -> str:
    """Return the session cookie's name: `__Host-` binds it to this host, where there is TLS."""
    return "__Host-earful_session" if request.is_secure else "earful_session"


def form_cookie_name() -> str:
    """Return the name of the cookie that guards forms of people who are not signed in."""
    return "__Host-earful_form" if request.is_secure else "earful_form"


def set_cookie(
    response: Response, name: str, value: str, *, max_age: timedelta, script: bool = False
) -> None:
    """Set a cookie that only this site sends back; script cannot read it unless it is meant to."""
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        secure=request.is_secure,
        httponly=not script,
        # Lax, not Strict: a link to a thread in a colleague's message must open it.
        samesite="Lax",
        path="/",
    )


def _load(token: str) -> Signed | None:
    if not token:
        return None
    store, moment = the_store(), now()
    session = store.session(token_hash(token))
    if session is None:
        return None
    user = next((user for user in store.users() if user.name == session.user), None)
    expired = moment - session.last_seen_at > IDLE or moment - session.created_at > ABSOLUTE
    if user is None or user.disabled or expired:
        store.end_session(session.token_hash)
        return None
    if moment - session.last_seen_at > TOUCH:
        session = replace(session, last_seen_at=moment)
        try:
            store.save_session(session)
        except StoreReadOnly:  # a full disk must not keep people from reading
            return Signed(user=user, session=session, token=token)
    return Signed(user=user, session=session, token=token)


def _require() -> Answer:
    """Let a request pass, send it to the sign-in page, or refuse it."""
    if request.endpoint is None or request.endpoint == "static" or request.blueprint in PUBLIC:
        return None
    found = maybe_signed()
    if found is None:
        if request.method in ("GET", "HEAD") and not wants_data():
            return redirect(url_for("sign_in.show"), code=303)
        raise Unauthorized("Sign in first, with your password or the link that ./earful up printed.")
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        check_right(request.endpoint)
    return None


def wants_data() -> bool:
    """Tell whether the request is for data and not for a page."""
    data = request.path.endswith((".json", ".jsonl", ".csv", ".atom")) or request.path.startswith("/api/")
    accept = request.accept_mimetypes
    return data or (accept.best == "application/json" and not accept.accept_html)
