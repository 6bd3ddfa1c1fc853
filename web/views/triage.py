"""What people do to threads: every state-changing button of the queue and of the thread page.

A button names what it acts on as `VERSION|THREAD-ID`, once or many times over, so that one route does a
single thread and a whole selection, by compare-and-set each.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from flask import Blueprint, abort, jsonify, make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from core.audit import AuditRecord
from core.errors import Conflict, InputError, NotFound
from core.labels import Tone
from core.thread import Correction, Thread, Triage, triage_to_json
from engage import answering, bulk, desk, mentioning, muting, replying
from engage.muting import Mutable
from web.answer_box import connected
from web.asking import came_from
from web.done import BULK, audit_ids, join
from web.i18n import _
from web.own import zone
from web.rights import ACT_ON_ALL
from web.services import now, the_store
from web.sessions import actor, check_right, mine, wants_data
from web.tokens import new_id
from web.views.threads import queue_page, thread_page

blueprint = Blueprint("triage", __name__)

#: One act on one thread at the version that the person saw.
Act = Callable[[str, int], desk.Done]
#: After these the thread has left the view, and the next one is shown.
LEAVES = frozenset({"resolve", "ignore", "not-about-us", "snooze", "wait"})
MOST = 200
#: How long a thread sleeps at most that waits for their next word.
FOR_A_REPLY = timedelta(days=180)
#: Hour at which a snooze until a day ends, where the reader is.
MORNING = time(8, 0)


@blueprint.post("/triage/<any(resolve,ignore,'not-about-us',wait,reopen,snooze,assign,pin,tag):name>")
def act(name: str) -> Response:
    """Do something to one thread or to many."""
    targets = [_target(value) for value in request.form.getlist("on")[:MOST]]
    if request.form.get("all") == "yes":
        return _act_on_all(name)
    if not targets:
        return _back(None, [], error="Select a thread first.")
    try:
        do = _acts()[name]()
        return _act_on_one(do, name, *targets[0]) if len(targets) == 1 else _act_on_many(do, targets)
    except InputError as error:
        return _bad(targets[0][0], str(error))


@blueprint.post("/triage/note")
def note() -> Response:
    """Add a note to a thread."""
    thread_id, note_id = request.form.get("thread", ""), request.form.get("note_id") or new_id()
    text = request.form.get("text", "")
    try:
        _, record = desk.note(the_store(), thread_id, text, note_id=note_id[:64], actor=actor(), now=now())
        mentioning.ping(the_store(), thread_id, note_id[:64], text, actor=actor(), now=now())
    except InputError as error:
        return _bad(thread_id, str(error))
    return _back(thread_id, [record])


@blueprint.post("/triage/answer")
def answer() -> Response:
    """Send an answer, or keep one that is taken to the source by hand; from then on it is their turn."""
    form = request.form
    thread_id, version = _target(form.get("on", ""))
    answer_id = (form.get("answer_id") or new_id())[:64]
    text = form.get("text", "")
    by_hand = form.get("how") != "send"
    try:
        say = answering.answer if by_hand else _sending(form.get("to", ""))
        _, record = say(the_store(), thread_id, version, text, answer_id=answer_id, actor=actor(), now=now())
    except InputError as error:
        return _bad(thread_id, str(error))
    except Conflict as conflict:
        return _conflict(thread_id, conflict)
    return _back(thread_id, [record])


def _sending(to_id: str) -> Callable[..., desk.Done]:
    """Return how an answer is sent to a mention's author."""
    to = the_store().mention(to_id)
    account = connected(to)
    if account is None:
        raise InputError(_("No connected account can answer this; copy the answer and open the post."))
    return functools.partial(replying.send, to=to, link=account)


@blueprint.post("/triage/answer/again")
def answer_again() -> Response:
    """Try a reply once more that did not go out."""
    thread_id = request.form.get("thread", "")
    thread = the_store().thread(thread_id)
    replying.again(the_store(), thread, request.form.get("note", ""), actor=actor(), now=now())
    return _back(thread_id, [])


@blueprint.post("/triage/correct")
def correct() -> Response:
    """Correct a label."""
    form = request.form
    tone, churn = form.get("tone"), form.get("churn")
    if (tone is not None and tone not in list(Tone)) or churn not in (None, "yes", "no"):
        abort(400)
    mention = the_store().mention(form.get("mention", "")).mention
    earlier = [
        c
        for c in the_store().thread(mention.thread_id).corrections
        if c.mention_id == mention.id and c.brand == form.get("brand", "")
    ]
    last = earlier[-1] if earlier else None
    correction = Correction(
        mention_id=mention.id,
        brand=form.get("brand", ""),
        by=actor(),
        at=now(),
        tone=tone or (last.tone if last else None),
        churn=churn == "yes" if churn else (last.churn if last else None),
    )
    _, record = desk.correct(the_store(), mention.thread_id, correction)
    return _back(mention.thread_id, [record])


@blueprint.post("/triage/mute")
def mute() -> Response:
    """Mute the author, the source or the thread of a mention, or words."""
    form, store = request.form, the_store()
    thread, what = store.thread(form.get("thread", "")), form.get("what", "")
    if what not in list(Mutable):
        abort(400)
    try:
        value, source = _to_mute(thread, Mutable(what))
        record = muting.mute(store, Mutable(what), value, source=source, actor=actor(), now=now())
    except InputError as error:
        return _bad(thread.id, str(error))
    return _back(form.get("next") or None, [record] if record else [])


def _to_mute(thread: Thread, what: Mutable) -> tuple[str, str]:
    """Return what a form wants muted, and the source that a handle belongs to."""
    match what:
        case Mutable.AUTHOR:
            author = the_store().mention(request.form.get("mention", "")).mention.author
            return author.handle or "", thread.source
        case Mutable.SOURCE:
            return thread.source, ""
        case Mutable.THREAD:
            return thread.id, ""
        case Mutable.WORD:
            return request.form.get("word", ""), ""


@blueprint.post("/triage/undo")
def undo() -> Response:
    """Take back the acts named, or the person's last one."""
    store = the_store()
    written = request.form.get("acts", "")
    if many := _many(written):
        left = bulk.undo(store, many, actor=actor(), now=now())
        return redirect(url_for("threads.queue", **came_from().args(missed=left)), code=303)
    ids = audit_ids(written)
    try:
        records = [_taken_back(audit_id) for audit_id in ids or [desk.last_act(store, actor()).id]]
    except Conflict as conflict:
        return _back(None, [], error=str(conflict), status=409)
    except NotFound as error:
        return _back(None, [], error=str(error), status=404)
    single = len(records) == 1 and not records[0].target.startswith(f"{muting.KIND}:")
    return _back(desk.thread_of(store, records[0]) if single else None, records)


def _taken_back(audit_id: int) -> AuditRecord:
    """Undo one act; return the record of that."""
    act = desk.find_record(the_store(), audit_id)
    if act is not None and act.action == muting.MUTED:
        return muting.take_back(the_store(), act, actor=actor(), now=now())
    return replying.undo(the_store(), audit_id, actor=actor(), now=now())[1]


def _many(written: str) -> bulk.Bulk | None:
    """Return the act on many that is to be undone: the one named, or the person's last."""
    store = the_store()
    if written:
        return bulk.bulk_of(store, written.removeprefix(BULK)) if written.startswith(BULK) else None
    try:
        return bulk.last_of(store, actor(), desk.last_act(store, actor()).id)
    except NotFound:
        return None


def _acts() -> dict[str, Callable[[], Act]]:
    """Return how each act is made out of the form."""
    return {
        "resolve": lambda: _plain(desk.resolve),
        "ignore": lambda: _plain(desk.ignore),
        "not-about-us": lambda: _plain(desk.not_about_us),
        "wait": lambda: _plain(desk.wait),
        "reopen": lambda: _plain(desk.reopen),
        "snooze": _snooze,
        "assign": _assign,
        "pin": _pin,
        "tag": _tag,
    }


def _plain(what: Callable[..., desk.Done]) -> Act:
    return lambda thread_id, version: what(the_store(), thread_id, version, actor=actor(), now=now())


def _snooze() -> Act:
    until = snooze_until(request.values.get("until", ""), now())
    return lambda thread_id, version: desk.snooze(
        the_store(), thread_id, version, until, actor=actor(), now=now()
    )


def _assign() -> Act:
    name = request.form.get("assignee", actor()) or None
    return lambda thread_id, version: desk.assign(
        the_store(), thread_id, version, name, actor=actor(), now=now()
    )


def _pin() -> Act:
    pinned = request.form.get("pinned") == "yes"
    return lambda thread_id, version: desk.pin(
        the_store(), thread_id, version, pinned=pinned, actor=actor(), now=now()
    )


def _tag() -> Act:
    names = request.form.get("tags", "").split(",")
    return lambda thread_id, version: desk.tag(
        the_store(), thread_id, version, names, actor=actor(), now=now()
    )


def snooze_until(written: str, moment: datetime) -> datetime:
    """Return the moment that `1h`, `tomorrow`, `week`, `reply` or a date names.

    Raises:
        InputError: it names none.
    """
    today = moment.astimezone(zone()).date()
    match written:
        case "1h":
            return moment + timedelta(hours=1)
        case "tomorrow":
            return _morning(today + timedelta(days=1))
        case "reply":
            # Whatever they write opens it again; nobody waits for ever.
            return moment + FOR_A_REPLY
        case "week":
            return _morning(today + timedelta(days=7 - today.weekday()))
    try:
        return _morning(date.fromisoformat(written[:10]))
    except (ValueError, OverflowError):
        raise InputError("choose a day to snooze until") from None


def _morning(day: date) -> datetime:
    """Return when a day begins for the reader, in UTC."""
    return datetime.combine(day, MORNING, tzinfo=zone()).astimezone(UTC)


def _target(written: str) -> tuple[str, int]:
    version, _, thread_id = written.partition("|")
    if not thread_id or not (version.isascii() and version.isdigit() and len(version) < 18):  # noqa: PLR2004
        abort(400)
    return thread_id, int(version)


def _act_on_one(do: Act, name: str, thread_id: str, version: int) -> Response:
    try:
        triage, record = do(thread_id, version)
    except Conflict as conflict:
        return _conflict(thread_id, conflict)
    if wants_data():
        return jsonify(triage_to_json(triage) | {"id": thread_id, "act": record.id})
    following = request.form.get("next", "") if name in LEAVES else ""
    return _back(following or (None if name in LEAVES else thread_id), [record])


def _act_on_many(do: Act, targets: list[tuple[str, int]]) -> Response:
    records: list[AuditRecord] = []
    missed = 0
    for thread_id, version in targets:
        try:
            records.append(do(thread_id, version)[1])
        except (Conflict, NotFound):
            missed += 1
    return _back(None, records, missed=missed)


def _act_on_all(name: str) -> Response:
    """Act on everything that the view shows, as one act with one undo."""
    check_right(ACT_ON_ALL)
    view = came_from().first_page()
    search = view.search(now=now(), mine=mine())
    try:
        done = bulk.act_on_all(the_store(), search, _acts()[name](), actor=actor(), now=now())
    except InputError as error:
        return _back(None, [], error=str(error))
    return redirect(url_for("threads.queue", **view.args(done=f"{BULK}{done.key}", missed=done.missed)), 303)


def _conflict(thread_id: str, conflict: Conflict[Triage]) -> Response:
    if wants_data():
        body = {"error": str(conflict), "id": thread_id, "fresh": triage_to_json(conflict.fresh)}
        return make_response(jsonify(body), 409)
    return make_response(thread_page(the_store().thread(thread_id), conflict=conflict), 409)


def _bad(thread_id: str, message: str) -> Response:
    if wants_data():
        return make_response(jsonify(error=message), 400)
    return make_response(thread_page(the_store().thread(thread_id), error=message), 400)


def _back(
    thread_id: str | None,
    records: list[AuditRecord],
    *,
    missed: int = 0,
    error: str = "",
    status: int = 400,
) -> Response:
    """Lead to a thread, or to the queue it was opened from, and tell there what was done."""
    view = came_from()
    if error:
        if wants_data():
            return make_response(jsonify(error=error), status)
        return make_response(queue_page(view, error=error), status)
    if wants_data():
        return jsonify(acts=[record.id for record in records], missed=missed)
    args = view.args(done=join(records), missed=missed)
    stays = thread_id is not None and request.form.get("at") != "queue"
    if stays and thread_id is not None:
        return redirect(url_for("threads.show", thread_id=thread_id, **args), code=303)
    return redirect(url_for("threads.queue", **args), code=303)
