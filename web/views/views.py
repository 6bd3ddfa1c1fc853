"""Saved views of the queue: save, remove, choose the one to begin with."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from core.errors import InputError
from engage.views import SavedView, default_view, remove_view, save_view, set_default_view
from web.asking import all_views, came_from
from web.services import now, the_store
from web.sessions import actor
from web.tokens import new_id
from web.views.threads import queue_page

blueprint = Blueprint("views", __name__)

MAX_KEY = 40


@blueprint.post("/views/save")
def save() -> Response:
    """Keep what is looked at under a name."""
    view, form = came_from(), request.form
    key = form.get("key", "")[:MAX_KEY] or new_id()
    saved = SavedView(
        key=key,
        title=form.get("title", ""),
        query=view.as_query,
        sort=view.sort,
        owner=None if form.get("team") == "yes" else actor(),
        place=max(0, min(99, form.get("place", default=len(all_views()), type=int))),
    )
    try:
        save_view(the_store(), saved, actor=actor(), now=now())
    except InputError as error:
        return make_response(queue_page(view, error=str(error)), 400)
    if form.get("default") == "yes":
        set_default_view(the_store(), key, user=actor(), now=now())
    elif default_view(the_store(), actor()) == key:
        set_default_view(the_store(), "", user=actor(), now=now())
    return redirect(url_for("threads.queue", view=key), code=303)


@blueprint.post("/views/remove")
def remove() -> Response:
    """Take a view away."""
    key = request.form.get("key", "")[:MAX_KEY]
    remove_view(the_store(), key, actor=actor(), now=now())
    if default_view(the_store(), actor()) == key:
        set_default_view(the_store(), "", user=actor(), now=now())
    return redirect(url_for("threads.queue"), code=303)


@blueprint.post("/views/choose")
def choose() -> Response:
    """Let the queue open with a view."""
    view = came_from().view
    set_default_view(the_store(), view.key, user=actor(), now=now())
    return redirect(url_for("threads.queue"), code=303)
