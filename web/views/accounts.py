"""`/accounts`: customers by stage, one account with its story, and the table they come in from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from core.customers import Account, Contact, Seat
from core.errors import Conflict, InputError
from core.kept import Order, Sought
from core.stages import NEXT, Stage
from engage.accounts import COLUMNS
from engage.attention import period
from engage.customers import (
    ACCOUNT,
    MOVE,
    PERSON,
    account_item,
    account_of,
    find_account,
    moves_of,
    people_in,
    walk,
)
from engage.keeping import line
from engage.matching import place
from engage.standing import override, refresh_account
from engage.story import account_story
from engage.upserting import upsert
from web import outputs
from web.customer_data import ACCOUNT_COLUMNS, account_cells, account_json
from web.customer_words import STAGES
from web.formats import wanted
from web.i18n import _
from web.quotes import quoted, reasons, told
from web.services import now, the_store
from web.sessions import actor

blueprint = Blueprint("accounts", __name__)

#: Cards in one column of the board; the list behind a column's head has all.
COLUMN = 12
PAGE = 50
#: Days of the movement that the board shows.
DAYS = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One stage on a board."""

    stage: Stage
    count: int
    #: A year, of all accounts in it.
    value: float
    accounts: tuple[Account, ...]


@blueprint.get("/accounts")
@blueprint.get("/accounts.<any(json,csv):form>")
def show(form: str = "") -> Response:
    """Show accounts as a board, one stage as a list, or all as data."""
    stage = request.args.get("stage", "")
    sought = Sought(kind=ACCOUNT, states=(stage,) if stage in tuple(Stage) else ())
    match wanted(form, "json", "csv"):
        case "json":
            return outputs.json_response([account_json(one) for one in _all(sought)])
        case "csv":
            return outputs.csv_response("accounts", ACCOUNT_COLUMNS, map(account_cells, _all(sought)))
        case _ if sought.states:
            return make_response(_list(sought, Stage(stage)))
        case _:
            return make_response(_board())


def _all(sought: Sought) -> Iterator[Account]:
    return (account_of(item).account for item in walk(the_store(), sought))


def _list(sought: Sought, stage: Stage) -> str:
    page = the_store().kept_page(sought, limit=PAGE, after=request.args.get("after"))
    accounts = [account_of(item).account for item in page.items]
    count = the_store().kept_counts(sought).get(stage.value, 0)
    return render_template("accounts/list.html", accounts=accounts, which=stage, next=page.next, count=count)


def _board() -> str:
    store = the_store()
    counts, values = store.kept_counts(Sought(kind=ACCOUNT)), store.kept_sums(ACCOUNT, "contract", "value")
    columns = []
    for stage in STAGES:
        sought = Sought(kind=ACCOUNT, states=(stage.value,))
        page = store.kept_page(replace(sought, order=Order.SOONEST, since=now()), limit=COLUMN)
        items = page.items or store.kept_page(sought, limit=COLUMN).items
        shown = tuple(account_of(item).account for item in items)
        count, value = counts.get(stage.value, 0), values.get(stage.value, 0.0)
        columns.append(Column(stage=stage, count=count, value=value, accounts=shown))
    moved = movement(ACCOUNT)
    return render_template("accounts/board.html", columns=columns, movement=moved, days=DAYS, kind=ACCOUNT)


def movement(kind: str) -> list[tuple[Stage, Stage, int, int]]:
    """Return how many went from where to where: in this period and in the last."""
    store = the_store()
    before, begin, end = period(now(), DAYS)
    last = store.kept_counts(Sought(kind=MOVE, since=before, until=begin))
    this = store.kept_counts(Sought(kind=MOVE, since=begin, until=end + timedelta(seconds=1)))
    found = []
    for state in sorted({*this, *last}):
        which, old, new = state.split(":")
        if which == kind:
            found.append((Stage(old), Stage(new), this.get(state, 0), last.get(state, 0)))
    return sorted(found, key=lambda row: -row[2])


@blueprint.get("/accounts/<id:account_id>")
def one(account_id: str) -> Response:
    """Show one account."""
    if wanted("", "json") == "json":
        return outputs.json_response(account_json(find_account(the_store(), account_id).account))
    return _page(account_id)


def _page(key: str, *, error: str = "", status: int = 200) -> Response:
    store = the_store()
    stored = find_account(store, key)
    account = stored.account
    people = sorted((each.person for each in people_in(store, key)), key=lambda each: each.shown.casefold())
    page = render_template(
        "accounts/show.html",
        account=account,
        version=stored.version,
        people=people,
        reasons=reasons(store, account.standing.because),
        step=NEXT[account.standing.stage],
        seen=quoted(store, account.seen),
        missed=quoted(store, account.missed),
        events=told(store, account_story(store, account, people)),
        moves=moves_of(store, ACCOUNT, key),
        error=error,
    )
    return make_response(page, status)


@blueprint.post("/accounts/<id:account_id>/contract")
def save(account_id: str) -> AnyResponse:
    """Store what a person typed about a contract."""
    find_account(the_store(), account_id)
    cells = {name: request.form.get(name, "").strip() for name in COLUMNS if name != "key"}
    version = request.form.get("version", default=0, type=int)
    try:
        upsert(the_store(), account_id, cells, version=version, actor=actor(), now=now())
    except InputError as error:
        return _page(account_id, error=str(error), status=400)
    except Conflict:
        return _page(account_id, error=_("Somebody changed it first; this is what it is now."), status=409)
    return redirect(url_for(".one", account_id=account_id), code=303)


@blueprint.post("/accounts/<id:account_id>/contact")
def contact(account_id: str) -> AnyResponse:
    """Keep that we spoke with an account."""
    store, stored = the_store(), find_account(the_store(), account_id)
    try:
        said = Contact(at=now(), by=actor(), note=line(request.form.get("note", ""), "What you spoke about"))
    except InputError as error:
        return _page(account_id, error=str(error), status=400)
    changed = replace(stored.account, contacts=(*stored.account.contacts, said)[-200:])
    store.keep(account_item(changed, version=stored.version, by=actor(), now=now()))
    refresh_account(store, account_id, now=now())
    return redirect(url_for(".one", account_id=account_id), code=303)


@blueprint.post("/accounts/<id:account_id>/stage")
def decide(account_id: str) -> AnyResponse:
    """Say where an account stands, against the rules."""
    stage, reason = request.form.get("stage", ""), request.form.get("reason", "")
    try:
        chosen = Stage(stage) if stage in tuple(Stage) else None
        override(the_store(), ACCOUNT, account_id, chosen, reason=reason, actor=actor(), now=now())
    except InputError as error:
        return _page(account_id, error=str(error), status=400)
    return redirect(url_for(".one", account_id=account_id), code=303)


@blueprint.post("/accounts/<id:account_id>/people")
def people(account_id: str) -> AnyResponse:
    """Say that somebody belongs to an account, or what part they have, or that they do not belong."""
    form = request.form
    seat = form.get("seat", "")
    gone = form.get("do") == "remove"
    place(
        the_store(), form.get("person", ""), "" if gone else account_id,
        seat=Seat(seat) if seat in tuple(Seat) else None, actor=actor(), now=now(),
    )  # fmt: skip
    return redirect(url_for(".one", account_id=account_id), code=303)


@blueprint.get("/moves")
def moves() -> str:
    """List the moves behind a figure of the movement."""
    kind = PERSON if request.args.get("kind") == PERSON else ACCOUNT
    before, begin, end = period(now(), DAYS)
    since, until = (
        (before, begin) if request.args.get("period") == "last" else (begin, end + timedelta(seconds=1))
    )
    state = f"{kind}:{request.args.get('from', '')}:{request.args.get('to', '')}"
    sought = Sought(kind=MOVE, states=(state,), since=since, until=until, order=Order.LATEST)
    page = the_store().kept_page(sought, limit=PAGE, after=request.args.get("after"))
    keys = [str(item.body["key"]) for item in page.items]
    known = the_store().kept_many(kind, keys)
    return render_template(
        "accounts/moves.html", kind=kind, items=page.items, next=page.next, known=known, account_of=account_of
    )
