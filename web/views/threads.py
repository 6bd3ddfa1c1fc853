"""The queue and the thread."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.clock import iso
from core.errors import Conflict, NotFound, StoreUnavailable
from core.labels import Labels
from core.mention import mention_to_json
from core.query import Node, positive_words
from core.search import Count, QueuePage
from core.thread import Thread, ThreadRow, Triage, triage_to_json
from engage.hands import batch, busy, others
from engage.promised import promises_of
from engage.teams import assignable
from web import outputs
from web.answer_box import answer_box
from web.asking import all_views, came_from, read_view, remember_sort
from web.bundles import beyond, bundled
from web.conversation import Turn, product_labels, turns
from web.done import finished
from web.facets import clauses
from web.folding import MAX_REVISION, MOST_REVISIONS, folded, newest_notes
from web.formats import wanted
from web.marks import Mark, Piece, pieces
from web.neighbours import neighbours
from web.queue_view import SORTS, QueueView, View, both
from web.services import now, the_store
from web.sessions import actor, mine
from web.tokens import new_id
from web.translating import elsewhere

blueprint = Blueprint("threads", __name__)

PAGE = 25
#: Most threads in one answer as data.
MOST = 500
#: Most recent acts shown beside a thread.
HISTORY = 30
#: Tags offered while one is written.
TAGS = 200


class Earlier(NamedTuple):
    """Earlier versions of a mention, newest first."""

    said: Sequence[str]
    total: int
    #: True where there is more of them than is shown.
    cut: bool


@blueprint.get("/threads")
@blueprint.get("/threads.<any(json,csv):form>")
def queue(form: str = "") -> Response:
    """Show the queue, as a page or as data."""
    view = read_view(request.args)
    match wanted(form, "json", "csv"):
        case "json":
            return _queue_json(view)
        case "csv":
            return outputs.csv_response("threads", outputs.THREAD_COLUMNS, _cells(view))
        case _:
            response = make_response(queue_page(view))
            remember_sort(response)
            return response


def queue_page(view: QueueView, *, error: str = "") -> str:
    """Return the queue as a page."""
    store = the_store()
    # Twice a page, so that what merely moves up later is not told as new.
    page, known = _known(view)
    views = all_views()
    ids = [row.id for row in page.rows]
    held, matched = others(store, ids, user=actor(), now=now()), store.matched(ids)
    bundles, counts = bundled(page.rows, matched), _counts(view, views)
    if not counts["all"].value and not view.narrowed:
        return render_template("threads/first.html", states=store.source_states(), watches=store.watches())
    products = {watch.id: watch.product.name for watch in store.watches()}
    return render_template(
        "threads/queue.html",
        view=view,
        views=views,
        sorts=SORTS,
        page=page,
        bundles=bundles,
        beyond=beyond(bundles, matched, lambda nodes: _counted(view, nodes)),
        counts=counts,
        labels={row.id: _row_labels(row, products) for row in page.rows},
        misread=misread(view),
        assignees=assignable(store),
        sources=sorted({state.source for state in store.source_states()}),
        tags=store.tags(),
        done=finished(store, request.args.get("done", "")),
        missed=request.args.get("missed", type=int) or 0,
        view_key=new_id(),
        known=known,
        held=held,
        promises=promises_of(store, page.rows, matched, now=now()),
        following=next((row.id for row in page.rows if row.id not in busy(held)), None),
        batch=batch(store, user=actor(), now=now()),
        error=error,
    )


@blueprint.get("/threads/<id:thread_id>")
def show(thread_id: str) -> Response:
    """Show one thread, as a page or as data."""
    thread, form = _find(thread_id)
    if wanted(form, "json") == "json":
        return outputs.json_response(thread_json(thread))
    return make_response(thread_page(thread))


def thread_page(thread: Thread, *, conflict: Conflict[Triage] | None = None, error: str = "") -> str:
    """Return one thread as a page; a conflict is told above its fresh state."""
    store = the_store()
    view = came_from()
    watches = store.watches()
    whole, part = request.args.get("whole"), request.args.get("part", default=0, type=int)
    talk = turns(thread, watches, whole=whole)
    fold = folded(talk, part=part, at=whole or request.args.get("at"))
    answer = answer_box(thread, watches)
    all_notes = [note for note in thread.notes if note.id not in answer.placed]
    notes = all_notes if request.args.get("notes") == "all" else newest_notes(all_notes)
    return render_template(
        "threads/show.html",
        thread=thread,
        fold=fold,
        revisions=_revisions(fold.turns, whole),
        notes=notes,
        noted=len(all_notes) if notes != all_notes else 0,
        shown={turn.stored.mention.id for turn in fold.turns},
        elsewhere=elsewhere,
        inside={stored.mention.id for stored in thread.mentions},
        products=[watch.product.name for watch in watches if watch.id in thread.watches],
        view=view,
        near=neighbours(store, view, thread.id, now=now(), user=actor(), mine=mine()),
        history=store.audit(target=f"thread:{thread.id}", limit=HISTORY),
        assignees=assignable(store),
        tags=store.tags()[:TAGS],
        note_id=new_id(),
        answer=answer,
        here=others(store, [thread.id], user=actor(), now=now()).get(thread.id, ()),
        done=finished(store, request.args.get("done", "")),
        conflict=conflict,
        error=error,
    )


@blueprint.get("/mentions/<id:mention_id>")
def mention(mention_id: str) -> Response:
    """Lead to a mention in its thread."""
    thread_id = the_store().mention(mention_id).mention.thread_id
    address = url_for(".show", thread_id=thread_id, at=mention_id, _anchor=f"m-{mention_id}")
    return redirect(address, code=303)


def _revisions(shown: Sequence[Turn], whole: str | None) -> dict[str, Earlier]:
    """Return the earlier versions of what was edited and is shown; the mention that is asked for whole is."""
    edited = [turn.stored for turn in shown if turn.stored.revision > 1 and not turn.stored.mention.deleted]
    return {one.mention.id: _earlier(one.mention.id, cut=one.mention.id != whole) for one in edited}


def _earlier(mention_id: str, *, cut: bool) -> Earlier:
    said = [one.mention.said for one in the_store().revisions(mention_id)[-2::-1]]
    if not cut:
        return Earlier(said, len(said), cut=False)
    short = [text[:MAX_REVISION] for text in said[:MOST_REVISIONS]]
    return Earlier(short, len(said), cut=short != said)


def thread_json(thread: Thread) -> dict[str, object]:
    """Return one thread in the shape of the JSON contract."""
    return {
        "id": thread.id,
        "source": thread.source,
        "title": thread.title,
        "url": thread.url,
        "watches": list(thread.watches),
        **outputs.priority_json(thread.priority),
        **triage_to_json(thread.triage),
        "ranked_at": iso(thread.ranked_at) if thread.ranked_at else None,
        "mentions": [
            {**mention_to_json(stored.mention), "own": stored.own, "context": stored.context}
            for stored in thread.mentions
        ],
        "notes": [
            {"id": note.id, "author": note.author, "text": note.text, "at": iso(note.at)}
            for note in thread.notes
        ],
        "corrections": [outputs.correction_json(correction) for correction in thread.corrections],
    }


def misread(view: QueueView) -> list[Piece]:
    """Return the query as pieces, the parts that were not read as written marked."""
    query = view.query
    marks = [Mark(p.start, max(p.end, p.start + 1), "bad", p.message) for p in query.problems]
    return pieces(query.written, marks) if marks else []


def _find(thread_id: str) -> tuple[Thread, str]:
    """Return the thread of an id, or of an id with `.json` behind it; an id may end so by itself."""
    try:
        return the_store().thread(thread_id), ""
    except NotFound:
        if not thread_id.endswith(".json"):
            raise
        return the_store().thread(thread_id.removesuffix(".json")), "json"


def _page(view: QueueView, limit: int = PAGE) -> QueuePage:
    return the_store().queue(
        view.search(now=now(), mine=mine()), sort=view.sort, limit=limit, after=view.after
    )


def _known(view: QueueView) -> tuple[QueuePage, Sequence[str]]:
    """Return the page, and the ids of it and of what comes after it."""
    found = _page(view)
    if found.next is None:
        return found, [row.id for row in found.rows]
    after = _page(replace(view, after=found.next))
    return found, [row.id for row in (*found.rows, *after.rows)]


def _counts(view: QueueView, views: Sequence[View]) -> dict[str, Count]:
    """Return the figure of every view's tab, the reader's own filters left out."""
    moment, ours = now(), mine()
    searches = [QueueView(view=each, unmuted=view.unmuted).search(now=moment, mine=ours) for each in views]
    counted = the_store().queue_counts(searches)
    return {each.key: count for each, count in zip(views, counted, strict=True)}


def _counted(view: QueueView, nodes: Sequence[Node]) -> Sequence[Count]:
    """Return how many threads of a view each condition finds; none where that would take long.

    By a handle it is a fifth of a millisecond each; words would be looked up anew for every one.
    """
    search = view.search(now=now(), mine=mine())
    if any(positive_words(search.node)):
        return [Count(value=0, exact=False)] * len(nodes)
    parts = clauses(search.node)
    asked = [replace(search, node=both(*parts, *clauses(node))) for node in nodes]
    try:
        return the_store().queue_counts(asked)
    except StoreUnavailable:  # what is asked for more than the page itself must not cost the page
        return [Count(value=0, exact=False)] * len(nodes)


def _queue_json(view: QueueView) -> Response:
    limit = request.args.get("limit", default=PAGE, type=int)
    page = _page(view, max(1, min(MOST, limit)))
    matched = the_store().matched([row.id for row in page.rows])
    following = (
        url_for(".queue", form="json", **view.args(after=page.next, limit=limit)) if page.next else None
    )
    return outputs.json_response(
        {
            "threads": [outputs.row_json(row, matched.get(row.id, ())) for row in page.rows],
            "total": page.total.value,
            "total_exact": page.total.exact,
            "problems": [problem.message for problem in view.query.problems],
            "next": following,
        }
    )


def _cells(view: QueueView) -> Iterator[list[object]]:
    return (outputs.thread_cells(row) for row in itertools.islice(_rows(view), outputs.CSV_LIMIT))


def _rows(view: QueueView) -> Iterator[ThreadRow]:
    search, after = view.search(now=now(), mine=mine()), None
    while True:
        page = the_store().queue(search, sort=view.sort, limit=200, after=after)
        yield from page.rows
        after = page.next
        if after is None:
            return


def _row_labels(row: ThreadRow, products: Mapping[str, str]) -> Labels | None:
    labels = row.top.labels if row.top else ()
    return product_labels(labels, {products[name] for name in row.watches if name in products})
