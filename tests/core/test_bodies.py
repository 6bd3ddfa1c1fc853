from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from core.bodies import body_of, value_of
from core.customers import Account, Contract, Handle, Outcome, Override, Person, Seat, Standing
from core.errors import InputError
from core.stages import Because, Evidence, Signal, Stage
from tests.builders import NOW

QUOTE = Evidence(signal=Signal.LEFT, mention_id="m:1", thread_id="m:0", at=NOW, end=3, detail="price")
PERSON = Person(
    key="k", handles=(Handle(source="reddit", name="Ada"),), seat=Seat.BUYER, evidence=(QUOTE,), followers=3,
    standing=Standing(
        stage=Stage.AT_RISK, since=NOW, score=1.5, because=(Because(why="x", quotes=(QUOTE,)),),
        override=Override(stage=Stage.AT_RISK, reason="they called", by="bob", at=NOW),
    ),
)  # fmt: skip
ACCOUNT = Account(
    key="a", people=2,
    contract=Contract(name="A", domains=("a.ex",), value=3, start=date(2024, 1, 2), outcome=Outcome.LOST),
)  # fmt: skip


@pytest.mark.parametrize("value", [PERSON, ACCOUNT, replace(PERSON, evidence=(), standing=Standing())])
def test_a_value_comes_back_from_its_body(value: Person | Account) -> None:
    assert value_of(type(value), json.loads(json.dumps(body_of(value)))) == value


def test_a_body_holds_only_what_differs_from_the_default_and_unknown_fields_are_passed_over() -> None:
    body = body_of(Contract(name="A"))
    assert body == {"name": "A"}
    assert value_of(Contract, {**body, "colour": "red"}) == Contract(name="A")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "name"),
        ({"name": 3}, "name"),
        ({"name": "A", "start": "yesterday"}, "start"),
        ({"name": "A", "domains": "a.example"}, "domains"),
        ({"name": "A", "outcome": "great"}, "outcome"),
        ({"name": "A", "value": True}, "value"),
    ],
)
def test_a_body_that_is_not_of_its_form_is_refused_by_name(body: dict[str, object], named: str) -> None:
    with pytest.raises(InputError, match=named):
        value_of(Contract, body)
