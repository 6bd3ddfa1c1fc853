"""`/plays`: work on accounts, the ledger of saves, and the sheet of what it cost and brought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from core.advocacy import closing
from core.bodies import body_of
from core.errors import Conflict, InputError
from core.plays import Assumptions, Effort, Grade, Play, Result, effort
from engage.advocates import referrals
from engage.customers import ACCOUNT, account_of
from engage.plays import OPEN, assumptions, end, plays, save_assumptions, start, tick
from web import outputs
from web.formats import wanted
from web.services import now, the_store
from web.sessions import actor
from web.written import day, number

blueprint = Blueprint("plays", __name__)

#: What a list of plays is narrowed by.
CHOICES = ("account", "result", "grade", "since", "ended")
COLUMNS = (
    "key", "account", "title", "owner", "began", "due", "result", "grade", "value", "hours", "proof", "ended",
)  # fmt: skip


@blueprint.get("/plays")
@blueprint.get("/plays.<any(json,csv):form>")
def show(form: str = "") -> Response:
    """Show the plays that run, and the ledger of those that ended."""
    found = plays(the_store(), account=request.args.get("account", ""))
    match wanted(form, "json", "csv"):
        case "json":
            return outputs.json_response([body_of(play) for play in found if _chosen(play)])
        case "csv":
            return outputs.csv_response("plays", COLUMNS, (_cells(play) for play in found if _chosen(play)))
    return _page(found)


def _chosen(play: Play) -> bool:
    """Tell whether a play is among those asked for: ended, with a result or a grade, since a day."""
    args = request.args
    result, grade, since = args.get("result", ""), args.get("grade", ""), args.get("since", "")
    if not (result or grade or since or args.get("ended")):
        return True
    return (
        play.result is not None
        and result in ("", play.result.value)
        and grade in ("", play.grade.value)
        and (play.ended or play.began).date().isoformat() >= since
    )


def _cells(play: Play) -> list[object]:
    body = body_of(play)
    usual = {"value": 0, "hours": 0, "grade": play.grade.value if play.result else ""}
    return [body.get(name, usual.get(name, "")) for name in COLUMNS]


def _page(found: list[Play] | None = None, *, error: str = "", status: int = 200) -> Response:
    store, account = the_store(), request.values.get("account", "")
    known = plays(store, account=account) if found is None else found
    ended = [play for play in known if play.result is not None and _chosen(play)]
    names = store.kept_many(ACCOUNT, sorted({play.account for play in known} | ({account} - {""})))
    page = render_template(
        "plays/show.html",
        open=[play for play in known if play.result is None],
        ended=sorted(ended, key=lambda play: play.ended or play.began, reverse=True),
        accounts={key: account_of(item).account for key, item in names.items()},
        account=account,
        sums=_sums(known),
        results=list(Result),
        grades=list(Grade),
        chosen={name: one for name in CHOICES if (one := request.values.get(name, ""))},
        error=error,
    )
    return make_response(page, status)


def _sums(found: list[Play]) -> Mapping[Result, tuple[int, float]]:
    return {
        result: (
            sum(play.result is result for play in found),
            sum(play.value for play in found if play.result is result),
        )
        for result in Result
    }


@blueprint.post("/plays")
def begin() -> AnyResponse:
    """Start a play."""
    form = request.form
    try:
        start(
            the_store(), form.get("account", "").strip(), form.get("title", ""), owner=form.get("owner", ""),
            steps=form.get("steps", "").splitlines(), due=day("due", "Due"), actor=actor(), now=now(),
        )  # fmt: skip
    except InputError as error:
        return _page(error=str(error), status=400)
    return redirect(url_for(".show", account=form.get("account", "")), code=303)


@blueprint.post("/plays/step")
def step() -> AnyResponse:
    """Say that a step is done, or not."""
    form = request.form
    try:
        play = tick(
            the_store(), form.get("key", ""), form.get("step", default=-1, type=int), actor=actor(), now=now()
        )
    except InputError as error:
        return _page(error=str(error), status=400)
    return redirect(url_for(".show", account=play.account), code=303)


@blueprint.post("/plays/end")
def finish() -> AnyResponse:
    """End a play with its result."""
    form = request.form
    try:
        result, grade = form.get("result", ""), form.get("grade", Grade.CLAIMED.value)
        if result not in tuple(Result) or grade not in tuple(Grade):
            raise InputError("choose how it ended")  # noqa: TRY301 — told like every other fault of the form
        play = end(
            the_store(), form.get("key", ""), Result(result), grade=Grade(grade), proof=form.get("proof", ""),
            value=number("value", "Value"), hours=number("hours", "Hours", default=0), actor=actor(),
            now=now(),
        )  # fmt: skip
    except InputError as error:
        return _page(error=str(error), status=400)
    return redirect(url_for(".show", account=play.account), code=303)


@blueprint.get("/plays/effort")
@blueprint.get("/plays/effort.<any(json,csv):form>")
def sheet(form: str = "") -> Response:
    """Show the one-page sheet of what keeping and winning cost and brought."""
    match wanted(form, "json", "csv"):
        case "json":
            return outputs.json_response(_figures())
        case "csv":
            return outputs.csv_response("effort", ("figure", "value"), list(_figures().items()))
    return _sheet()


def _figures() -> dict[str, object]:
    """Return the figures of the sheet by name."""
    store = the_store()
    given, sent = assumptions(store).value, closing(referrals(store))
    done = effort(plays(store), given)
    return {
        **{each.name: getattr(done, each.name) for each in fields(Effort)},
        "confirmed_return": done.confirmed_return,
        "claimed_return": done.claimed_return,
        "referrals_won": sent.won,
        "referrals_closed": sent.closed,
        **{f"assumed_{each.name}": getattr(given, each.name) for each in fields(Assumptions)},
    }


@blueprint.post("/plays/effort")
def assume() -> AnyResponse:
    """Store other assumptions."""
    try:
        read = {
            each.name: number(each.name, each.name.capitalize())
            for each in fields(Assumptions)
            if each.name not in ("leads", "closed")
        }
        counts = {name: int(number(name, name.capitalize())) for name in ("leads", "closed")}
        given = Assumptions(**read, leads=counts["leads"], closed=counts["closed"])
        version = request.form.get("version", default=0, type=int)
        save_assumptions(the_store(), given, version=version, actor=actor(), now=now())
    except InputError as error:
        return _sheet(error=str(error), status=400)
    except Conflict:
        return _sheet(error="Somebody saved others first; these are theirs.", status=409)
    return redirect(url_for(".sheet"), code=303)


def _sheet(*, error: str = "", status: int = 200) -> Response:
    store = the_store()
    given = assumptions(store)
    sent = closing(referrals(store))
    page = render_template(
        "plays/effort.html",
        effort=effort(plays(store), given.value),
        given=given.value,
        version=given.version,
        referrals=sent,
        other_rate=given.value.closed / given.value.leads if given.value.leads else None,
        running=len(plays(store, state=OPEN)),
        error=error,
    )
    return make_response(page, status)
