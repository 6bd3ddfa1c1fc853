"""`/reports`: share of voice, what releases and outages changed, and how we look after customers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from core.clock import iso
from core.customers import Account
from core.errors import InputError, NotFound
from core.query import Query
from core.query_parser import parse
from core.revenue import Revenue
from core.search import Search, Sort
from core.thread import StoredMention
from engage.happenings import Happening, HappeningKind, happenings, keep_happening
from engage.plays import assumptions, plays
from engage.reporting import Impact, Scorecard, Voice, impact, scorecard, voices
from engage.topics import topics
from web import outputs
from web.behind import accounts_behind
from web.customer_data import account_json
from web.formats import wanted
from web.i18n import _
from web.search_chart import SearchChart, presets, search_chart
from web.services import now, the_store
from web.sessions import actor

blueprint = Blueprint("reports", __name__)

PERIODS = (30, 90, 365, 730)
#: Happenings compared, the newest.
SHOWN = 8
GROUPS = ("began", "kept", "lost", "untold", "present", "touched", "grown", "shrunk", "assumed")
#: Groups of accounts that were with us when the period began: shown with their value then and now.
THEN = ("began", "kept", "lost", "grown", "shrunk", "assumed")
REVENUE_COLUMNS = ("key", "name", "value_then", "value_now", "then_told", "outcome")
TOPIC_COLUMNS = ("key", "name", "mentions")
CHART_COLUMNS = ("start", "end", "mentions", "negative", "neutral", "positive", "query")
VOICE_COLUMNS = ("brand", "mentions", "share", "negative", "neutral", "positive")
IMPACT_COLUMNS = (
    "what", "kind", "begin", "end", "before", "before_negative", "after", "after_negative", "change", "low",
    "high",
)  # fmt: skip


@blueprint.get("/reports")
@blueprint.get("/reports.<any(json,csv):form>")
def show(form: str = "") -> Response:
    """Show the reports of a period that ends today."""
    match wanted(form, "json", "csv"):
        case "json":
            return outputs.json_response(_data(_voices(), _impacts(), _card(whole=True)))
        case "csv":
            return _csv()
        case _:
            return _page()


@blueprint.get("/reports/accounts")
@blueprint.get("/reports/accounts.<any(json,csv):form>")
def accounts(form: str = "") -> Response:
    """List the accounts behind a figure of the scorecard."""
    group = request.args.get("of", GROUPS[0])
    if group not in GROUPS:
        abort(404)
    card = _card(whole=wanted(form, "json", "csv") != "html")
    found: tuple[Account, ...] = getattr(card, group)
    keys = {one.key for one in found}
    rows = {row.account.key: row for row in card.revenue if group in THEN and row.account.key in keys}
    return accounts_behind(found, form, asked={"of": group, "days": _days()}, worth=rows)


@blueprint.get("/reports/topics/<key>")
def topic(key: str) -> str:
    """List the mentions of one topic, the most typical first."""
    found = next(
        (one for watch in the_store().watches() for one in topics(the_store(), watch.id) if one.key == key),
        None,
    )
    return render_template(
        "reports/topic.html", topic=found, mentions=_mentions(found.mentions) if found else []
    )


def _mentions(ids: Sequence[str]) -> list[StoredMention]:
    """Return mentions by id; what was erased since is left out."""
    found = []
    for one in ids:
        with suppress(NotFound):
            found.append(the_store().mention(one))
    return found


@blueprint.post("/reports/happenings")
def add() -> AnyResponse:
    """Keep that a release or an outage happened."""
    form = request.form
    try:
        told = Happening(
            kind=HappeningKind(form.get("kind", ""))
            if form.get("kind") in tuple(HappeningKind)
            else _no_kind(),
            name=form.get("name", ""),
            begin=_day(form.get("begin", "")),
            end=_day(form.get("end") or form.get("begin", "")),
        )
    except InputError as error:
        return _page(error=str(error), status=400)
    keep_happening(the_store(), told, actor=actor(), now=now())
    return redirect(url_for(".show", days=_days()), code=303)


def _no_kind() -> HappeningKind:
    raise InputError("say whether it was a release or an outage")


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise InputError("write the days as 2026-01-31") from None


def _days() -> int:
    days = request.args.get("days", default=PERIODS[1], type=int)
    return days if days in PERIODS else PERIODS[1]


def _period() -> tuple[datetime, datetime]:
    """Return the first moment of the period and of the day after its last, both whole days."""
    end = datetime.combine(now().date() + timedelta(days=1), time(), tzinfo=UTC)
    return end - timedelta(days=_days()), end


def _voices() -> list[tuple[str, list[Voice]]]:
    begin, end = _period()
    watches = the_store().watches()
    return [(one.product.name, voices(the_store(), one, begin, end, now=now())) for one in watches]


def _impacts() -> list[Impact]:
    watch = next(iter(the_store().watches()), None)
    if watch is None:
        return []
    return [impact(the_store(), watch, one, now=now()) for one in happenings(the_store())[:SHOWN]]


def _card(*, whole: bool = False) -> Scorecard:
    return scorecard(the_store(), plays(the_store()), _period()[0], now=now(), whole=whole)


def _page(*, error: str = "", status: int = 200) -> Response:
    card, given = _card(), assumptions(the_store()).value
    hours = sum(play.hours for play in card.saves)
    page = render_template(
        "reports/show.html",
        voices=_voices(),
        impacts=_impacts(),
        card=card,
        days=_days(),
        since=_period()[0].date(),
        periods=PERIODS,
        cost=hours * given.hour / len(card.saves) if card.saves else None,
        kinds={HappeningKind.RELEASE: _("Release"), HappeningKind.OUTAGE: _("Outage")},
        topics=[one for watch in the_store().watches() for one in topics(the_store(), watch.id)],
        **_chart(),
        error=error,
    )
    return make_response(page, status)


def _chart() -> dict[str, object]:
    """Return mentions over the period, tones and silent sources marked, as the search page draws them."""
    query = _asked()
    return {"chart": _drawn(query), "query": query, "sort": Sort.NEW, "presets": presets(query.node)}


def _asked() -> Query:
    begin, end = _period()
    return parse(f"after:{begin:%Y-%m-%d} before:{end:%Y-%m-%d}")


def _drawn(query: Query) -> SearchChart | None:
    return search_chart(the_store(), Search(node=query.node, now=now()))


def _data(said: list[tuple[str, list[Voice]]], changed: list[Impact], card: Scorecard) -> dict[str, object]:
    return {
        "days": _days(),
        "share_of_voice": {product: [_voice_json(one) for one in found] for product, found in said},
        "impact": [dict(zip(IMPACT_COLUMNS, _impact_cells(one), strict=True)) for one in changed],
        "topics": [
            {"key": one.key, "name": one.name, "mentions": list(one.mentions)}
            for watch in the_store().watches()
            for one in topics(the_store(), watch.id)
        ],
        "scorecard": {
            **{group: [account_json(one) for one in getattr(card, group)] for group in GROUPS},
            "retention": card.retention,
            "gross_revenue_retention": card.gross_revenue,
            "net_revenue_retention": card.net_revenue,
            "revenue": [dict(zip(REVENUE_COLUMNS, _revenue_cells(row), strict=True)) for row in card.revenue],
            "saves": len(card.saves),
        },
    }


def _voice_json(one: Voice) -> dict[str, object]:
    tones = {tone: found.count for tone, found in one.tones.items()}
    return {"brand": one.brand, "mentions": one.mentions.count, "query": one.mentions.query, **tones}


def _impact_cells(one: Impact) -> list[object]:
    told = one.happening
    return [
        told.name, told.kind.value, str(told.begin), str(told.end), one.before.mentions.count,
        one.before.negative.count, one.after.mentions.count, one.after.negative.count, one.change, one.low,
        one.high,
    ]  # fmt: skip


def _revenue_cells(row: Revenue) -> list[object]:
    contract = row.account.contract
    return [row.account.key, contract.name, row.then, row.now, not row.assumed, contract.outcome.value]


def _csv() -> Response:
    match request.args.get("of"):
        case "impact":
            return outputs.csv_response("impact", IMPACT_COLUMNS, map(_impact_cells, _impacts()))
        case "revenue":
            return outputs.csv_response("revenue", REVENUE_COLUMNS, map(_revenue_cells, _card().revenue))
        case "topics":
            found = (one for watch in the_store().watches() for one in topics(the_store(), watch.id))
            rows = ([one.key, one.name, len(one.mentions)] for one in found)
            return outputs.csv_response("topics", TOPIC_COLUMNS, rows)
        case "chart":
            return outputs.csv_response("mentions", CHART_COLUMNS, _bars())
        case "scorecard":
            return outputs.csv_response("scorecard", ("figure", "value"), _figures(_card()))
        case _:
            return outputs.csv_response("voice", VOICE_COLUMNS, _voice_cells(_voices()))


def _bars() -> Iterator[list[object]]:
    """Yield the bars of the chart: its time, how many of each tone, and the query that finds them."""
    chart = _drawn(_asked())
    for bar, query in zip(chart.bars, chart.queries, strict=True) if chart else ():
        tones = [bar.tones.get(tone, 0) for tone in ("negative", "neutral", "positive")]
        yield [iso(bar.start), iso(bar.end), bar.count, *tones, query]


def _figures(card: Scorecard) -> Iterator[list[object]]:
    yield from ([group, len(getattr(card, group))] for group in (*GROUPS, "saves"))
    yield ["retention", card.retention]
    yield ["gross_revenue_retention", card.gross_revenue]
    yield ["net_revenue_retention", card.net_revenue]
    yield ["value_then", sum(row.then for row in card.revenue)]
    yield ["value_now", sum(row.now for row in card.revenue)]
    yield ["hours_of_saves", sum(play.hours for play in card.saves)]


def _voice_cells(said: list[tuple[str, list[Voice]]]) -> Iterator[list[object]]:
    for _product, found in said:
        whole = sum(one.mentions.count for one in found) or 1
        for one in found:
            tones = [one.tones[tone].count for tone in ("negative", "neutral", "positive")]
            yield [one.brand, one.mentions.count, one.mentions.count / whole, *tones]
