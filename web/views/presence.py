"""`/presence`: who has a thread open, what is new in the queue, and batches checked out."""

from __future__ import annotations

from flask import Blueprint, abort, jsonify, make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from core.kept import Hold
from engage import hands, mentioning, replying
from web import wording
from web.asking import came_from, read_view
from web.services import now, the_store
from web.sessions import actor, mine
from web.views.threads import PAGE, queue_page

blueprint = Blueprint("presence", __name__)

MAX_ID = 2_000
#: Most replies of one page that are asked about.
MAX_REPLIES = 50


@blueprint.post("/presence/thread")
def thread() -> Response:
    """Say that a thread is open, or was closed, and hear who else has it."""
    thread_id, doing = request.form.get("thread", ""), request.form.get("doing", "")
    if not thread_id or len(thread_id) > MAX_ID:
        abort(400)
    if doing == "left":
        hands.leave(the_store(), thread_id, user=actor())
        return jsonify(held=[])
    mentioning.seen(the_store(), thread_id, user=actor())
    hands.look(the_store(), thread_id, user=actor(), replying=doing == "replying", now=now())
    held = hands.others(the_store(), [thread_id], user=actor(), now=now())
    return jsonify(held=[_told(hold) for hold in held.get(thread_id, ())], replies=_replies(thread_id))


@blueprint.get("/presence/queue.json")
def queue() -> Response:
    """Return what stands at the head of a part of the queue now, and who has which of it."""
    view = read_view(request.args)
    page = the_store().queue(view.search(now=now(), mine=mine()), sort=view.sort, limit=PAGE)
    ids = [row.id for row in page.rows]
    held = hands.others(the_store(), ids, user=actor(), now=now())
    return jsonify(
        ids=ids,
        total=page.total.value,
        held={thread_id: ", ".join(map(_told, holds)) for thread_id, holds in held.items()},
    )


@blueprint.post("/presence/check-out")
def check_out() -> Response:
    """Check the next free threads of the view out for five minutes."""
    view = came_from().first_page()
    taken = hands.check_out(
        the_store(), view.search(now=now(), mine=mine()), view.sort, user=actor(), now=now()
    )
    if not taken:
        return make_response(queue_page(view, error="Nothing here is free to take."), 409)
    return redirect(url_for("threads.queue", view="batch"), code=303)


@blueprint.post("/presence/give-back")
def give_back() -> Response:
    """Let go of what was checked out."""
    hands.give_back(the_store(), user=actor())
    return redirect(url_for("threads.queue"), code=303)


def _replies(thread_id: str) -> dict[str, str]:
    """Return how the replies that are on their way stand, by note."""
    ids = request.form.getlist("reply")[:MAX_REPLIES]
    if not ids:
        return {}
    notes = [note for note in the_store().thread(thread_id).notes if note.id in ids]
    found = replying.states(the_store(), notes, now=now())
    return {note_id: state.standing.value for note_id, state in found.items()}


def _told(hold: Hold) -> str:
    return wording.holding(hold)
