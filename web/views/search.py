"""`/search`: any question over the mentions; the same view as JSON, CSV and Atom."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from core.labels import Labels
from core.query import Query
from core.query_parser import parse
from core.search import Hit, Search, Sort
from web import chart, outputs
from web.conversation import product_labels
from web.facets import FACETS, Choice, choices, pills, within, without_field
from web.formats import wanted
from web.i18n import later
from web.marks import Mark, Piece, pieces
from web.queue_view import Args
from web.services import now, the_store
from web.sessions import actor

blueprint = Blueprint("search", __name__)

PAGE = 30
MOST = 500
#: Values shown of one facet.
FACET_VALUES = 8
#: Characters of a hit shown around its first mark.
EXCERPT = 420
LEAD = 120
SORTS = {
    Sort.NEW: later("Newest"),
    Sort.OLD: later("Oldest"),
    Sort.RELEVANT: later("Most relevant"),
    Sort.RISK: later("Most at risk"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A hit as the page shows it."""

    hit: Hit
    title: list[Piece]
    text: list[Piece]
    #: Whether text was cut away before and after the excerpt.
    cut_before: bool
    cut_after: bool
    labels: Labels | None


@blueprint.get("/search")
@blueprint.get("/search.<any(json,csv,atom):form>")
def show(form: str = "") -> AnyResponse:
    """Show what a query finds."""
    if "from" in request.args or "to" in request.args:
        return _dated()
    query, sort = parse(request.args.get("q", "").strip()), _sort()
    search = Search(node=query.node, now=now(), user=actor())
    match wanted(form, "json", "csv", "atom"):
        case "json":
            return _json(query, search, sort)
        case "csv":
            rows = (outputs.mention_cells(hit.stored.mention, _labels(hit)) for hit in _hits(search, sort))
            return outputs.csv_response("mentions", outputs.MENTION_COLUMNS, rows)
        case "atom":
            hits = the_store().search(search, sort=Sort.NEW, limit=PAGE).hits
            address = url_for(".show", q=query.written, _external=True)
            return outputs.atom_response(
                f"Earful: {query.written or 'all mentions'}", address, hits, now=now()
            )
        case _:
            return _page(query, search, sort)


def _page(query: Query, search: Search, sort: Sort) -> Response:
    store = the_store()
    found = store.search(search, sort=sort, limit=PAGE, after=request.args.get("after"))
    marks = [Mark(p.start, max(p.end, p.start + 1), "bad", p.message) for p in query.problems]
    return make_response(
        render_template(
            "search/show.html",
            query=query,
            written=pieces(query.written, marks) if marks else [],
            pills=pills(query.node),
            sort=sort,
            sorts=SORTS,
            page=found,
            count=store.count(search),
            hits=[_shown(hit) for hit in found.hits],
            facets=_facets(search),
            titles=FACETS,
            chart=_chart(search),
            limit=outputs.CSV_LIMIT,
        )
    )


def _facets(search: Search) -> dict[str, list[Choice]]:
    """Return every facet; a field that is filtered is counted without its own filter."""
    store = the_store()
    open_fields = [name for name in FACETS if without_field(search.node, name) == search.node]
    counted = store.facets(search, open_fields, limit=FACET_VALUES)
    for name in FACETS:
        if name not in open_fields:
            wider = Search(node=without_field(search.node, name), now=search.now, user=search.user)
            counted |= store.facets(wider, [name], limit=FACET_VALUES)
    return {name: choices(search.node, name, counted.get(name, [])) for name in FACETS}


def _chart(search: Search) -> dict[str, object] | None:
    store = the_store()
    oldest = store.search(search, sort=Sort.OLD, limit=1).hits
    newest = store.search(search, sort=Sort.NEW, limit=1).hits
    if not oldest or not newest:
        return None
    span = chart.window(
        search.node,
        oldest=oldest[0].stored.mention.published_at,
        newest=newest[0].stored.mention.published_at + timedelta(seconds=1),
        now=search.now,
    )
    buckets = store.histogram(search, step=span.step, start=span.start, end=span.end)
    bars = chart.bars(buckets, span.step, now=search.now)
    return {
        "window": span,
        "bars": bars,
        "width": chart.WIDTH,
        "height": chart.HEIGHT,
        "links": [
            url_for(".show", q=within(search.node, bar.start, bar.end), sort=_sort().value) for bar in bars
        ],
        "top": max((bar.count for bar in bars), default=0),
    }


def _dated() -> AnyResponse:
    """Put the two date fields into the query, so that the address holds one state only."""
    after, before = _date("from"), _date("to")
    query = parse(request.args.get("q", ""))
    until = before + timedelta(days=1) if before else None
    return redirect(url_for(".show", q=within(query.node, after, until), sort=_sort().value), code=303)


def _date(name: str) -> datetime | None:
    try:
        return datetime.fromisoformat(request.args.get(name, "")).replace(tzinfo=UTC)
    except ValueError:
        return None


def _sort() -> Sort:
    written = request.args.get("sort", "")
    return Sort(written) if written in [sort.value for sort in Sort] else Sort.NEW


def _shown(hit: Hit) -> Shown:
    mention = hit.stored.mention
    first = hit.text_marks[0][0] if hit.text_marks else 0
    start, end = excerpt(mention.text, first)
    text_marks = [Mark(a - start, b - start, "hit") for a, b in hit.text_marks]
    return Shown(
        hit=hit,
        title=pieces(mention.title or "", [Mark(a, b, "hit") for a, b in hit.title_marks]),
        text=pieces(mention.text[start:end], text_marks),
        cut_before=start > 0,
        cut_after=end < len(mention.text),
        labels=_labels(hit),
    )


def excerpt(text: str, first: int) -> tuple[int, int]:
    """Return what to show of a text: all of a short one, else the words around its first mark."""
    start = max(0, first - LEAD) if first > EXCERPT - LEAD else 0
    space = text.find(" ", start, first) if start else -1
    start = space + 1 if space >= 0 else start
    return start, start + EXCERPT


def _labels(hit: Hit) -> Labels | None:
    watches = [watch for watch in the_store().watches() if watch.id in hit.stored.watches]
    return product_labels(hit.stored.mention.labels, {watch.product.name for watch in watches})


def _hits(search: Search, sort: Sort) -> Iterator[Hit]:
    return itertools.islice(_all_hits(search, sort), outputs.CSV_LIMIT)


def _all_hits(search: Search, sort: Sort) -> Iterator[Hit]:
    after = None
    while True:
        page = the_store().search(search, sort=sort, limit=200, after=after)
        yield from page.hits
        after = page.next
        if after is None:
            return


def _json(query: Query, search: Search, sort: Sort) -> Response:
    limit = max(1, min(MOST, request.args.get("limit", default=PAGE, type=int)))
    page = the_store().search(search, sort=sort, limit=limit, after=request.args.get("after"))
    count = the_store().count(search)
    args: Args = {"q": query.written, "sort": sort.value, "limit": limit, "after": page.next}
    return outputs.json_response(
        {
            "query": query.written,
            "read_as": query.read_as,
            "problems": [{"start": p.start, "end": p.end, "message": p.message} for p in query.problems],
            "count": count.value,
            "count_exact": count.exact,
            "mentions": [outputs.hit_json(hit) for hit in page.hits],
            "next": url_for(".show", form="json", **args) if page.next else None,
        }
    )
