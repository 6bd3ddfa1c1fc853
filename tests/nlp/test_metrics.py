"""Measures against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from nlp.evaluation import metrics
from nlp.evaluation.items import Item
from nlp.evaluation.measure import measure
from nlp.heads import CHURN, SENTIMENT, WIDTH


def test_recall_and_f1_are_means_over_classes_and_not_over_texts() -> None:
    truth, said = np.array([0, 0, 0, 1, 2]), np.array([0, 0, 1, 1, 1])
    assert metrics.macro_recall(truth, said) == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert metrics.macro_f1(truth, said) == pytest.approx((4 / 5 + 2 / 4 + 0) / 3)


def test_a_class_that_nobody_says_or_is_does_not_count() -> None:
    assert metrics.macro_recall(np.array([0, 1]), np.array([0, 1])) == 1.0


def test_recall_at_a_precision_takes_the_lowest_threshold_that_keeps_it() -> None:
    truth, p = np.array([1, 1, 0, 1, 0]), np.array([0.9, 0.8, 0.7, 0.6, 0.1])
    assert metrics.recall_at_precision(truth, p, 0.75) == 1.0
    assert metrics.recall_at_precision(truth, p, 0.9) == pytest.approx(2 / 3)
    assert metrics.average_precision(truth, p) == pytest.approx((1 + 1 + 3 / 4) / 3)


def test_ties_are_one_step_so_order_in_the_file_does_not_matter() -> None:
    p = np.array([0.5, 0.5, 0.5, 0.5])
    first = metrics.average_precision(np.array([1, 1, 0, 0]), p)
    assert first == metrics.average_precision(np.array([0, 0, 1, 1]), p) == 0.5


def test_a_probability_that_means_what_it_says_has_no_calibration_error() -> None:
    p = np.full(1000, 0.3)
    right = (np.arange(1000) % 10 < 3).astype(np.float64)
    assert metrics.calibration_error(right, p) == pytest.approx(0, abs=1e-9)
    assert metrics.calibration_error(right, np.full(1000, 0.8)) == pytest.approx(0.5)


def answers(
    rows: list[tuple[float, float, float, float]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    p = np.full((len(rows), WIDTH), 0.5)
    for at, (negative, neutral, positive, churn) in enumerate(rows):
        p[at, SENTIMENT] = (negative, neutral, positive)
        p[at, CHURN] = churn
    return p


def test_a_text_counts_as_right_only_when_all_its_brands_are() -> None:
    items = [
        Item(id="1", text="left A for B", brand="A", churn=True),
        Item(id="2", text="left A for B", brand="B", churn=False),
        Item(id="3", text="left C for D", brand="C", churn=True),
        Item(id="4", text="left C for D", brand="D", churn=False),
    ]
    p = answers([(0, 1, 0, 0.9), (0, 1, 0, 0.1), (0, 1, 0, 0.9), (0, 1, 0, 0.8)])
    figures = measure(items, p, draws=20)
    assert figures["churn all right, contrast"].value == 0.5
    assert figures["churn recall"].value == 1.0
    assert figures["churn F1"].value == pytest.approx(0.8)


def test_an_interval_holds_its_value_and_narrows_with_more_texts() -> None:
    def width(texts: int) -> float:
        items = [Item(id=str(at), text=f"text {at}", churn=at % 3 == 0) for at in range(texts)]
        p = answers([(0, 1, 0, 0.9 if at % 4 else 0.2) for at in range(texts)])
        figure = measure(items, p, draws=200)["churn F1"]
        assert figure.low <= figure.value <= figure.high
        return figure.high - figure.low

    assert width(2000) < width(100)


def test_an_item_that_was_not_answered_is_left_out() -> None:
    items = [
        Item(id="1", text="a", churn=True),
        Item(id="2", text="b", churn=False),
        Item(id="3", text="c", churn=True),
    ]
    p = answers([(0, 1, 0, 0.9), (0, 1, 0, 0.1), (0, 1, 0, 0.1)])
    p[2] = np.nan
    assert measure(items, p, draws=5)["churn F1"].n == 2
