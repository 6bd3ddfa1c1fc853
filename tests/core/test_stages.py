"""The rules of `core.stages`, one by one, with time running over them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.customers import Account, Contract, Handle, Outcome, Override, Person, Seat, Standing, judge_account
from core.stages import GOOD, Because, Evidence, Signal, Stage, judge
from tests.builders import NOW

DAY = timedelta(days=1)


def said(*when: tuple[Signal, float]) -> list[Evidence]:
    """Evidence so many days ago, each in a mention of its own."""
    return [
        Evidence(signal=signal, mention_id=f"m:{n}", thread_id="t", at=NOW - days * DAY, end=4)
        for n, (signal, days) in enumerate(when)
    ]


GOOD_YEAR = [(Signal.SATISFIED, 200.0), (Signal.SATISFIED, 120.0), (Signal.SATISFIED, 20.0)]
TWO_ACTS = [(Signal.RECOMMENDED, 40.0), (Signal.HELPED, 30.0)]


@pytest.mark.parametrize(
    ("when", "stage"),
    [
        ([], Stage.UNKNOWN),
        ([(Signal.UNHAPPY, 3)], Stage.UNKNOWN),
        ([(Signal.SATISFIED, 3)], Stage.SATISFIED),
        ([(Signal.SATISFIED, 200)], Stage.UNKNOWN),
        (GOOD_YEAR, Stage.LOYAL),
        ([(Signal.SATISFIED, 3), (Signal.SATISFIED, 2), (Signal.SATISFIED, 1)], Stage.SATISFIED),
        (GOOD_YEAR + TWO_ACTS, Stage.ADVOCATE),
        ([(Signal.EXCEEDED, 50.0), *TWO_ACTS], Stage.ADVOCATE),
        (TWO_ACTS, Stage.SATISFIED),
        ([*GOOD_YEAR, (Signal.HELPED, 9), (Signal.HELPED, 8)], Stage.LOYAL),
        ([*GOOD_YEAR, (Signal.HELPED, 9), (Signal.HELPED, 8), (Signal.HELPED, 7)], Stage.ADVOCATE),
        ([*GOOD_YEAR, *TWO_ACTS, (Signal.LEAVING, 1)], Stage.AT_RISK),
        ([*GOOD_YEAR, (Signal.LEAVING, 190)], Stage.LOYAL),
        ([(Signal.LEAVING, 183)], Stage.UNKNOWN),
        ([(Signal.LEAVING, 60), (Signal.SATISFIED, 30), (Signal.SATISFIED, 10)], Stage.SATISFIED),
        ([(Signal.LEAVING, 60), (Signal.SATISFIED, 10)], Stage.AT_RISK),
        ([(Signal.UNHAPPY, 3), (Signal.UNHAPPY, 2), (Signal.UNHAPPY, 1)], Stage.AT_RISK),
        ([(Signal.UNHAPPY, 3), (Signal.UNHAPPY, 2), (Signal.UNHAPPY, 1), (Signal.EXCEEDED, 1)],
         Stage.UNKNOWN),
        ([(Signal.LEFT, 500)], Stage.FORMER),
        ([*GOOD_YEAR, (Signal.LEFT, 10), (Signal.SATISFIED, 3)], Stage.FORMER),
        ([(Signal.LEFT, 300), (Signal.SATISFIED, 30), (Signal.SATISFIED, 3)], Stage.SATISFIED),
        ([(Signal.WISHED, 3), (Signal.RIVAL, 2), (Signal.TOUCHED, 1), (Signal.OWED, 1)], Stage.UNKNOWN),
    ],
)  # fmt: skip
def test_what_was_said_tells_the_stage(when: list[tuple[Signal, float]], stage: Stage) -> None:
    verdict = judge(said(*when), before=Stage.UNKNOWN, now=NOW)
    assert verdict.stage is stage
    assert stage is Stage.UNKNOWN or verdict.because[0].quotes


@pytest.mark.parametrize(
    ("when", "before", "stage"),
    [
        ([(Signal.SATISFIED, 200)], Stage.SATISFIED, Stage.SATISFIED),
        ([(Signal.SATISFIED, 400)], Stage.SATISFIED, Stage.UNKNOWN),
        ([(s, d + 100) for s, d in GOOD_YEAR], Stage.UNKNOWN, Stage.SATISFIED),
        ([(s, d + 60) for s, d in GOOD_YEAR], Stage.LOYAL, Stage.LOYAL),
        ([*GOOD_YEAR, (Signal.HELPED, 200)], Stage.ADVOCATE, Stage.ADVOCATE),
        ([*GOOD_YEAR, (Signal.HELPED, 200)], Stage.LOYAL, Stage.LOYAL),
        ([*GOOD_YEAR, (Signal.HELPED, 400)], Stage.ADVOCATE, Stage.LOYAL),
        ([(Signal.UNHAPPY, 80), (Signal.UNHAPPY, 70), (Signal.UNHAPPY, 60)], Stage.AT_RISK, Stage.AT_RISK),
        ([(Signal.UNHAPPY, 80), (Signal.UNHAPPY, 70), (Signal.UNHAPPY, 60)], Stage.UNKNOWN, Stage.UNKNOWN),
    ],
)  # fmt: skip
def test_who_stands_somewhere_stays_a_little_longer(
    when: list[tuple[Signal, float]], before: Stage, stage: Stage
) -> None:
    assert judge(said(*when), before=before, now=NOW).stage is stage


signs = st.lists(st.tuples(st.sampled_from(list(Signal)), st.floats(0, 900)), max_size=30)


@given(when=signs, before=st.sampled_from(list(Stage)))
def test_order_does_not_matter_and_the_future_counts_for_nothing(
    when: list[tuple[Signal, float]], before: Stage
) -> None:
    found = said(*when)
    verdict = judge(found, before=before, now=NOW)
    future = [
        Evidence(signal=signal, mention_id="f", thread_id="t", at=NOW + DAY)
        for signal in (Signal.LEFT, *GOOD)
    ]
    assert judge([*reversed(found), *future], before=before, now=NOW) == verdict


@given(when=signs)
def test_a_new_threat_to_leave_puts_everybody_at_risk_who_is_not_gone(
    when: list[tuple[Signal, float]],
) -> None:
    verdict = judge([*said(*when), *said((Signal.LEAVING, 0))], before=Stage.ADVOCATE, now=NOW)
    assert verdict.stage in (Stage.AT_RISK, Stage.FORMER)


@given(when=signs, before=st.sampled_from(list(Stage)))
def test_after_years_of_silence_only_former_customers_are_known(
    when: list[tuple[Signal, float]], before: Stage
) -> None:
    verdict = judge(said(*when), before=before, now=NOW + 9000 * DAY)
    assert verdict.stage in (Stage.UNKNOWN, Stage.FORMER)


def test_a_persons_word_stands_against_the_rules_and_they_are_still_told() -> None:
    word = Override(stage=Stage.LOYAL, reason="met them", by="ada", at=NOW)
    standing = Standing(stage=Stage.LOYAL, since=NOW - DAY, override=word)
    moved = standing.moved(judge(said((Signal.LEAVING, 1)), before=Stage.LOYAL, now=NOW), now=NOW)
    assert (moved.stage, moved.judged, moved.since) == (Stage.LOYAL, Stage.AT_RISK, NOW - DAY)


def a_person(stage: Stage, seat: Seat = Seat.USER, why: str = "x") -> Person:
    quote = said((Signal.SATISFIED, 1))[0]
    standing = Standing(stage=stage, because=(Because(why=why, quotes=(quote,)),))
    return Person(key=f"{stage}{seat}", handles=(Handle(source="s", name="n"),), seat=seat, standing=standing)


LOYAL, ADVOCATE, SATISFIED = a_person(Stage.LOYAL), a_person(Stage.ADVOCATE), a_person(Stage.SATISFIED)


@pytest.mark.parametrize(
    ("people", "outcome", "stage"),
    [
        ([], Outcome.OPEN, Stage.UNKNOWN),
        ([], Outcome.LOST, Stage.FORMER),
        ([ADVOCATE], Outcome.LOST, Stage.FORMER),
        ([a_person(Stage.FORMER)], Outcome.OPEN, Stage.FORMER),
        ([LOYAL, SATISFIED], Outcome.OPEN, Stage.LOYAL),
        ([ADVOCATE, SATISFIED], Outcome.RENEWED, Stage.ADVOCATE),
        ([ADVOCATE, a_person(Stage.AT_RISK, Seat.BUYER)], Outcome.OPEN, Stage.AT_RISK),
        ([ADVOCATE, LOYAL, SATISFIED, a_person(Stage.AT_RISK)], Outcome.OPEN, Stage.ADVOCATE),
        ([ADVOCATE, LOYAL, a_person(Stage.AT_RISK)], Outcome.OPEN, Stage.AT_RISK),
        ([ADVOCATE, LOYAL, SATISFIED, a_person(Stage.AT_RISK, why="talks about leaving")],
         Outcome.OPEN, Stage.AT_RISK),
    ],
)  # fmt: skip
def test_an_account_stands_where_its_people_stand(
    people: list[Person], outcome: Outcome, stage: Stage
) -> None:
    account = Account(key="a", contract=Contract(name="A", outcome=outcome))
    assert judge_account(account, people).stage is stage
