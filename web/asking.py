"""What part of the queue a request asks for, read with this reader's views, defaults and mutes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from urllib.parse import parse_qsl

from flask import g, request
from werkzeug.wrappers import Response

from core.query import OneOf
from engage.hands import batch
from engage.mentioning import pings
from engage.muting import unmuted
from engage.views import SavedView, default_view, views_of
from web.i18n import _, later
from web.queue_view import VIEWS, QueueView, View, both, read_sort
from web.services import now, the_store
from web.sessions import actor, set_cookie

SORT_COOKIE = "earful_sort"
KEPT = timedelta(days=365)


def all_views() -> Sequence[View]:
    """Return the built-in views and the saved ones that this reader sees."""
    if "views" not in g:
        g.views = [*VIEWS, *_batch(), *_named(), *map(_shown, views_of(the_store(), actor()))]
    found: Sequence[View] = g.views
    return found


def read_view(args: Mapping[str, str]) -> QueueView:
    """Read an address or a form's word of it."""
    store = the_store()
    return QueueView.read(
        args,
        views=all_views(),
        usual=default_view(store, actor()),
        usual_sort=request.cookies.get(SORT_COOKIE, ""),
        unmuted=unmuted(store),
    )


def came_from() -> QueueView:
    """Return the part of the queue that a page was opened from, out of its address or its form."""
    written = request.form.get("from")
    return read_view(request.args if written is None else dict(parse_qsl(written)))


def remember_sort(response: Response) -> Response:
    """Keep the order that was chosen by hand, so that it survives the day."""
    chosen = read_sort(request.args.get("sort", ""))
    saved = any(view.saved and view.key == request.args.get("view") for view in all_views())
    if chosen and not saved and chosen.value != request.cookies.get(SORT_COOKIE, ""):
        set_cookie(response, SORT_COOKIE, chosen.value, max_age=KEPT)
    return response


def _batch() -> Sequence[View]:
    """Return the view of what the reader has checked out, where there is something."""
    taken = batch(the_store(), user=actor(), now=now())
    if not taken:
        return ()
    node = OneOf("thread", tuple(hold.thread_id for hold in taken))
    empty = later("Your batch is done.")
    return (
        View("batch", later("My batch"), "is:open", "hand", empty, node=both(node, OneOf("is", ("open",)))),
    )


def _named() -> Sequence[View]:
    """Return the view of what colleagues named the reader on, where there is something new."""
    found = list(dict.fromkeys(each.thread_id for each in pings(the_store(), actor())))
    if not found:
        return ()
    empty = _("Nobody waits for your word.")
    return (View("named", _("Mentions you"), "", "message", empty, node=OneOf("thread", tuple(found))),)


def _shown(saved: SavedView) -> View:
    return View(
        key=saved.key,
        title=saved.title,
        query=saved.query,
        icon="bookmark",
        empty=later("Nothing fits this view."),
        sort=saved.sort,
        saved=True,
        owner=saved.owner,
        place=saved.place,
    )
