"""Plays, saves, references and goals on both stores."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from core.advocacy import Answer, Lead, Permission, Programme, Standing
from core.errors import InputError, NotFound
from core.plays import Assumptions, Grade, Result, effort
from core.ports import Store
from engage import advocates
from engage.accounts import plan_import, save_import
from engage.customers import find_person
from engage.goals import goals, measure, review, set_goal
from engage.plays import OPEN, assumptions, end, plays, save_assumptions, start, tick
from tests.builders import NOW
from tests.customers.saying import DAY, PRAISE, RECOMMENDS, say


@pytest.fixture
def customer(store: Store) -> Store:
    plan = plan_import(store, [b"key,name,value\numbrella,Umbrella,48000\nhooli,Hooli,90000\n"])
    save_import(store, plan, file="t", actor="ada", now=NOW)
    return store


def test_a_play_moves_the_ledger_and_a_confirmed_save_needs_its_proof(customer: Store) -> None:
    steps = ("Call them", "", "Show their figures")
    play = start(customer, "umbrella", "Win them back", owner="", steps=steps, due=date(2026, 4, 1),
                 actor="ada", now=NOW)  # fmt: skip
    assert (play.value, play.owner, len(play.steps)) == (48000, "ada", 2)
    assert tick(customer, play.key, 0, actor="bob", now=NOW).steps[0].done_by == "bob"
    with pytest.raises(InputError, match="no such step"):
        tick(customer, play.key, 7, actor="bob", now=NOW)
    customer.settle()
    assert [one.key for one in plays(customer, account="umbrella", state=OPEN)] == [play.key]
    with pytest.raises(InputError, match="needs its proof"):
        end(customer, play.key, Result.SAVED, grade=Grade.CONFIRMED, value=48000, hours=5, proof=" ",
            actor="ada", now=NOW)  # fmt: skip
    end(customer, play.key, Result.SAVED, grade=Grade.CONFIRMED, value=48000, hours=5, proof="signed",
        actor="ada", now=NOW)  # fmt: skip
    other = start(customer, "hooli", "Call", owner="bob", steps=(), due=None, actor="ada", now=NOW)
    end(customer, other.key, Result.SAVED, grade=Grade.CLAIMED, value=10_000, hours=5, proof="", actor="ada",
        now=NOW)  # fmt: skip
    save_assumptions(customer, Assumptions(hour=100), version=0, actor="ada", now=NOW)
    customer.settle()
    told = effort(plays(customer), assumptions(customer).value)
    assert (told.cost, told.confirmed, told.claimed) == (1000, 48000, 10_000)
    assert (told.confirmed_return, told.claimed_return) == (48, 58)
    with pytest.raises(NotFound):
        start(customer, "nowhere", "x", owner="", steps=(), due=None, actor="ada", now=NOW)


def test_an_advocate_is_found_asked_accepts_is_quoted_and_thanked_within_limits(customer: Store) -> None:
    mention = say(customer, "grace", RECOMMENDS, days=2)
    key = advocates.find(customer, "hackernews:grace", actor="ada", now=NOW).person
    assert advocates.find(customer, key, actor="ada", now=NOW).state is Standing.FOUND
    asked = advocates.ask(customer, key, "A reference call", actor="ada", now=NOW)
    assert advocates.advocate_of(customer, key).state is Standing.APPROACHED
    customer.settle()
    with pytest.raises(InputError, match="asked lately; again in 45 days"):
        advocates.ask(customer, key, "A case study", actor="ada", now=NOW + timedelta(hours=1))
    advocates.answer(customer, asked.key, Answer.YES, actor="ada", now=NOW)
    assert advocates.advocate_of(customer, key).state is Standing.ACCEPTED
    advocates.change(customer, key, Standing.ACCEPTED, programme=Programme.BOARD, tags="retail, exports",
                     actor="ada", now=NOW)  # fmt: skip
    quotation = advocates.quote(customer, key, mention.id, actor="ada", now=NOW)
    advocates.permit(customer, quotation.key, Permission.GRANTED, actor="ada", now=NOW)
    with pytest.raises(InputError, match="choose good words"):
        advocates.quote(customer, key, "hackernews:none", actor="ada", now=NOW)
    advocates.reward(customer, key, "A ticket", actor="ada", now=NOW)
    sent = advocates.refer(customer, key, "Initech", actor="ada", now=NOW)
    advocates.close(customer, sent.key, Lead.WON, 1000, actor="ada", now=NOW)
    customer.settle()
    grace = advocates.advocate_of(customer, key)
    assert (grace.state, grace.programme, grace.tags) == (
        Standing.THANKED,
        Programme.BOARD,
        ("retail", "exports"),
    )
    assert [one.permission for one in advocates.quotes(customer, key)] == [Permission.GRANTED]
    assert [one.outcome for one in advocates.referrals(customer)] == [Lead.WON]
    for number in range(1, 4):
        advocates.ask(customer, key, "x", actor="ada", now=NOW + number * 50 * DAY)
        customer.settle()
    with pytest.raises(InputError, match="4 times within a year"):
        advocates.ask(customer, key, "x", actor="ada", now=NOW + 200 * DAY)
    with pytest.raises(NotFound):
        advocates.advocate_of(customer, find_person(customer, "hackernews:grace").person.key[::-1])


def test_a_goal_keeps_every_measurement_and_a_review_is_drafted(customer: Store) -> None:
    say(customer, "grace", PRAISE)
    goal = set_goal(customer, "Hours a week", account="umbrella", unit="h", baseline=10, target=4,
                    due=date(2026, 6, 1), owner="", actor="ada", now=NOW)  # fmt: skip
    measure(customer, goal.key, 7, said="after the training", actor="ada", now=NOW)
    goal = measure(customer, goal.key, 12, said="", actor="bob", now=NOW + DAY)
    assert [point.value for point in goal.points] == [7, 12]
    assert goal.progress == pytest.approx(-1 / 3)
    customer.settle()
    draft = review(customer, "umbrella")
    assert draft.goals == (goal,)
    assert goals(customer, account="hooli") == []
    for title, baseline in (("x", 4.0), ("x", float("nan")), (" ", 1.0)):
        with pytest.raises(InputError):
            set_goal(customer, title, account="", unit="", baseline=baseline, target=4, due=date(2026, 6, 1),
                     owner="", actor="ada", now=NOW)  # fmt: skip
