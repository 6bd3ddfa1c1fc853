"""`/settings/privacy`: why what is kept is kept, and for how long."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict, InputError
from engage.retention import KEY, KIND, LONGEST_DAYS, LONGEST_NOTE, Notice, notice_of, save_notice
from web.i18n import _, later
from web.services import now, services, the_store
from web.sessions import actor

blueprint = Blueprint("privacy", __name__)

#: What is kept, by the name of its note: what it is, and what for.
PURPOSES = {
    "mentions": (
        later("Mentions"),
        later("What people said in public: to answer them, and to see what customers need."),
    ),
    "people": (
        later("People"),
        later("Handles taken for one person, their stage and its quotes: to look after customers."),
    ),
    "accounts": (
        later("Accounts"),
        later("Accounts, plays, goals and references: your own relations with customers."),
    ),
    "audit": (later("The audit"), later("Who changed what. What names a forgotten person is erased in it.")),
}


@blueprint.get("/settings/privacy")
def show() -> Response:
    """Show why and for how long."""
    return _page()


@blueprint.post("/settings/privacy")
def save() -> Response:
    """Store why and for how long."""
    form = request.form
    try:
        notes = {name: form.get(name, "").strip() for name in PURPOSES}
        days, people, audit = (_days(form.get(f"{name}days", "")) for name in ("", "people_", "audit_"))
        notice = Notice(days=days, people_days=people, audit_days=audit, **notes)
        version = form.get("version", default=0, type=int)
        save_notice(the_store(), notice, version=version, actor=actor(), now=now())
    except InputError as error:
        return _page(error=str(error), status=400)
    except Conflict:
        return _page(error=_("Somebody saved another notice first; this is theirs."), status=409)
    return redirect(url_for(".show", saved=1), code=303)


def _days(written: str) -> int | None:
    if not written.strip():
        return None
    if not written.strip().isdecimal():
        raise InputError(f"write 0 to {LONGEST_DAYS} days, or nothing")
    return int(written.strip()[:9])


def _page(*, error: str = "", status: int = 200) -> Response:
    stored = the_store().kept_one(KIND, KEY)
    page = render_template(
        "settings/privacy.html",
        notice=notice_of(stored),
        stored=stored,
        version=stored.version if stored else 0,
        purposes=PURPOSES,
        configured=services().settings.retention_days,
        most=(LONGEST_DAYS, LONGEST_NOTE),
        saved="saved" in request.args,
        error=error,
    )
    return make_response(page, status)
