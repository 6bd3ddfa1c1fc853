"""`/watches`: what to listen for."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict, NotFound
from core.query import Match, Or, Words
from core.search import Search
from core.tokens import token_texts
from core.watch import Watch
from web.services import now, services, the_store
from web.sessions import actor
from web.watch_form import WatchForm

blueprint = Blueprint("watches", __name__)

#: Stored mentions that a preview is tried on, newest first, and how many of them are shown.
TRIED = 400
SHOWN = 5


@blueprint.get("/watches")
def show() -> str:
    """List the watches."""
    store = the_store()
    return render_template("watches/list.html", watches=store.watches(), states=store.source_states())


@blueprint.get("/watches/new")
def new() -> str:
    """Show an empty form."""
    form = WatchForm.empty(services().sources())
    return render_template("watches/edit.html", form=form, watch=None, preview=None, fresh=None)


@blueprint.get("/watches/<id:watch_id>")
def edit(watch_id: str) -> str:
    """Show a watch's form."""
    watch = the_store().watch(watch_id)
    form = WatchForm.of(watch, services().sources())
    saved = request.args.get("saved", "")
    return render_template(
        "watches/edit.html", form=form, watch=watch, preview=None, fresh=None, saved=bool(saved)
    )


@blueprint.post("/watches/new")
def create() -> Response:
    """Store a new watch, or say what is wrong with it."""
    return _save(None)


@blueprint.post("/watches/<id:watch_id>")
def save(watch_id: str) -> Response:
    """Store a change of a watch, or say what is wrong with it."""
    return _save(the_store().watch(watch_id))


def _save(stored: Watch | None) -> Response:
    form = WatchForm.read(request.form, services().sources())
    watch = form.watch(stored)
    if watch is None:
        return _form(form, stored, status=400)
    if request.form.get("do") == "preview":
        return _form(form, stored, preview=_preview(watch))
    if stored is None and _exists(watch.id):
        form.errors["product"] = "There is a watch for this product already; change that one."
        return _form(form, stored, status=400)
    try:
        saved = the_store().save_watch(watch, actor=actor(), now=now())
    except Conflict as conflict:
        fresh = conflict.fresh if isinstance(conflict.fresh, Watch) else the_store().watch(watch.id)
        # The form keeps what was typed and carries the new version: sending it again means "mine counts".
        form.version = fresh.version
        return _form(form, stored, fresh=WatchForm.of(fresh, services().sources()), status=409)
    return redirect(url_for(".edit", watch_id=saved.id, saved=saved.version), code=303)


def _form(
    form: WatchForm,
    stored: Watch | None,
    *,
    preview: dict[str, object] | None = None,
    fresh: WatchForm | None = None,
    status: int = 200,
) -> Response:
    page = render_template("watches/edit.html", form=form, watch=stored, preview=preview, fresh=fresh)
    return make_response(page, status)


def _exists(watch_id: str) -> bool:
    try:
        the_store().watch(watch_id)
    except NotFound:
        return False
    return True


def _preview(watch: Watch) -> dict[str, object]:
    """Try a watch on the newest stored mentions that hold one of its names, or, without any, on all."""
    store, after = the_store(), None
    names = [name for brand in watch.brands for name in brand.names]
    words = [Words(" ".join(token_texts(name)), Match.PHRASE) for name in names if token_texts(name)]
    if not words:
        return {"tried": 0, "matched": 0, "samples": [], "exact": True}
    search = Search(node=words[0] if len(words) == 1 else Or(tuple(words)), now=now(), user=actor())
    tried, matched = 0, []
    while tried < TRIED:
        page = store.search(search, limit=min(200, TRIED - tried), after=after)
        tried += len(page.hits)
        matched += [hit.stored.mention for hit in page.hits if watch.matches(hit.stored.mention.said)]
        after = page.next
        if after is None:
            break
    return {"tried": tried, "matched": len(matched), "samples": matched[:SHOWN], "exact": after is None}
