"""`/settings/priority`: what makes a thread urgent, and what another setting would move."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict, InputError
from core.settings import PriorityWeights
from engage.weights import (
    FIRST_PAGE,
    Preview,
    preview,
    read_weights,
    save_weights,
    stored_weights,
    weights_of,
)
from web.i18n import later
from web.services import now, services, the_store
from web.sessions import actor

blueprint = Blueprint("weights", __name__)

FIELDS = {
    "churn": later("Wants to leave"),
    "negative": later("Is unhappy"),
    "unanswered": later("Waits for an answer"),
    "question": later("Asks a question"),
    "bug": later("Reports a fault"),
    "purchase": later("Wants to buy"),
    "reach": later("Is read by many"),
    "heat": later("The thread is busy"),
    "repeat": later("Wrote before"),
    "rival": later("Names a rival"),
    "customer": later("Is a customer of yours"),
    "praise": later("Only praises: taken off"),
    "half_life_days": later("Days until a thread counts half"),
    "answered": later("What stays after our answer, 0 to 1"),
}


@blueprint.get("/settings/priority")
def show() -> Response:
    """Show the weights."""
    return _page({})


@blueprint.post("/settings/priority/preview")
def look() -> Response:
    """Show what the weights in the fields would move; nothing is stored."""
    try:
        weights = read_weights(request.form)
    except InputError as error:
        return _page(request.form, error=str(error), status=400)
    return _page(request.form, moved=preview(the_store(), weights, now=now()))


@blueprint.post("/settings/priority")
def save() -> Response:
    """Store the weights in the fields."""
    version = request.form.get("version", default=0, type=int)
    try:
        weights = read_weights(request.form)
        save_weights(the_store(), weights, version=version, actor=actor(), now=now())
    except InputError as error:
        return _page(request.form, error=str(error), status=400)
    except Conflict:
        return _page({}, error="Somebody saved other weights first; these are theirs.", status=409)
    return redirect(url_for(".show", saved=1), code=303)


def _page(
    written: dict[str, str], *, error: str = "", moved: Preview | None = None, status: int = 200
) -> Response:
    stored = stored_weights(the_store())
    weights = weights_of(stored, services().settings.weights)
    shown = {name: f"{value:g}" for name, value in asdict(weights).items()}
    page = render_template(
        "settings/priority.html",
        fields=FIELDS,
        values={name: written.get(name, value) for name, value in shown.items()},
        usual={name: f"{value:g}" for name, value in asdict(PriorityWeights()).items()},
        version=stored.version if stored else 0,
        stored=stored,
        moved=moved,
        first_page=FIRST_PAGE,
        saved="saved" in request.args,
        error=error,
    )
    return make_response(page, status)
