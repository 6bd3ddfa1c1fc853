"""`/settings/muted`: authors, sources and words that stay out of the queue."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from core.errors import Conflict, InputError
from core.query import OneOf
from core.search import Count, Search
from engage import teaching
from engage.muting import MAX_MUTES, Mutable, Mute, mute, mutes, unmute
from web.i18n import _
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
    if what not in list(Mutable) or what == Mutable.THREAD:
        raise BadRequest("Choose what to mute; a thread is muted on its own page.")
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


@blueprint.post("/settings/muted/teach")
def teach() -> Response:
    """Make a word that stands only in what is not about us a must-not word of the watch."""
    form = request.form
    try:
        teaching.teach(the_store(), form.get("watch", ""), form.get("word", ""), actor=actor(), now=now())
    except InputError as error:
        return _page(str(error), 400)
    except Conflict:
        return _page(_("Somebody changed the watch this very moment; try again."), 409)
    return redirect(url_for(".show", taught=1), code=303)


def _page(error: str = "", status: int = 200) -> Response:
    store, found = the_store(), mutes(the_store())
    page = render_template(
        "settings/muted.html",
        mutes=[(each, _count(each)) for each in found if each.what is not Mutable.THREAD],
        threads=_threads([each for each in found if each.what is Mutable.THREAD]),
        most=MAX_MUTES,
        offered=teaching.suggestions(store, now=now()),
        sources=sorted({state.source for state in store.source_states()}),
        saved="saved" in request.args,
        error=error,
    )
    return make_response(page, status)


def _threads(found: Sequence[Mute]) -> Sequence[tuple[Mute, str]]:
    """Return muted threads with their titles; one that was erased has none."""
    node = OneOf("thread", tuple(each.value for each in found))
    rows = the_store().queue(Search(node=node, now=now()), limit=len(found)).rows if found else ()
    titles = {row.id: row.title or row.excerpt for row in rows}
    return [(each, titles.get(each.value, "")) for each in found]


def _count(each: Mute) -> Count:
    return the_store().count(Search(node=each.node, now=now()), roughly=True)
