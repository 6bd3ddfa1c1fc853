"""Compare two models on the same items: is the difference more than chance?

Texts, not answers, are swapped and drawn: two answers about one text are right or wrong together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nlp.evaluation import metrics
from nlp.evaluation.items import Item
from nlp.evaluation.judge import Verdict
from nlp.evaluation.measure import HALF, churn_of, tones_of
from nlp.evaluation.metrics import Floats, Ints

#: Random swaps of the paired test, and draws of the bootstrap.
SWAPS = 2000
DRAWS = 400
SEED = 13


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """By how much the first model is better in one figure; `p_value` is how likely chance does that."""

    head: str
    difference: float
    low: float
    high: float
    p_value: float
    n: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pair:
    """Two models' answers to the same questions."""

    #: Number of each question's text.
    text: Ints
    truth: Ints
    first: Ints
    second: Ints


def compare(items: Sequence[Item], first: Verdict, second: Verdict) -> list[Comparison]:
    """Test for each head whether the first model is right more often and has the higher F1.

    The p-value is of an approximate randomisation test: each text's two answers change sides at random.
    """
    found: list[Comparison] = []
    tones = _tones(items, first.p, second.p)
    if len(tones.text):
        found.append(_compared("sentiment", tones, metrics.accuracy))
        found.append(_compared("sentiment macro F1", tones, metrics.macro_f1))
    churn = _churn(items, first.p, second.p)
    if len(churn.text):
        found.append(_compared("churn", churn, metrics.accuracy))
    if churn.truth.any():
        found.append(
            _compared("churn F1", churn, lambda truth, said: metrics.precision_recall_f1(truth, said)[2])
        )
    return found


def _compared(head: str, pair: _Pair, figure: Callable[[Ints, Ints], float]) -> Comparison:
    draw = np.random.default_rng(SEED)
    texts = int(pair.text.max()) + 1
    first, second = pair.first, pair.second
    difference = figure(pair.truth, first) - figure(pair.truth, second)
    as_far = 0
    for _ in range(SWAPS):
        swapped = (draw.random(texts) < HALF)[pair.text]
        mine, theirs = np.where(swapped, second, first), np.where(swapped, first, second)
        gap = figure(pair.truth, mine) - figure(pair.truth, theirs)
        as_far += abs(gap) >= abs(difference) - 1e-12
    rows = [np.flatnonzero(pair.text == text) for text in range(texts)]
    gaps = []
    for _ in range(DRAWS):
        chosen = np.concatenate([rows[text] for text in draw.integers(0, texts, texts)])
        gaps.append(figure(pair.truth[chosen], first[chosen]) - figure(pair.truth[chosen], second[chosen]))
    low, high = np.percentile(gaps, [2.5, 97.5])
    return Comparison(
        head=head,
        difference=float(difference),
        low=float(low),
        high=float(high),
        p_value=(as_far + 1) / (SWAPS + 1),
        n=len(pair.truth),
    )


def _tones(items: Sequence[Item], first: Floats, second: Floats) -> _Pair:
    at, truth, mine = tones_of(items, first)
    other, _, theirs = tones_of(items, second)
    mine_too, theirs_too = np.isin(at, other), np.isin(other, at)
    return _pair(items, at[mine_too], truth[mine_too], mine[mine_too], theirs[theirs_too])


def _churn(items: Sequence[Item], first: Floats, second: Floats) -> _Pair:
    at, truth, mine = churn_of(items, first)
    other, _, theirs = churn_of(items, second)
    mine_too, theirs_too = np.isin(at, other), np.isin(other, at)
    said, said_too = (mine > HALF).astype(np.int64), (theirs > HALF).astype(np.int64)
    return _pair(items, at[mine_too], truth[mine_too], said[mine_too], said_too[theirs_too])


def _pair(items: Sequence[Item], at: Ints, truth: Ints, first: Ints, second: Ints) -> _Pair:
    texts = np.unique([items[n].text for n in at], return_inverse=True)[1] if len(at) else at
    return _Pair(text=texts, truth=truth, first=first, second=second)
