"""`/reports/mail`: who gets the week's or the month's summary."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.errors import InputError
from engage.report_mail import Order, Span, last_sent, orders, remove_order, save_order
from web.i18n import _, later
from web.own import zone
from web.services import now, the_store
from web.sessions import actor
from web.tokens import new_id
from web.ways import alert_ways, checked_target

blueprint = Blueprint("report_mail", __name__)

SPANS = {
    Span.WEEK: later("Each Monday, the week before"),
    Span.MONTH: later("On the first, the month before"),
}
TEXTS = ("way", "target", "hour", "zone")


@blueprint.get("/reports/mail")
def show() -> Response:
    """Show who gets a summary, and the form for one more."""
    return _page({"hour": "08:00", "zone": str(zone())})


@blueprint.post("/reports/mail")
def add() -> Response:
    """Send a summary from now on."""
    try:
        save_order(the_store(), _read(), actor=actor(), now=now())
    except InputError as error:
        return _page(request.form, error=str(error), status=400)
    return redirect(url_for(".show"), code=303)


@blueprint.post("/reports/mail/remove")
def remove() -> Response:
    """Send a summary no more."""
    remove_order(the_store(), request.form.get("key", ""), actor=actor(), now=now())
    return redirect(url_for(".show"), code=303)


def _read() -> Order:
    written = {name: request.form.get(name, "").strip() for name in TEXTS}
    span = request.form.get("span", "")
    if span not in tuple(Span):
        raise InputError(_("choose whether to send it each week or each month"))
    written["target"] = checked_target(written["way"], written["target"])
    return Order(key=new_id(), span=Span(span), since=now(), **written)


def _page(written: Mapping[str, str], *, error: str = "", status: int = 200) -> Response:
    found = [(one, last_sent(the_store(), one)) for one in orders(the_store())]
    page = render_template(
        "reports/mail.html", orders=found, ways=alert_ways(), spans=SPANS, written=written, error=error
    )
    return make_response(page, status)
