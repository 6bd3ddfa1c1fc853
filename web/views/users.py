"""`/settings/people`: who signs in, for admins."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from core.errors import InputError
from core.user import Role
from engage.people import add_user, give_role, reset, set_disabled
from web.i18n import later
from web.services import now, the_store
from web.sessions import actor, signed

blueprint = Blueprint("users", __name__)

ROLES = {
    Role.ADMIN: later("everything"),
    Role.AGENT: later("works the queue"),
    Role.MARKETER: later("works the queue"),
    Role.VIEWER: later("looks, and changes nothing"),
}


@blueprint.before_request
def _admins_only() -> None:
    if signed().user.role is not Role.ADMIN:
        raise Forbidden("Only an admin sees who signs in here.")


@blueprint.get("/settings/people")
def show() -> Response:
    """Show everybody who signs in."""
    return _page()


@blueprint.post("/settings/people/add")
def add() -> Response:
    """Add a user, and show the link that signs them in: once, here."""
    name = request.form.get("name", "").strip()
    try:
        token = add_user(the_store(), name, _role(), actor=actor(), now=now())
    except InputError as error:
        return _page(error=str(error), name=name, status=400)
    return _page(link_of=name, token=token)


@blueprint.post("/settings/people/<any(role,disable,enable,reset):what>")
def change(what: str) -> Response:
    """Change one user."""
    store, name = the_store(), request.form.get("name", "")
    try:
        if what == "reset":
            return _page(link_of=name, token=reset(store, name, actor=actor(), now=now()))
        if what == "role":
            give_role(store, name, _role(), actor=actor(), now=now())
        else:
            set_disabled(store, name, disabled=what == "disable", actor=actor(), now=now())
    except InputError as error:
        return _page(error=str(error), status=400)
    return redirect(url_for(".show"), code=303)


def _role() -> Role:
    written = request.form.get("role", "")
    if written not in list(Role):
        raise InputError("choose a role")
    return Role(written)


def _page(
    *, error: str = "", name: str = "", link_of: str = "", token: str = "", status: int = 200
) -> Response:
    store = the_store()
    users = store.users()
    page = render_template(
        "settings/people.html",
        users=users,
        seen={user.name: store.sessions(user.name) for user in users},
        roles=ROLES,
        error=error,
        name=name,
        link_of=link_of,
        link=url_for("sign_in.link", token=token, _external=True) if token else "",
    )
    return make_response(page, status)
