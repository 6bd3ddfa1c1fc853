from __future__ import annotations

import pytest

from core.errors import InputError
from core.labelling import LabelRequest
from core.watch import Brand
from nlp.relevance import fit_relevance

APPLE = [
    "new iPhone from {} is slow",
    "{} support never answers",
    "my {} laptop will not boot",
    "{} raised its prices again",
]
FRUIT = [
    "baked an {} pie today",
    "an {} a day keeps the doctor away",
    "the {} tree in our garden",
    "{} juice for breakfast",
]
MORE = ["", " honestly", " and so on", " I think"]


def asked(texts: list[str]) -> list[LabelRequest]:
    return [LabelRequest(text=text.format("apple"), brand=Brand(name="apple")) for text in texts]


def test_a_few_verdicts_tell_the_company_from_the_fruit() -> None:
    company, fruit = (
        [text + more for text in APPLE for more in MORE],
        [text + more for text in FRUIT for more in MORE],
    )
    head = fit_relevance(asked(company + fruit), [True] * len(company) + [False] * len(fruit))
    us, not_us = head.p(asked(["the {} store refused my refund", "{} cake with cinnamon and sugar"]))
    assert us > not_us


def test_too_few_verdicts_are_said_so() -> None:
    with pytest.raises(InputError, match="needs 5"):
        fit_relevance(asked(APPLE), [True] * 4)
