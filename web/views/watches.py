"""`/watches`: what to listen for."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict, NotFound
from core.query import Match, Or, Words
from core.search import Search
from core.tokens import token_texts
from core.watch import Watch
from core.work import Work
from store.watchcodec import watch_to_json
from web.outputs import json_response
from web.services import now, services, the_store
from web.sessions import actor, mine
from web.tokens import new_id
from web.watch_form import WatchForm

blueprint = Blueprint("watches", __name__)

#: Stored mentions that a preview is tried on, newest first, and how many of them are shown.
TRIED = 400
SHOWN = 5
#: Newest work requests among which a try is looked for.
RECENT = 200


@blueprint.get("/watches")
def show() -> str:
    """List the watches."""
    store = the_store()
    return render_template("watches/list.html", watches=store.watches(), states=store.source_states())


@blueprint.get("/watches/new")
def new() -> str:
    """Show an empty form."""
    form = WatchForm.empty(services().sources())
    return render_template("watches/edit.html", form=form, watch=None, preview=None, fresh=None, tried=None)


@blueprint.get("/watches/<id:watch_id>")
def edit(watch_id: str) -> str:
    """Show a watch's form."""
    watch = the_store().watch(watch_id)
    form = WatchForm.of(watch, services().sources())
    saved = request.args.get("saved", "")
    return render_template(
        "watches/edit.html", form=form, watch=watch, preview=None, fresh=None, tried=None, saved=bool(saved)
    )


@blueprint.get("/watches/tries/<work_id>.json")
def tried(work_id: str) -> Response:
    """Say how far a try of the reader's is, and what came of it."""
    work = _tried(work_id)
    if work is None:
        raise NotFound("there is no such try of yours")
    return json_response({"state": work.state.value, "outcome": work.outcome})


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
    if request.form.get("do") in ("preview", "live", "look"):
        return _looked_at(form, watch, stored)
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


def _looked_at(form: WatchForm, watch: Watch, stored: Watch | None) -> Response:
    """Show what a watch would bring, and store nothing."""
    match request.form.get("do"):
        case "preview":
            return _form(form, stored, preview=_preview(watch))
        case "live":
            return _form(form, stored, tried=_ask_live(watch))
        case _:
            return _form(form, stored, tried=_tried(request.form.get("try", "")))


def _form(
    form: WatchForm,
    stored: Watch | None,
    *,
    preview: dict[str, object] | None = None,
    fresh: WatchForm | None = None,
    tried: Work | None = None,
    status: int = 200,
) -> Response:
    page = render_template(
        "watches/edit.html", form=form, watch=stored, preview=preview, fresh=fresh, tried=tried
    )
    return make_response(page, status)


def _ask_live(watch: Watch) -> Work | None:
    """Ask the crawler, through the store, for one page of a source, read for an unsaved watch."""
    source = request.form.get("live", "")
    if source not in watch.sources:
        return None
    payload = {"source": source, "draft": watch_to_json(watch)}
    work = Work(id=f"draft:{new_id()}", kind="test_source", payload=payload, requested_by=actor(), at=now())
    the_store().request_work(work)
    return work


def _tried(work_id: str) -> Work | None:
    """Return a try that the reader asked for."""
    found = (work for work in the_store().work(limit=RECENT) if work.id == work_id)
    return next((work for work in found if work.requested_by == actor()), None)


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
    search = Search(node=words[0] if len(words) == 1 else Or(tuple(words)), now=now(), mine=mine())
    tried, matched = 0, []
    while tried < TRIED:
        page = store.search(search, limit=min(200, TRIED - tried), after=after)
        tried += len(page.hits)
        matched += [hit.stored.mention for hit in page.hits if watch.matches(hit.stored.mention.said)]
        after = page.next
        if after is None:
            break
    return {"tried": tried, "matched": len(matched), "samples": matched[:SHOWN], "exact": after is None}
