"""`/reports/retention`: what predicts who stays, and the accounts behind each number."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from core.bodies import body_of
from core.lazily import Lazily
from core.work import Work
from engage.customers import ACCOUNT, account_of
from engage.insight.behaviours import Behaviour
from engage.insight.prediction import PREDICT, Curve, Prediction, behind, in_group, latest, rows_behind
from web import behaviour_words, outputs
from web.behind import accounts_behind
from web.curve import lines
from web.formats import wanted
from web.services import now, the_store
from web.sessions import actor

blueprint = Blueprint("retention", __name__)

EFFECT_COLUMNS = ("behaviour", "step", "hazard_ratio", "low", "high", "p", "p_corrected", "certain")
CURVE_COLUMNS = ("behaviour", "group", "cut", "day", "share", "low", "high", "at_risk", "lost")
RISK_COLUMNS = ("account", "times", "chance_within_half_a_year", "reasons")
#: Accounts at risk shown; the CSV has all.
SHOWN = 25


@blueprint.get("/reports/retention")
@blueprint.get("/reports/retention.<any(json,csv):form>")
def show(form: str = "") -> Response:
    """Show the newest prediction."""
    told = latest(the_store())
    match wanted(form, "json", "csv"):
        case "json":
            return outputs.json_response(body_of(told) if told else None)
        case "csv":
            return _csv(told)
        case _:
            return _page(told)


@blueprint.get("/reports/retention/accounts")
@blueprint.get("/reports/retention/accounts.<any(json,csv):form>")
def accounts(form: str = "") -> Response:
    """List the accounts behind a number: of a curve on a day, or of a whole group."""
    told = latest(the_store())
    place = request.args.get("curve", default=0, type=int)
    if told is None or not 0 <= place < len(told.curves):
        return accounts_behind([], form, asked={})
    curve, day = told.curves[place], request.args.get("day", type=float)
    rows = rows_behind(the_store())
    found = [row for row in rows if in_group(row, curve)] if day is None else behind(rows, curve, day)
    if request.args.get("just") == "lost":
        found = [row for row in found if row.lost and (day is None or row.stop == day)]
    keys = sorted({row.key for row in found})
    items = the_store().kept_many(ACCOUNT, keys)
    # Those of one page are read, not all.
    listed = Lazily([items[key] for key in keys if key in items], lambda item: account_of(item).account)
    asked = {"curve": place, "day": day, "just": request.args.get("just")}
    return accounts_behind(listed, form, asked=asked, title=_title(curve))


@blueprint.post("/reports/retention/predict")
def predict() -> AnyResponse:
    """Ask for a new prediction; the scheduler makes it in a process of its own."""
    work = Work(id=uuid.uuid4().hex, kind=PREDICT, requested_by=actor(), at=now())
    the_store().request_work(work)
    return redirect(url_for(".show", asked=1), code=303)


def _page(told: Prediction | None) -> Response:
    curves: Sequence[Curve] = told.curves if told else ()
    asked = next((work for work in the_store().work(limit=50) if work.kind == PREDICT), None)
    names = the_store().kept_many(ACCOUNT, [risk.account for risk in told.risks[:SHOWN]]) if told else {}
    page = render_template(
        "reports/retention.html",
        told=told,
        asked=asked,
        charts=_charts(curves),
        behaviours=behaviour_words,
        named={key: account_of(item).account for key, item in names.items()},
        shown=SHOWN,
    )
    return make_response(page)


def _charts(curves: Sequence[Curve]) -> list[tuple[Behaviour | None, list[tuple[int, object]]]]:
    """Return what is drawn together: all accounts, then each behaviour's two groups; with their places."""
    found: list[tuple[Behaviour | None, list[tuple[int, object]]]] = []
    for behaviour in dict.fromkeys(curve.behaviour for curve in curves):
        mine = [(place, curve) for place, curve in enumerate(curves) if curve.behaviour is behaviour]
        drawn = lines([curve for _, curve in mine])
        found.append((behaviour, [(place, line) for (place, _), line in zip(mine, drawn, strict=True)]))
    return found


def _title(curve: Curve) -> str:
    return behaviour_words.NAMES[curve.behaviour] if curve.behaviour else ""


def _csv(told: Prediction | None) -> Response:
    """Return one table of the page as CSV: effects, curves or risks."""
    match request.args.get("of"):
        case "curves":
            rows: list[Sequence[object]] = [
                (c.behaviour or "all", ("from" if c.high else "below") if c.behaviour else "", c.cut, p.day,
                 p.share, p.low, p.high, p.at_risk, p.lost)
                for c in (told.curves if told else ()) for p in c.points
            ]  # fmt: skip
            return outputs.csv_response("curves", CURVE_COLUMNS, rows)
        case "risks":
            rows = [
                (r.account, r.times, r.chance, "; ".join(f"{f.behaviour} x{f.times:.2f}" for f in r.factors))
                for r in (told.risks if told else ())
            ]
            return outputs.csv_response("risks", RISK_COLUMNS, rows)
        case _:
            rows = [
                (e.behaviour, e.step, e.ratio, e.low, e.high, e.p, e.adjusted, e.certain)
                for e in (told.effects if told else ())
            ]
            return outputs.csv_response("effects", EFFECT_COLUMNS, rows)
