"""`/settings/promises`: how soon we answer."""

from __future__ import annotations

from babel.dates import get_day_names
from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import Conflict, InputError
from engage.promises import (
    IMPORTANT,
    PRIORITIES,
    URGENT,
    Policy,
    TierPromise,
    read_policy,
    save_policy,
    stored_policy,
)
from web.i18n import _, later, locale
from web.services import now, the_store
from web.sessions import actor

blueprint = Blueprint("promises", __name__)

HOURS = {
    "urgent": later("Urgent threads (%(points)s points and more)", points=round(URGENT)),
    "important": later("Important ones (%(points)s and more)", points=round(IMPORTANT)),
    "other": later("All others"),
    "give_back": later("Assigned and untouched: free again after (0 for never)"),
}
TIER_HOURS = {"urgent": later("Urgent"), "important": later("Important"), "other": later("Others")}


@blueprint.get("/settings/promises")
def show() -> Response:
    """Show what is promised."""
    return _page()


@blueprint.post("/settings/promises")
def save() -> Response:
    """Store what is promised."""
    form = request.form
    try:
        policy = _read()
        version = form.get("version", default=0, type=int)
        on = form.get("on") == "yes"
        save_policy(the_store(), policy, on=on, version=version, actor=actor(), now=now())
    except InputError as error:
        return _page(error=str(error), status=400)
    except Conflict:
        return _page(error=_("Somebody saved other promises first; these are theirs."), status=409)
    return redirect(url_for(".show", saved=1), code=303)


def _read() -> Policy:
    form = request.form
    return Policy(
        urgent=_hours(form.get("urgent", "")),
        important=_hours(form.get("important", "")),
        other=_hours(form.get("other", "")),
        give_back=_hours(form.get("give_back", "")),
        opens=form.get("opens", ""),
        closes=form.get("closes", ""),
        zone=form.get("zone", "").strip(),
        tiers=_tiers(),
        days=tuple(number for number in range(7) if str(number) in form.getlist("days")),
    )


def _tiers() -> tuple[TierPromise, ...]:
    """Return the promises to tiers; a line without a word in it is none."""
    columns = [request.form.getlist(name) for name in ("tier", *(f"tier_{name}" for name in PRIORITIES))]
    if len({len(column) for column in columns}) > 1:
        raise InputError("send a tier and its hours together")
    found = []
    for tier, *hours in zip(*columns, strict=True):
        told = {name: _hours(each) for name, each in zip(PRIORITIES, hours, strict=True) if each.strip()}
        if tier.strip() or told:
            found.append(TierPromise(tier=" ".join(tier.split()), **told))
    return tuple(found)


def _hours(written: str) -> float:
    try:
        return float(written.replace(",", "."))
    except ValueError:
        raise InputError("write a number of hours in every field") from None


def _page(*, error: str = "", status: int = 200) -> Response:
    stored = stored_policy(the_store())
    page = render_template(
        "settings/promises.html",
        policy=(read_policy(stored.body) if stored else None) or Policy(),
        on=bool(stored and stored.body.get("on")),
        version=stored.version if stored else 0,
        stored=stored,
        hours=HOURS,
        priorities=TIER_HOURS,
        blank=TierPromise(tier=""),
        days=_days(),
        saved="saved" in request.args,
        error=error,
    )
    return make_response(page, status)


def _days() -> list[str]:
    """Return the names of the days, Monday first: the number of a day is its place."""
    names = get_day_names("wide", locale=locale())
    return [names[number] for number in range(7)]
