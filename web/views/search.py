"""`/search`: any question over the mentions; the same view as JSON, JSON Lines, CSV and feeds."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from core.labels import Labels
from core.query import Everything, Query
from core.query_parser import parse
from core.search import Hit, Page, Search, Sort
from engage.saved_searches import saved_searches
from web import feeds, outputs
from web.conversation import product_labels
from web.facets import FACETS, Choice, choices, pills, without_field
from web.formats import wanted
from web.i18n import _, later
from web.marks import Mark, Piece, pieces
from web.own import zone
from web.queue_view import Args
from web.search_chart import between, presets, search_chart
from web.services import now, the_store
from web.sessions import actor, mine

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
@blueprint.get("/search.<any('feed.json',jsonl,json,csv,atom):form>")
def show(form: str = "") -> AnyResponse:
    """Show what a query finds."""
    if "from" in request.args or "to" in request.args:
        return _dated()
    query, sort = parse(request.args.get("q", "").strip()), _sort()
    search = Search(node=query.node, now=now(), mine=mine())
    match wanted(form, "json", "jsonl", "csv", "atom", "feed.json"):
        case "html":
            return _page(query, search, sort)
        case "json":
            return _json(query, search, sort)
        case "atom":
            return feeds.atom_response(_feed(query, search))
        case "feed.json":
            return feeds.json_feed_response(_feed(query, search))
        case other:
            return _export(other, search, sort)


def _export(form: str, search: Search, sort: Sort) -> Response:
    """Return every hit, up to the limit, row by row."""
    hits = itertools.islice(_all_hits(search, sort), outputs.CSV_LIMIT)
    if form == "jsonl":
        return outputs.lines_response("mentions", map(outputs.hit_json, hits))
    rows = (outputs.mention_cells(hit.stored.mention, _labels(hit)) for hit in hits)
    return outputs.csv_response("mentions", outputs.MENTION_COLUMNS, rows)


def _feed(query: Query, search: Search) -> feeds.Feed:
    hits = the_store().search(search, sort=Sort.NEW, limit=feeds.FEED_LIMIT).hits
    return feeds.Feed(
        title=f"Earful: {query.written or _('all mentions')}",
        address=request.url,
        home=url_for(".show", q=query.written, _external=True),
        mentions=[hit.stored.mention for hit in hits],
        now=search.now,
    )


def _page(query: Query, search: Search, sort: Sort) -> Response:
    store, began = the_store(), time.perf_counter()
    found = store.search(search, sort=sort, limit=PAGE, after=request.args.get("after"))
    count = store.count(search, roughly=True)
    took = time.perf_counter() - began
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
            count=count,
            searched=store.count(Search(node=Everything(), now=search.now), roughly=True),
            took=took,
            hits=[_shown(hit) for hit in found.hits],
            facets=_facets(search),
            titles=FACETS,
            chart=search_chart(store, search, _newest(found, sort)),
            presets=presets(search.node),
            searches=saved_searches(store, actor()),
            limit=outputs.CSV_LIMIT,
        )
    )


def _newest(found: Page, sort: Sort) -> Hit | None:
    """Return the newest hit where the first page shows it."""
    return found.hits[0] if found.hits and sort is Sort.NEW and "after" not in request.args else None


def _facets(search: Search) -> dict[str, list[Choice]]:
    """Return every facet; a field that is filtered is counted without its own filter."""
    store = the_store()
    open_fields = [name for name in FACETS if without_field(search.node, name) == search.node]
    counted = store.facets(search, open_fields, limit=FACET_VALUES)
    for name in FACETS:
        if name not in open_fields:
            wider = Search(node=without_field(search.node, name), now=search.now, mine=search.mine)
            counted |= store.facets(wider, [name], limit=FACET_VALUES)
    return {name: choices(search.node, name, counted.get(name, [])) for name in FACETS}


def _dated() -> AnyResponse:
    """Put the two date fields, or what was dragged over, into the query: the address holds one state only."""
    after, before = _moment("from"), _moment("to", last=True)
    query = between(request.args.get("q", ""), after, before)
    return redirect(url_for(".show", q=query, sort=_sort().value), code=303)


def _moment(name: str, *, last: bool = False) -> datetime | None:
    """Return a day or a moment of the address; of a day that is the last to show, its end."""
    written = request.args.get(name, "")
    try:
        then = datetime.fromisoformat(written)
        if then.tzinfo is None:
            # The next day, and not 24 h later: clocks change.
            whole = last and len(written) == len("2026-01-31")
            then = (then + timedelta(days=1) if whole else then).replace(tzinfo=zone())
        return then.astimezone(UTC)
    except (ValueError, OverflowError):
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
