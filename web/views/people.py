"""`/people`: everybody by stage; `/people/ID` and `/people/SOURCE:HANDLE`: one, with what they said."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from core.customers import Person
from core.errors import InputError, NotFound
from core.kept import Order, Sought
from core.query import And, Node, OneOf, Or
from core.search import Search, Sort
from core.stages import NEXT, Stage
from engage.customers import ACCOUNT, PERSON, account_of, find_person, moves_of, person_of, walk
from engage.matching import tell_email
from engage.standing import override
from engage.story import person_story
from web import outputs
from web.conversation import product_labels
from web.customer_data import PERSON_COLUMNS, person_cells, person_json
from web.customer_words import STAGES
from web.formats import wanted
from web.quotes import reasons, told
from web.services import now, the_store
from web.sessions import actor, mine
from web.views.accounts import COLUMN, DAYS, movement

blueprint = Blueprint("people", __name__)

PAGE = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One stage on the board of people."""

    stage: Stage
    count: int
    people: tuple[Person, ...]


@blueprint.get("/people")
@blueprint.get("/people.<any(json,csv):form>")
def board(form: str = "") -> Response:
    """Show people as a board, one stage as a list, or all as data."""
    store, stage = the_store(), request.args.get("stage", "")
    chosen = (stage,) if stage in tuple(Stage) else tuple(Stage)
    sought = Sought(kind=PERSON, states=chosen, order=Order.LATEST if stage in tuple(Stage) else Order.KEY)
    everybody = (person_of(item).person for item in walk(store, sought))
    match wanted(form, "json", "csv"):
        case "json":
            return outputs.json_response([person_json(one) for one in everybody])
        case "csv":
            return outputs.csv_response("people", PERSON_COLUMNS, map(person_cells, everybody))
        case _ if len(chosen) == 1:
            return make_response(_list(sought, Stage(stage)))
    counts = store.kept_counts(Sought(kind=PERSON))
    columns = [Column(stage=each, count=counts.get(each.value, 0), people=_newest(each)) for each in STAGES]
    page = render_template(
        "people/board.html", columns=columns, movement=movement(PERSON), days=DAYS, kind=PERSON
    )
    return make_response(page)


def _newest(stage: Stage) -> tuple[Person, ...]:
    sought = Sought(kind=PERSON, states=(stage.value,), order=Order.LATEST)
    return tuple(person_of(item).person for item in the_store().kept_page(sought, limit=COLUMN).items)


def _list(sought: Sought, stage: Stage) -> str:
    page = the_store().kept_page(sought, limit=PAGE, after=request.args.get("after"))
    people = [person_of(item).person for item in page.items]
    count = the_store().kept_counts(sought).get(stage.value, 0)
    return render_template("people/list.html", people=people, which=stage, next=page.next, count=count)


@blueprint.get("/people/<id:person_id>")
def show(person_id: str) -> Response:
    """Show one person: where they stand and why, and what they said."""
    return _page(person_id)


def _page(person_id: str, *, error: str = "", status: int = 200) -> Response:
    store = the_store()
    try:
        person = find_person(store, person_id).person
    except NotFound:
        person = None
    search = Search(node=_theirs(person_id, person), now=now(), mine=mine())
    page = store.search(search, sort=Sort.NEW, limit=PAGE, after=request.args.get("after"))
    if not page.hits and person is None:
        abort(404)
    if wanted("", "json") == "json":
        data = person_json(person) if person else {}
        return outputs.json_response(
            {**data, "id": person_id, "mentions": [outputs.hit_json(hit) for hit in page.hits]}
        )
    products = {watch.product.name for watch in store.watches()}
    body = render_template(
        "people/show.html",
        person_id=person_id,
        person=person,
        author=page.hits[0].stored.mention.author if page.hits else None,
        source=person_id.partition(":")[0] if ":" in person_id else "",
        page=page,
        count=store.count(search),
        labels=[product_labels(hit.stored.mention.labels, products) for hit in page.hits],
        **_standing(person),
        error=error,
    )
    return make_response(body, status)


def _standing(person: Person | None) -> dict[str, object]:
    """Return what is shown of somebody who stands somewhere."""
    if person is None:
        return {"reasons": [], "step": None, "events": [], "moves": [], "account": None}
    store = the_store()
    item = store.kept_one(ACCOUNT, person.account) if person.account else None
    return {
        "reasons": reasons(store, person.standing.because),
        "step": NEXT[person.standing.stage],
        "events": [each for each in told(store, person_story(store, person)) if each[0].kind != "said"],
        "moves": moves_of(store, PERSON, person.key),
        "account": account_of(item).account if item else None,
    }


def _theirs(person_id: str, person: Person | None) -> Node:
    """Return what finds everything that somebody said under any of their handles."""
    if person is None:
        source, colon, handle = person_id.partition(":")
        if not colon or not source or not handle:
            abort(404)
        return And((OneOf("source", (source,)), OneOf("author", (handle,))))
    found = [And((OneOf("source", (one.source,)), OneOf("author", (one.name,)))) for one in person.handles]
    return found[0] if len(found) == 1 else Or(tuple(found))


@blueprint.post("/people/<id:person_id>/stage")
def decide(person_id: str) -> AnyResponse:
    """Say where a person stands, against the rules."""
    stage, reason = request.form.get("stage", ""), request.form.get("reason", "")
    chosen = Stage(stage) if stage in tuple(Stage) else None
    try:
        override(the_store(), PERSON, person_id, chosen, reason=reason, actor=actor(), now=now())
    except InputError as error:
        return _page(person_id, error=str(error), status=400)
    return redirect(url_for(".show", person_id=person_id), code=303)


@blueprint.post("/people/<id:person_id>/email")
def email(person_id: str) -> AnyResponse:
    """Keep an address, whose domain tells the account."""
    try:
        tell_email(the_store(), person_id, request.form.get("email", ""), actor=actor(), now=now())
    except InputError as error:
        return _page(person_id, error=str(error), status=400)
    return redirect(url_for(".show", person_id=person_id), code=303)
