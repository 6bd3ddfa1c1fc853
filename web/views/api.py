"""`/api/v1`: what programs read and do, with a token. `docs/api.md` tells it to those who write them."""

from __future__ import annotations

from typing import TypeVar

from flask import Blueprint, g, request, url_for
from werkzeug.exceptions import Forbidden, Unauthorized
from werkzeug.wrappers import Response

from core.errors import InputError
from core.kept import Sought
from core.mention import mention_to_json
from core.query_parser import parse
from core.search import QueueSort, Search, Sort
from core.stages import Stage
from core.thread import triage_to_json
from core.token import ApiToken, Scope
from core.user import User
from core.watch import Watch
from engage import desk
from engage.customers import ACCOUNT, StoredAccount, account_of, find_account
from engage.teams import assignees_of
from engage.tokens import use_token
from engage.upserting import upsert
from store.watchcodec import watch_from_json, watch_to_json
from web import outputs
from web.api_input import Body, sent
from web.customer_data import account_json
from web.queue_view import Args
from web.services import now, the_store
from web.tokens import new_id
from web.views.threads import thread_json

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")

PAGE, MOST = 50, 500
SortName = TypeVar("SortName", Sort, QueueSort)
#: What changes more than the queue.
ADMIN = frozenset({"api.save_watch"})


@blueprint.before_request
def _ask_for_token() -> None:
    given = request.authorization
    text = given.token if given is not None and given.type == "bearer" else None
    found = use_token(the_store(), text or "", now=now())
    if found is None or found[0].scope is Scope.FEED:
        raise Unauthorized("Send a token that is still good: Authorization: Bearer earful_…")
    needed = Scope.READ if request.method == "GET" else Scope.TRIAGE
    needed = Scope.ADMIN if request.endpoint in ADMIN else needed
    if not found[0].scope.covers(needed):
        raise Forbidden(f"This needs a token of scope {needed.value}; this one is {found[0].scope.value}.")
    g.api = found


@blueprint.get("/mentions")
def mentions() -> Response:
    """Find mentions: `q`, `sort`, `limit`, `after`."""
    query, sort = parse(request.args.get("q", "")), _choice("sort", Sort.NEW)
    search = Search(node=query.node, now=now(), mine=assignees_of(the_store(), _name()))
    page = the_store().search(search, sort=sort, limit=_limit(), after=request.args.get("after"))
    count = the_store().count(search)
    return outputs.json_response(
        {
            "read_as": query.read_as,
            "problems": [{"start": p.start, "end": p.end, "message": p.message} for p in query.problems],
            "count": count.value,
            "count_exact": count.exact,
            "mentions": [outputs.hit_json(hit) for hit in page.hits],
            "next": _next("api.mentions", page.next),
        }
    )


@blueprint.get("/mentions/<id:mention_id>")
def mention(mention_id: str) -> Response:
    """Return one mention."""
    stored = the_store().mention(mention_id)
    return outputs.json_response(
        {**mention_to_json(stored.mention), "own": stored.own, "context": stored.context}
    )


@blueprint.get("/threads")
def threads() -> Response:
    """Return threads in the order of the queue: `q`, `sort`, `limit`, `after`."""
    search = Search(
        node=parse(request.args.get("q", "is:open")).node, now=now(), mine=assignees_of(the_store(), _name())
    )
    sort = _choice("sort", QueueSort.PRIORITY)
    page = the_store().queue(search, sort=sort, limit=_limit(), after=request.args.get("after"))
    matched = the_store().matched([row.id for row in page.rows])
    return outputs.json_response(
        {
            "count": page.total.value,
            "count_exact": page.total.exact,
            "threads": [outputs.row_json(row, matched.get(row.id, ())) for row in page.rows],
            "next": _next("api.threads", page.next),
        }
    )


@blueprint.get("/threads/<id:thread_id>")
def thread(thread_id: str) -> Response:
    """Return one thread with its conversation."""
    return outputs.json_response(thread_json(the_store().thread(thread_id)))


@blueprint.post("/triage")
def triage() -> Response:
    """Do something to one thread at the version that the caller saw."""
    body = sent()
    after, record = _act(body)
    return outputs.json_response({"thread": body.text("thread"), **triage_to_json(after), "audit": record.id})


@blueprint.post("/notes")
def note() -> Response:
    """Add a note to a thread; the same `id` twice is one note."""
    body = sent()
    note_id = body.text("id", new_id())[:64]
    _, record = desk.note(
        the_store(), body.text("thread"), body.text("text"), note_id=note_id, actor=_name(), now=now()
    )
    return outputs.json_response({"id": note_id, "audit": record.id})


@blueprint.get("/watches")
def watches() -> Response:
    """Return all watches."""
    return outputs.json_response({"watches": [watch_to_json(watch) for watch in the_store().watches()]})


@blueprint.get("/watches/<id:watch_id>")
def watch(watch_id: str) -> Response:
    """Return one watch."""
    return outputs.json_response(watch_to_json(the_store().watch(watch_id)))


@blueprint.put("/watches/<id:watch_id>")
def save_watch(watch_id: str) -> Response:
    """Store a watch whose `version` is the stored one, 0 for a new one."""
    saved = the_store().save_watch(_watch(watch_id), actor=_name(), now=now())
    return outputs.json_response(watch_to_json(saved))


@blueprint.get("/accounts")
def accounts() -> Response:
    """Return accounts by key: `stage`, `limit`, `after`."""
    stage = request.args.get("stage")
    if stage is not None and stage not in tuple(Stage):
        raise InputError(f"stage is one of {', '.join(Stage)}")
    sought = Sought(kind=ACCOUNT, states=(stage,) if stage else ())
    page = the_store().kept_page(sought, limit=_limit(), after=request.args.get("after"))
    return outputs.json_response(
        {
            "count": sum(the_store().kept_counts(sought).values()),
            "accounts": [_account(account_of(item)) for item in page.items],
            "next": _next("api.accounts", page.next),
        }
    )


@blueprint.get("/accounts/<id:account_id>")
def account(account_id: str) -> Response:
    """Return one account."""
    return outputs.json_response(_account(find_account(the_store(), account_id)))


@blueprint.put("/accounts/<id:account_id>")
def save_account(account_id: str) -> Response:
    """Store what is told of an account, by the rules of a table's row; what is not told stays."""
    body = sent()
    version = body.number("version") if "version" in body.values else None
    cells = Body({name: value for name, value in body.values.items() if name != "version"}).cells()
    found = upsert(the_store(), account_id, cells, version=version, actor=_name(), now=now())
    return outputs.json_response(_account(found))


def _account(stored: StoredAccount) -> dict[str, object]:
    return {**account_json(stored.account), "version": stored.version}


def _act(body: Body) -> desk.Done:
    """Do what a body names."""
    store, thread_id, version = the_store(), body.text("thread"), body.number("version")
    plain = {
        "resolve": desk.resolve,
        "ignore": desk.ignore,
        "not-about-us": desk.not_about_us,
        "wait": desk.wait,
        "reopen": desk.reopen,
    }
    actor, moment = _name(), now()
    match act := body.text("act"):
        case name if name in plain:
            return plain[name](store, thread_id, version, actor=actor, now=moment)
        case "snooze":
            until = body.moment("until")
            return desk.snooze(store, thread_id, version, until, actor=actor, now=moment)
        case "assign":
            assignee = body.text("assignee", "") or None
            return desk.assign(store, thread_id, version, assignee, actor=actor, now=moment)
        case "pin":
            pinned = body.flag("pinned")
            return desk.pin(store, thread_id, version, pinned=pinned, actor=actor, now=moment)
        case "tag":
            return desk.tag(store, thread_id, version, body.texts("tags"), actor=actor, now=moment)
        case _:
            acts = ", ".join([*plain, "snooze", "assign", "pin", "tag"])
            raise InputError(f"there is no act {act!r}; there are {acts}")


def _watch(watch_id: str) -> Watch:
    try:
        return watch_from_json({**sent().values, "id": watch_id})
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"this is no watch: {error}; send what GET answers, changed") from None


def _caller() -> tuple[ApiToken, User]:
    found: tuple[ApiToken, User] = g.api
    return found


def _name() -> str:
    return _caller()[1].name


def _limit() -> int:
    return max(1, min(MOST, request.args.get("limit", default=PAGE, type=int)))


def _choice(name: str, usual: SortName) -> SortName:
    written = request.args.get(name, usual.value)
    if written not in [each.value for each in type(usual)]:
        raise InputError(f"{name} is one of {', '.join(each.value for each in type(usual))}")
    return type(usual)(written)


def _next(endpoint: str, mark: str | None) -> str | None:
    if mark is None:
        return None
    args: Args = {**request.args.to_dict(), "after": mark}
    return url_for(endpoint, **args)
