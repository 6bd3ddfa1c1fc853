"""`/matches`: who may be one person, and who may belong to which account."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.customers import Seat
from engage.customers import ACCOUNT, MERGED, PERSON, account_of, person_of
from engage.matching import ACCEPTED, DECLINED, OPEN, decide, match_of, matches, place
from web.services import now, the_store
from web.sessions import actor

blueprint = Blueprint("matches", __name__)

PAGE = 25


@blueprint.get("/matches")
def show() -> str:
    """Show what waits for a decision, or what was decided."""
    store = the_store()
    state = request.args.get("state", OPEN)
    state = state if state in (OPEN, ACCEPTED, DECLINED) else OPEN
    page = matches(store, state=state, after=request.args.get("after"), limit=PAGE)
    found = [match_of(item) for item in page.items]
    keys = {key for match in found for key in (match.person, match.other) if key}
    people = {
        key: person_of(item).person
        for key, item in store.kept_many(PERSON, sorted(keys)).items()
        if item.state != MERGED
    }
    accounts = store.kept_many(ACCOUNT, sorted({match.account for match in found if match.account}))
    return render_template(
        "matches/show.html",
        matches=found,
        people=people,
        accounts={key: account_of(item).account for key, item in accounts.items()},
        state=state,
        next=page.next,
    )


@blueprint.post("/matches")
def save() -> Response:
    """Accept or decline a match, or take an acceptance back."""
    do = request.form.get("do", "")
    decide(
        the_store(), request.form.get("key", ""), ACCEPTED if do == ACCEPTED else DECLINED,
        actor=actor(), now=now(),
    )  # fmt: skip
    return redirect(url_for(".show", state=request.form.get("state", OPEN)), code=303)


@blueprint.post("/matches/place")
def by_hand() -> Response:
    """Say that a person belongs to an account."""
    form = request.form
    person, account, seat = form.get("person", ""), form.get("account", "").strip(), form.get("seat", "")
    part = Seat(seat) if seat in tuple(Seat) else None
    place(the_store(), person, account, seat=part, actor=actor(), now=now())
    return redirect(url_for("people.show", person_id=person), code=303)
