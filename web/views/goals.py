"""`/goals`: what is to be reached, and the review with a customer that is drafted from data."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from core.bodies import body_of
from core.errors import InputError
from engage.customers import ACCOUNT, account_of
from engage.goals import goals, measure, review, set_goal
from web import outputs
from web.formats import wanted
from web.quotes import quoted
from web.services import now, the_store
from web.sessions import actor
from web.written import day, number

blueprint = Blueprint("goals", __name__)

COLUMNS = ("key", "account", "title", "unit", "baseline", "target", "current", "progress", "due", "owner")


@blueprint.get("/goals")
@blueprint.get("/goals.<any(json,csv):form>")
def show(form: str = "") -> Response:
    """Show goals with their history."""
    found = goals(the_store(), account=request.args.get("account"))
    match wanted(form, "json", "csv"):
        case "json":
            told = [{**body_of(one), "current": one.current, "progress": one.progress} for one in found]
            return outputs.json_response(told)
        case "csv":
            rows = ([getattr(one, name) for name in COLUMNS] for one in found)
            return outputs.csv_response("goals", COLUMNS, rows)
    return _page()


def _page(*, error: str = "", status: int = 200) -> Response:
    store, account = the_store(), request.values.get("account", "")
    found = goals(store, account=account or None)
    keys = sorted({goal.account for goal in found if goal.account} | ({account} - {""}))
    accounts = {key: account_of(item).account for key, item in store.kept_many(ACCOUNT, keys).items()}
    page = render_template("goals/show.html", goals=found, accounts=accounts, account=account, error=error)
    return make_response(page, status)


@blueprint.post("/goals")
def add() -> AnyResponse:
    """Set a goal."""
    form = request.form
    try:
        due = day("due", "Due")
        if due is None:
            raise InputError("a goal needs a day")  # noqa: TRY301 — told like every other fault of the form
        set_goal(
            the_store(), form.get("title", ""), account=form.get("account", "").strip(),
            unit=form.get("unit", ""), baseline=number("baseline", "Baseline"),
            target=number("target", "Target"), due=due, owner=form.get("owner", ""), actor=actor(), now=now(),
        )  # fmt: skip
    except InputError as error:
        return _page(error=str(error), status=400)
    return redirect(url_for(".show", account=form.get("account", "")), code=303)


@blueprint.post("/goals/measure")
def point() -> AnyResponse:
    """Add a measurement."""
    form = request.form
    try:
        goal = measure(
            the_store(), form.get("key", ""), number("value", "Value"), said=form.get("note", ""),
            actor=actor(), now=now(),
        )  # fmt: skip
    except InputError as error:
        return _page(error=str(error), status=400)
    return redirect(url_for(".show", account=goal.account), code=303)


@blueprint.get("/reviews/<id:account_id>")
def review_of(account_id: str) -> str:
    """Draft the review with a customer, to print or share."""
    store = the_store()
    draft = review(store, account_id)
    return render_template(
        "goals/review.html",
        draft=draft,
        praised=quoted(store, draft.praised),
        complained=quoted(store, draft.complained),
        wished=quoted(store, draft.wished),
    )
