"""`/settings/tokens`: tokens for programs and feed readers, shown once, ended at any time."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from core.errors import InputError
from core.token import Scope
from core.user import Role
from engage.saved_searches import saved_search, saved_searches
from engage.tokens import MAX_DAYS, MAX_NAME, end_token, make_token, may, tokens, tokens_of
from web.i18n import later
from web.services import now, the_store
from web.sessions import actor, signed

blueprint = Blueprint("tokens", __name__)

SCOPES = {
    Scope.READ: later("reads mentions, threads and watches"),
    Scope.TRIAGE: later("reads, and works the queue"),
    Scope.ADMIN: later("reads, works the queue, and changes watches"),
}
#: Days that a token lives unless another number is asked for; a feed's lives as long as it may.
DAYS = 90


@blueprint.get("/settings/tokens")
def show() -> Response:
    """Show the reader's tokens, and to an admin everybody's."""
    return _page()


@blueprint.post("/settings/tokens")
def add() -> Response:
    """Make a token, and show it: once, here."""
    form = request.form
    days = form.get("days", default=DAYS, type=int)
    scope = form.get("scope", "")
    if scope not in SCOPES:
        raise BadRequest("Choose what the token may do.")
    try:
        _, text = make_token(
            the_store(), owner=actor(), name=form.get("name", ""), scope=Scope(scope), days=days, now=now()
        )
    except InputError as error:
        return _page(error=str(error), name=form.get("name", ""), status=400)
    return _page(text=text)


@blueprint.post("/settings/tokens/feed")
def add_feed() -> Response:
    """Make the address under which a feed reader finds one saved search."""
    search = saved_search(the_store(), request.form.get("search", ""), actor())
    try:
        _, text = make_token(
            the_store(),
            owner=actor(),
            name=search.title[:MAX_NAME],
            scope=Scope.FEED,
            days=MAX_DAYS,
            saved_search=search.key,
            now=now(),
        )
    except InputError as error:
        return _page(error=str(error), status=400)
    addresses = [
        url_for("feeds.show", token=text, form=form, _external=True) for form in ("atom", "feed.json")
    ]
    return _page(addresses=addresses)


@blueprint.post("/settings/tokens/end")
def end() -> Response:
    """End a token; an admin ends anybody's."""
    owner = None if signed().user.role is Role.ADMIN else actor()
    end_token(the_store(), request.form.get("id", ""), actor=actor(), owner=owner, now=now())
    return redirect(url_for(".show"), code=303)


def _page(
    *,
    text: str = "",
    addresses: list[str] | None = None,
    error: str = "",
    name: str = "",
    status: int = 200,
) -> Response:
    store, user = the_store(), signed().user
    shown = tokens(store) if user.role is Role.ADMIN else tokens_of(store, user.name)
    page = render_template(
        "settings/tokens.html",
        tokens=shown,
        searches={search.key: search.title for search in saved_searches(store, user.name)},
        scopes={scope: what for scope, what in SCOPES.items() if may(user, scope)},
        usual_days=DAYS,
        most_days=MAX_DAYS,
        text=text,
        addresses=addresses or [],
        error=error,
        name=name,
    )
    return make_response(page, status)
