"""`/renewals`: who renews when and at what risk; who was left alone, is new, left well, or waits for us."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request

from core.customers import Account
from engage.attention import (
    NEGLECTED_DAYS,
    first_days,
    neglected,
    owed,
    owed_fans,
    renewals,
    renewals_page,
    win_back,
)
from engage.customers import person_of, walk
from web import outputs
from web.customer_data import (
    ACCOUNT_COLUMNS,
    PERSON_COLUMNS,
    account_cells,
    account_json,
    person_cells,
    person_json,
)
from web.formats import wanted
from web.quotes import reasons
from web.services import now, the_store

blueprint = Blueprint("renewals", __name__)

#: Accounts on one page of renewals, each with its quotes.
QUOTED = 25
#: Rows of one page; the CSV has all.
SHOWN = 100
MOST_DAYS = 3650


@blueprint.get("/renewals")
@blueprint.get("/renewals.<any(json,csv):form>")
def show(form: str = "") -> Response:
    """Show accounts by renewal date, with their risk and its reasons."""
    store = the_store()
    if wanted(form, "json", "csv") != "html":
        accounts = [one.account for one in renewals(store, now=now())]
        return _data("renewals", accounts, form) or make_response("")
    found, further = renewals_page(store, now=now(), after=request.args.get("after"), limit=QUOTED)
    why = {one.account.key: reasons(store, one.account.standing.because) for one in found}
    return make_response(render_template("renewals/show.html", renewals=found, why=why, next=further))


@blueprint.get("/renewals/neglected")
@blueprint.get("/renewals/neglected.<any(json,csv):form>")
def left_alone(form: str = "") -> Response:
    """Show accounts that heard nothing from us, or only before a renewal."""
    days = min(max(request.args.get("days", default=NEGLECTED_DAYS, type=int), 1), MOST_DAYS)
    whole = wanted(form, "json", "csv") != "html"
    found, count = neglected(the_store(), now=now(), days=days, limit=None if whole else SHOWN)
    data = _data("neglected", [one.account for one in found], form)
    return data or make_response(
        render_template("renewals/neglected.html", neglected=found, count=count, days=days)
    )


@blueprint.get("/renewals/new")
@blueprint.get("/renewals/new.<any(json,csv):form>")
def new(form: str = "") -> Response:
    """Show accounts in their first 90 days."""
    found = first_days(the_store(), now=now())
    return _data("new", found, form) or make_response(render_template("renewals/new.html", accounts=found))


@blueprint.get("/renewals/win-back")
@blueprint.get("/renewals/win-back.<any(json,csv):form>")
def back(form: str = "") -> Response:
    """Show people who left and spoke well of their time with us."""
    people = win_back(the_store())
    if wanted(form, "json", "csv") == "csv":
        return outputs.csv_response("win-back", PERSON_COLUMNS, map(person_cells, people))
    if wanted(form, "json", "csv") == "json":
        return outputs.json_response([person_json(one) for one in people])
    return make_response(render_template("renewals/win_back.html", people=people))


@blueprint.get("/renewals/owed")
@blueprint.get("/renewals/owed.<any(json,csv):form>")
def fans(form: str = "") -> Response:
    """Show fans whose good words wait for an answer."""
    everybody = (person_of(item).person for item in walk(the_store(), owed_fans()))
    match wanted(form, "json", "csv"):
        case "json":
            return outputs.json_response([person_json(one) for one in everybody])
        case "csv":
            return outputs.csv_response("owed", PERSON_COLUMNS, map(person_cells, everybody))
    page = owed(the_store(), after=request.args.get("after"))
    people = [person_of(item).person for item in page.items]
    return make_response(render_template("renewals/owed.html", people=people, next=page.next))


def _data(name: str, accounts: list[Account], form: str) -> Response | None:
    match wanted(form, "json", "csv"):
        case "json":
            return outputs.json_response([account_json(one) for one in accounts])
        case "csv":
            return outputs.csv_response(name, ACCOUNT_COLUMNS, map(account_cells, accounts))
        case _:
            return None
