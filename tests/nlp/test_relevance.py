from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import InputError
from core.labelling import LabelRequest
from core.watch import Brand
from nlp.labeller import ShippedLabeller
from nlp.model import Model
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


def test_a_few_verdicts_tell_the_company_from_the_fruit(shipped: Path) -> None:
    company, fruit = (
        [text + more for text in APPLE for more in MORE],
        [text + more for text in FRUIT for more in MORE],
    )
    verdicts = [True] * len(company) + [False] * len(fruit)
    head = fit_relevance(asked(company + fruit), verdicts, Model(shipped))
    us, not_us = head.p(asked(["the {} store refused my refund", "{} cake with cinnamon and sugar"]))
    assert us > not_us


def test_too_few_verdicts_are_said_so(shipped: Path) -> None:
    with pytest.raises(InputError, match="needs 5"):
        fit_relevance(asked(APPLE), [True] * 4, Model(shipped))


def test_a_labeller_that_was_taught_says_it_in_every_label_of_that_brand(shipped: Path) -> None:
    labeller = ShippedLabeller(shipped)
    company, fruit = (
        [text + more for text in APPLE for more in MORE],
        [text + more for text in FRUIT for more in MORE],
    )
    before = labeller.label(asked(["the {} store refused my refund"]))
    labeller.teach_relevance("apple", asked(company + fruit), [True] * len(company) + [False] * len(fruit))
    other = LabelRequest(text="the Globex store refused my refund", brand=Brand(name="Globex"))
    us, not_us, untaught = labeller.label(
        [*asked(["the {} store refused my refund", "{} cake with cinnamon and sugar"]), other]
    )
    assert before[0].relevance is untaught.relevance is None
    assert us.relevance is not None
    assert not_us.relevance is not None
    assert not_us.relevance < 0.5 < us.relevance
    assert "relevance" in us.to_json()
    assert "relevance" not in untaught.to_json()
