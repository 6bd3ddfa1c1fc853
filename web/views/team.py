"""`/reports/team`: how soon we answer and settle, and whether it helps; against the period before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from core.clock import iso
from engage.promises import policy_of, stored_policy
from engage.team import COUNTS, Case, Figures, Report, behind, report
from web import outputs
from web.behind import part_of
from web.formats import wanted
from web.services import now, the_store

blueprint = Blueprint("team", __name__)

DAYS = (7, 30, 90)
USUAL = 30
#: Asks for the period before this one.
LAST = "last"
COLUMNS = (
    "thread", "title", "source", "answered_by", "first_reply_hours", "within_promise", "resolved_by",
    "resolution_hours", "unhappy", "recovered",
)  # fmt: skip


@blueprint.get("/reports/team")
@blueprint.get("/reports/team.<any(json,csv):form>")
def show(form: str = "") -> Response:
    """Show the figures, as a page or as data."""
    days = request.args.get("days", default=USUAL, type=int)
    days = days if days in DAYS else USUAL
    span, end = timedelta(days=days), now()
    last = request.args.get("period") == LAST
    match wanted(form, "json", "csv"):
        case "json":
            return outputs.json_response(_data(_report(end - span if last else end, span)))
        case "csv":
            return outputs.csv_response("team", COLUMNS, _cells(_report(end - span if last else end, span)))
    found, before = _report(end, span), _report(end - span, span)
    what = request.args.get("show", "")
    person, source = request.args.get("person", ""), request.args.get("source", "")
    chosen = before if last else found
    listed = behind(chosen, what, person=person, source=source) if what in COUNTS else None
    page = render_template(
        "reports/team.html",
        found=found,
        before=before,
        days=days,
        choices=DAYS,
        promised=policy_of(stored_policy(the_store())) is not None,
        what=what,
        period=LAST if last else None,
        part=part_of(listed) if listed is not None else None,
        together=sum(count for _, count in listed or ()),
        person=person,
        source=source,
    )
    return make_response(page)


def _report(end: datetime, span: timedelta) -> Report:
    return report(the_store(), start=end - span, end=end)


def _hours(span: timedelta | None) -> float | None:
    return None if span is None else round(span.total_seconds() / 3600, 2)


def _figures(one: Figures) -> dict[str, object]:
    return {
        **asdict(one),
        "first_reply": _hours(one.first_reply),
        "resolution": _hours(one.resolution),
    }


def _data(found: Report) -> dict[str, object]:
    """Return a report as JSON; spans in hours."""
    return {
        "start": iso(found.start),
        "end": iso(found.end),
        "complete": found.whole,
        "total": _figures(found.total),
        "people": [_figures(one) for one in found.people],
        "sources": [_figures(one) for one in found.sources],
        "threads": [dict(zip(COLUMNS, _row(case), strict=True)) for case in found.cases],
    }


def _row(case: Case) -> list[object]:
    return [case.thread_id, case.title, case.source, case.answered_by, _hours(case.first_reply), case.kept,
            case.resolved_by, _hours(case.resolution), case.unhappy, case.recovered]  # fmt: skip


def _cells(found: Report) -> Iterator[list[object]]:
    return (["" if cell is None else cell for cell in _row(case)] for case in found.cases)
