"""`/settings`: one person's own: colours, language, time zone, shortcuts, session."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import InputError
from engage import passwords
from engage.preferences import Preferences, preferences, save_preferences
from web.i18n import COOKIE, languages
from web.own import browser_zone
from web.page import THEMES
from web.services import now, the_store
from web.sessions import ABSOLUTE, IDLE, actor, set_cookie, signed

blueprint = Blueprint("settings", __name__)

KEPT = timedelta(days=365)
#: Most acts of one's own shown.
ACTS = 20


@blueprint.get("/settings")
@blueprint.get("/settings/")
def show() -> Response:
    """Show the settings."""
    return _page()


def _page(error: str = "", status: int = 200) -> Response:
    chosen = preferences(the_store(), actor())
    acts = [record for record in the_store().audit(limit=100) if record.actor == actor()]
    return make_response(
        render_template(
            "settings/show.html",
            themes=THEMES,
            languages=languages(),
            language=chosen.language if chosen.version else request.cookies.get(COOKIE, ""),
            zone=request.form.get("zone", chosen.zone),
            browser_zone=browser_zone(),
            saved="saved" in request.args,
            session=signed().session,
            sessions=the_store().sessions(actor()),
            error=error,
            idle=IDLE,
            absolute=ABSOLUTE,
            acts=acts[:ACTS],
        ),
        status,
    )


@blueprint.post("/settings")
def save() -> Response:
    """Keep colours and keys in this browser, where the first paint needs them, and the rest with the user."""
    store, form = the_store(), request.form
    language = form.get("language", "") if form.get("language") in languages() else ""
    before = preferences(store, actor())
    try:
        chosen = Preferences(language=language, zone=form.get("zone", "").strip(), version=before.version)
    except InputError as error:
        return _page(str(error), 400)
    save_preferences(store, actor(), chosen, now=now())
    response = redirect(url_for(".show", saved=1), code=303)
    theme = form.get("theme", "")
    if theme in THEMES:
        set_cookie(response, "earful_theme", theme, max_age=KEPT)
    # The sign-in page knows nobody yet, and speaks as this browser was last told to.
    if language:
        set_cookie(response, COOKIE, language, max_age=KEPT)
    else:
        response.delete_cookie(COOKIE, secure=request.is_secure, path="/")
    set_cookie(response, "earful_keys", "on" if form.get("keys") else "off", max_age=KEPT)
    return response


@blueprint.post("/settings/password")
def password() -> Response:
    """Choose a password; every other session of the reader's ends."""
    user, form = signed().user, request.form
    if user.password_hash and not passwords.matches(form.get("old", ""), user.password_hash):
        return _page("the old password is another one", 400)
    try:
        passwords.set_password(the_store(), user, form.get("new", ""), now=now())
    except InputError as error:
        return _page(str(error), 400)
    the_store().end_sessions(user.name, besides=signed().session.token_hash)
    return redirect(url_for(".show", saved=1), code=303)


@blueprint.post("/settings/sessions/end")
def end_sessions() -> Response:
    """End every other session of the reader's."""
    the_store().end_sessions(actor(), besides=signed().session.token_hash)
    the_store().record(actor=actor(), action="session.end_others", target=f"user:{actor()}", now=now())
    return redirect(url_for(".show", saved=1), code=303)
