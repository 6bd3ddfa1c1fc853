"""`/settings/macros`: answers prepared."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict, InputError
from engage.macros import PLACES, Macro, macros, remove_macro, save_macro
from web.services import now, the_store
from web.sessions import actor
from web.tokens import new_id

blueprint = Blueprint("macros", __name__)

MAX_KEY = 40


@blueprint.get("/settings/macros")
def show() -> Response:
    """Show every macro, each as a form."""
    return _page()


@blueprint.post("/settings/macros")
def save() -> Response:
    """Store a macro."""
    form = request.form
    macro = Macro(
        key=form.get("key", "")[:MAX_KEY] or new_id(),
        title=form.get("title", ""),
        text=form.get("text", ""),
        version=form.get("version", default=0, type=int),
    )
    try:
        save_macro(the_store(), macro, actor=actor(), now=now())
    except InputError as error:
        return _page(macro, str(error), 400)
    except Conflict:
        return _page(macro, "Somebody saved this macro first; yours stands in the fields below.", 409)
    return redirect(url_for(".show", saved=1), code=303)


@blueprint.post("/settings/macros/remove")
def remove() -> Response:
    """Take a macro away."""
    remove_macro(the_store(), request.form.get("key", ""), actor=actor(), now=now())
    return redirect(url_for(".show"), code=303)


def _page(refused: Macro | None = None, error: str = "", status: int = 200) -> Response:
    stored = macros(the_store())
    if refused and status == 409:  # noqa: PLR2004 — what was sent goes on from the version that stands now
        stands = next((macro for macro in stored if macro.key == refused.key), None)
        version = stands.version if stands else 0
        refused = Macro(key=refused.key, title=refused.title, text=refused.text, version=version)
    shown = [refused if refused and macro.key == refused.key else macro for macro in stored]
    fresh = refused if refused and all(macro.key != refused.key for macro in stored) else None
    page = render_template(
        "settings/macros.html",
        macros=shown,
        fresh=fresh or Macro(key=new_id(), title="", text=""),
        places=PLACES,
        saved="saved" in request.args,
        error=error,
    )
    return make_response(page, status)
