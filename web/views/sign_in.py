"""Signing in, by password or by a one-time link, and out.

A link is used up by the first request that redeems it, so who may redeem by a plain GET is a choice:
a browser whose user typed or pasted the address (`Sec-Fetch-Site: none`, no prefetch), and any client on
this very machine. Everything else (a link preview, a prefetch, a HEAD, a click on another site, which could
sign somebody in as another) gets a page whose button redeems it. So nobody meets a needless page at
the first start, and no robot burns the link.
"""

from __future__ import annotations

import ipaddress
import secrets
from datetime import timedelta

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engage import passwords
from engage.access import token_hash
from web.security import SAFE
from web.services import now, the_store
from web.sessions import actor, begin, end, form_cookie_name, form_token, maybe_signed, set_cookie

blueprint = Blueprint("sign_in", __name__)

FORM_LIVES = timedelta(hours=1)
PREFETCH_HEADERS = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")


@blueprint.get("/sign-in")
def show() -> Response:
    """Say how to get in."""
    if maybe_signed() is not None:
        return redirect(url_for("threads.queue"), code=303)
    return _form()


@blueprint.post("/sign-in")
def by_password() -> Response:
    """Sign in by name and password."""
    name = request.form.get("name", "").strip()
    try:
        user = passwords.sign_in(the_store(), name, request.form.get("password", ""), now=now())
    except passwords.TooManyTries as error:
        return _form(error=str(error), name=name, status=429)
    except passwords.Refused as error:
        return _form(error=str(error), name=name, status=403)
    response = redirect(url_for("threads.queue"), code=303)
    begin(user.name, response)
    return response


@blueprint.route("/sign-in/<token>", methods=["GET", "POST"])
def link(token: str) -> Response:
    """Redeem a one-time link, or show the button that does."""
    if request.method in SAFE and not _meant():
        return _button(token)
    found = the_store().use_sign_in_link(token_hash(token), now=now())
    user = next((u for u in the_store().users() if found and u.name == found.user and not u.disabled), None)
    if user is None:
        if maybe_signed() is not None:  # the link was used by this very browser: reload, back button
            return redirect(url_for("threads.queue"), code=303)
        return _form(bad=True, status=410)
    response = redirect(url_for("threads.queue"), code=303)
    begin(user.name, response)
    the_store().record(actor=user.name, action="session.start", target=f"user:{user.name}", now=now())
    return response


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End the session here and in the store."""
    response = redirect(url_for("sign_in.show"), code=303)
    if maybe_signed() is not None:
        the_store().record(actor=actor(), action="session.end", target=f"user:{actor()}", now=now())
    end(response)
    return response


def _meant() -> bool:
    """Tell whether a GET comes from a person, or a program of theirs, that means to sign in."""
    if request.method != "GET" or any(name in request.headers for name in PREFETCH_HEADERS):
        return False
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        navigates = request.headers.get("Sec-Fetch-Mode") == "navigate"
        return navigates and site in ("none", "same-origin")
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False  # behind a proxy on this machine everybody looks local
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _button(token: str) -> Response:
    secret = _secret()
    page = render_template("sign_in/button.html", token=token, form_token=form_token(secret))
    return _guarded(make_response(page), secret)


def _form(*, bad: bool = False, error: str = "", name: str = "", status: int = 200) -> Response:
    secret = _secret()
    page = render_template(
        "sign_in/show.html", bad=bad, error=error, name=name, form_token=form_token(secret)
    )
    return _guarded(make_response(page, status), secret)


def _secret() -> str:
    return request.cookies.get(form_cookie_name()) or secrets.token_urlsafe(32)


def _guarded(response: Response, secret: str) -> Response:
    """Hand the browser the secret that its form's token is made from."""
    set_cookie(response, form_cookie_name(), secret, max_age=FORM_LIVES)
    return response
