"""`/advocates`: the reference programme, from found to thanked."""

from __future__ import annotations

from collections import Counter

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from core.advocacy import YEAR, Advocate, Answer, Lead, Permission, Programme, Referral, Standing, may_ask
from core.bodies import body_of
from core.errors import InputError
from core.kept import Sought
from core.stages import GOOD, Evidence
from engage import advocates
from engage.customers import MERGED, PERSON, find_person, person_of
from engage.keeping import every
from web import outputs
from web.formats import wanted
from web.quotes import quoted
from web.services import now, the_store
from web.sessions import actor
from web.written import number

blueprint = Blueprint("advocates", __name__)

REFERRALS = ("key", "name", "person", "outcome", "value", "at", "by")
COLUMNS = ("person", "state", "programme", "tags", "last_asked", "most_a_year")


@blueprint.get("/advocates")
@blueprint.get("/advocates.<any(json,csv):form>")
def show(form: str = "") -> Response:
    """Show everybody in the programme, or the members of one kind of it."""
    store, chosen = the_store(), request.args.get("programme", "")
    everybody = list(every(store, Advocate, Sought(kind=advocates.ADVOCATE)))
    counts = Counter(one.programme for one in everybody)
    found = [one for one in everybody if chosen not in tuple(Programme) or one.programme == chosen]
    match wanted(form, "json", "csv"):
        case "json":
            return outputs.json_response([body_of(one) for one in found])
        case "csv":
            # A body leaves out what is as usual, which the state at the beginning is.
            rows = (
                [{"state": one.state.value, "most_a_year": one.most_a_year, **body_of(one)}.get(name, "")
                 for name in COLUMNS]
                for one in found
            )  # fmt: skip
            return outputs.csv_response("advocates", COLUMNS, rows)
    items = store.kept_many(PERSON, [one.person for one in found])
    people = {key: person_of(item).person for key, item in items.items() if item.state != MERGED}
    groups = {state: [one for one in found if one.state is state] for state in Standing}
    page = render_template(
        "advocates/show.html", groups=groups, people=people, chosen=chosen, total=len(everybody),
        programmes={one: counts[one] for one in Programme},
    )  # fmt: skip
    return make_response(page)


@blueprint.get("/referrals")
@blueprint.get("/referrals.<any(json,csv):form>")
def log(form: str = "") -> Response:
    """Show whom advocates sent to us, and what came of it; `closed` are the decided ones."""
    outcome = request.args.get("outcome", "")
    undecided = {Lead.OPEN} if outcome == "closed" else set()
    found = [
        each
        for each in advocates.referrals(the_store())
        if outcome in ("", "closed", each.outcome.value) and each.outcome not in undecided
    ]
    match wanted(form, "json", "csv"):
        case "json":
            return outputs.json_response([_referral(each) for each in found])
        case "csv":
            rows = ([_referral(each)[name] for name in REFERRALS] for each in found)
            return outputs.csv_response("referrals", REFERRALS, rows)
    items = the_store().kept_many(PERSON, {each.person for each in found})
    people = {key: person_of(item).person for key, item in items.items() if item.state != MERGED}
    page = render_template(
        "advocates/referrals.html", referrals=found, people=people, outcome=outcome, leads=list(Lead)
    )
    return make_response(page)


def _referral(sent: Referral) -> dict[str, object]:
    return {**body_of(sent), "outcome": sent.outcome.value, "value": sent.value}


@blueprint.get("/advocates/<id:person_id>")
def one(person_id: str) -> Response:
    """Show one advocate: asks, quotes, referrals, rewards."""
    return _page(person_id)


def _page(person_id: str, *, error: str = "", status: int = 200) -> Response:
    store = the_store()
    person = find_person(store, person_id).person
    advocate = advocates.advocate_of(store, person.key)
    asked = advocates.asks(store, person.key)
    lately = sum(now() - each.at < YEAR for each in asked)
    good = [each for each in person.evidence if each.signal in GOOD][-10:]
    noted = advocates.quotes(store, person.key)
    page = render_template(
        "advocates/one.html",
        person=person,
        advocate=advocate,
        asks=asked,
        refusal=may_ask(advocate, lately, now=now()),
        lately=lately,
        good=quoted(store, _once(good)),
        quotes=[(each, words) for each in noted for words in quoted(store, _evidence(each.mention_id, good))],
        referrals=advocates.referrals(store, person.key),
        choices={"states": list(Standing), "programmes": list(Programme), "answers": list(Answer),
                 "permissions": list(Permission), "leads": list(Lead)},
        error=error,
    )  # fmt: skip
    return make_response(page, status)


def _once(found: list[Evidence]) -> list[Evidence]:
    return list({each.mention_id: each for each in found}.values())


def _evidence(mention_id: str, found: list[Evidence]) -> list[Evidence]:
    return [each for each in _once(found) if each.mention_id == mention_id]


@blueprint.post("/advocates")
def find() -> AnyResponse:
    """Take a person into the programme."""
    found = advocates.find(the_store(), request.form.get("person", ""), actor=actor(), now=now())
    return redirect(url_for(".one", person_id=found.person), code=303)


@blueprint.post("/advocates/<id:person_id>")
def act(person_id: str) -> AnyResponse:
    """Do one of the things that can be done with an advocate."""
    try:
        _act(person_id, request.form.get("do", ""))
    except InputError as error:
        return _page(person_id, error=str(error), status=400)
    except ValueError:
        return _page(person_id, error="Choose one of what is offered.", status=400)
    return redirect(url_for(".one", person_id=person_id), code=303)


def _act(person_id: str, do: str) -> None:
    store, form, who, at = the_store(), request.form, actor(), now()
    what, key = form.get("what", ""), form.get("key", "")
    match do:
        case "change":
            state, programme = Standing(form.get("state", "")), Programme(form.get("programme", ""))
            tags = form.get("tags", "")
            advocates.change(store, person_id, state, programme=programme, tags=tags, actor=who, now=at)
        case "ask":
            advocates.ask(store, person_id, what, actor=who, now=at)
        case "answer":
            advocates.answer(store, key, Answer(form.get("answer", "")), actor=who, now=at)
        case "reward":
            advocates.reward(store, person_id, what, actor=who, now=at)
        case "quote":
            advocates.quote(store, person_id, form.get("mention", ""), actor=who, now=at)
        case "permit":
            advocates.permit(store, key, Permission(form.get("permission", "")), actor=who, now=at)
        case "refer":
            advocates.refer(store, person_id, what, actor=who, now=at)
        case "close":
            value = number("value", "Value", default=0)
            advocates.close(store, key, Lead(form.get("outcome", "")), value, actor=who, now=at)
        case _:
            raise InputError("choose what to do")
