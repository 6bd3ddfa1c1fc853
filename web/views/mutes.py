"""`/settings/muted`: authors, sources and words that stay out of the queue."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from core.errors import InputError
from core.search import Count, Search
from engage.muting import MAX_MUTES, Mutable, Mute, mute, mutes, unmute
from web.services import now, the_store
from web.sessions import actor

blueprint = Blueprint("mutes", __name__)


@blueprint.get("/settings/muted")
def show() -> Response:
    """Show what is muted, with how many mentions that hides."""
    return _page()


@blueprint.post("/settings/muted")
def add() -> Response:
    """Mute something."""
    form = request.form
    what = form.get("what", "")
    if what not in list(Mutable):
        raise BadRequest("Choose what to mute.")
    try:
        mute(
            the_store(),
            Mutable(what),
            form.get("value", ""),
            source=form.get("source", ""),
            actor=actor(),
            now=now(),
        )
    except InputError as error:
        return _page(str(error), 400)
    return redirect(url_for(".show", saved=1), code=303)


@blueprint.post("/settings/muted/remove")
def remove() -> Response:
    """Let something through again."""
    unmute(the_store(), request.form.get("key", ""), actor=actor(), now=now())
    return redirect(url_for(".show"), code=303)


def _page(error: str = "", status: int = 200) -> Response:
    store = the_store()
    page = render_template(
        "settings/muted.html",
        mutes=[(each, _count(each)) for each in mutes(store)],
        most=MAX_MUTES,
        sources=sorted({state.source for state in store.source_states()}),
        saved="saved" in request.args,
        error=error,
    )
    return make_response(page, status)


def _count(each: Mute) -> Count:
    return the_store().count(Search(node=each.node, now=now()))
