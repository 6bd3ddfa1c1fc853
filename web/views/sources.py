"""`/sources`: how every public place that is read is doing."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.clock import iso
from core.errors import NotFound
from core.source import SourceState
from core.work import Work
from engage.parts import troubles
from web import outputs
from web.formats import wanted
from web.services import now, the_store
from web.sessions import actor

blueprint = Blueprint("sources", __name__)

#: Kinds of work that are asked for here, and how many of the last are told.
KINDS = ("crawl", "test_source")
TOLD = 8


@blueprint.get("/sources")
@blueprint.get("/sources.<any(json):form>")
def show(form: str = "") -> Response:
    """Show every source of every watch."""
    store = the_store()
    states = store.source_states()
    if wanted(form, "json") == "json":
        return outputs.json_response({"sources": [_state_json(state) for state in states]})
    return make_response(
        render_template(
            "sources/show.html",
            states=states,
            troubles=troubles(store),
            under_way=store.under_way(),
            watches={watch.id: watch for watch in store.watches()},
            work=[work for work in store.work(limit=40) if work.kind in KINDS][:TOLD],
            asked=request.args.get("asked", ""),
            tested=request.args.get("kind") == "test_source",
            today_of=lambda state: state.days.get(_day(), 0),
            requests_of=lambda state: state.requests_today if state.today == _day() else 0,
        )
    )


@blueprint.post("/sources/test")
def test() -> Response:
    """Ask for one request that stores nothing, and tells what the source would bring."""
    _state(request.form.get("watch", ""), request.form.get("source", ""))
    return _ask("test_source")


@blueprint.post("/sources/fetch")
def fetch() -> Response:
    """Ask for a crawl now: of one source, or of all."""
    return _ask("crawl")


def _ask(kind: str) -> Response:
    watch_id, source = request.form.get("watch", ""), request.form.get("source", "")
    payload = {name: value for name, value in (("watch", watch_id), ("source", source)) if value}
    if source:
        _state(watch_id, source)
    moment = now()
    # The same source asked for twice within a minute is one request.
    work_id = f"{kind}:{watch_id}:{source}:{moment:%Y%m%d%H%M}"
    the_store().request_work(Work(id=work_id, kind=kind, payload=payload, requested_by=actor(), at=moment))
    return redirect(url_for(".show", asked=source or "all", kind=kind), code=303)


@blueprint.post("/sources/pause")
def pause() -> Response:
    """Pause a source, or go on reading it."""
    state = _state(request.form.get("watch", ""), request.form.get("source", ""))
    paused = request.form.get("paused") == "yes"
    store = the_store()
    store.pause_source(state.watch_id, state.source, paused=paused)
    store.record(
        actor=actor(),
        action="source.pause" if paused else "source.resume",
        target=f"source:{state.watch_id}:{state.source}",
        now=now(),
    )
    return redirect(url_for(".show"), code=303)


def _state(watch_id: str, source: str) -> SourceState:
    for state in the_store().source_states():
        if (state.watch_id, state.source) == (watch_id, source):
            return state
    raise NotFound(f"no source {source!r} of watch {watch_id!r}")


def _day() -> str:
    """Return the UTC day, as a state counts by it."""
    return f"{now():%Y-%m-%d}"


def _state_json(state: SourceState) -> dict[str, object]:
    def told(moment: datetime | None) -> str | None:
        return iso(moment) if moment else None

    return {
        "watch": state.watch_id,
        "source": state.source,
        "status": state.status.value,
        "reason": state.reason,
        "paused": state.paused,
        "until": told(state.until),
        "last_try_at": told(state.last_try_at),
        "last_success_at": told(state.last_success_at),
        "newest_at": told(state.newest_at),
        "requests": state.requests,
        "new": state.new,
        "changed": state.changed,
        "unchanged": state.unchanged,
        "errors": state.errors,
        "total_new": state.total_new,
        "days": dict(state.days),
        "usual_day": state.normal,
        "lag_seconds": int(lag.total_seconds()) if (lag := state.lag(now())) is not None else None,
        "requests_today": state.requests_today if state.today == _day() else 0,
        "usd_today": state.usd_today if state.today == _day() else 0.0,
        "rechecked": state.rechecked,
        "gaps": list(state.gaps),
    }
