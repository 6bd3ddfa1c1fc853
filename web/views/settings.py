"""`/settings`: one person's own: colours, shortcuts, session."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from web.page import THEMES
from web.services import the_store
from web.sessions import ABSOLUTE, IDLE, actor, set_cookie, signed

blueprint = Blueprint("settings", __name__)

KEPT = timedelta(days=365)
#: Most acts of one's own shown.
ACTS = 20


@blueprint.get("/settings")
@blueprint.get("/settings/")
def show() -> Response:
    """Show the settings."""
    acts = [record for record in the_store().audit(limit=100) if record.actor == actor()]
    return make_response(
        render_template(
            "settings/show.html",
            themes=THEMES,
            saved="saved" in request.args,
            session=signed().session,
            idle=IDLE,
            absolute=ABSOLUTE,
            acts=acts[:ACTS],
        )
    )


@blueprint.post("/settings")
def save() -> Response:
    """Keep the reader's choices in their browser, where the first paint needs them."""
    response = redirect(url_for(".show", saved=1), code=303)
    chosen = request.form.get("theme", "")
    if chosen in THEMES:
        set_cookie(response, "earful_theme", chosen, max_age=KEPT)
    set_cookie(response, "earful_keys", "on" if request.form.get("keys") else "off", max_age=KEPT)
    return response
