"""Measure answers against the truth, each figure with a 95 % interval by bootstrap over texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.evaluation import metrics
from nlp.evaluation.items import Item
from nlp.evaluation.metrics import Floats, Ints
from nlp.heads import CHURN, INTENT, INTENTS, REASON, REASONS, SENTIMENT, TONES

#: Draws of the bootstrap.
DRAWS = 400
SEED = 11
#: Share of churn among all mentions that a stream is reweighted to: in life it is rare.
STREAM_SHARE = 0.02
#: How many of the likeliest a person would read.
TOP = 50
#: Groups smaller than this are not compared with others.
SMALLEST_GROUP = 30
HALF = 0.5
#: Worlds that are drawn to see what chance does to a calibration error.
WORLDS = 5

Chosen = Ints
Mask = NDArray[np.bool_]
Figure = Callable[[Chosen], float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """One figure, its interval, and how many answers it stands on."""

    value: float
    low: float
    high: float
    n: int

    def to_json(self) -> dict[str, float | int]:
        """Return the figure as the report and the model's card hold it."""
        return {
            "value": round(self.value, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
            "n": self.n,
        }


def measure(items: Sequence[Item], p: Floats, *, draws: int = DRAWS) -> dict[str, Measured]:
    """Return every figure that the truth in `items` allows; `p` holds a row of probabilities an item.

    A row of NaN is an item that was not answered; it is left out here and counted by the caller.
    """
    answered = ~np.isnan(p[:, CHURN]) | ~np.isnan(p[:, SENTIMENT.start])
    figures: dict[str, Measured] = {}
    for name, at, figure in [
        *_sentiment(items, p),
        *_churn(items, p),
        *_others(items, p, answered),
    ]:
        figures[name] = _with_interval(items, at, figure, draws)
    return figures


def tones_of(items: Sequence[Item], p: Floats) -> tuple[Ints, Ints, Ints]:
    """Return positions of the items with a tone, their true tones and those said."""
    at = np.array(
        [n for n, item in enumerate(items) if item.sentiment and not np.isnan(p[n, 0])], dtype=np.int64
    )
    truth = np.array([TONES.index(items[n].sentiment) for n in at if items[n].sentiment], dtype=np.int64)
    return at, truth, p[at][:, SENTIMENT].argmax(1) if len(at) else truth


def churn_of(items: Sequence[Item], p: Floats) -> tuple[Ints, Ints, Floats]:
    """Return positions of the items judged for churn, the truth and the probabilities."""
    at = np.array(
        [n for n, item in enumerate(items) if item.churn is not None and not np.isnan(p[n, CHURN])],
        dtype=np.int64,
    )
    truth = np.array([int(bool(items[n].churn)) for n in at], dtype=np.int64)
    return at, truth, p[at, CHURN]


def worst(items: Sequence[Item], p: Floats, key: Callable[[Item], str]) -> tuple[str, float] | None:
    """Return the group with the lowest share of right tones, and that share."""
    at, truth, said = tones_of(items, p)
    groups: dict[str, list[bool]] = defaultdict(list)
    for n, right in zip(at, truth == said, strict=True):
        groups[key(items[n])].append(bool(right))
    shares = {
        name: float(np.mean(rights))
        for name, rights in groups.items()
        if name and len(rights) >= SMALLEST_GROUP
    }
    return min(shares.items(), key=lambda pair: pair[1]) if len(shares) > 1 else None


def _sentiment(items: Sequence[Item], p: Floats) -> list[tuple[str, Ints, Figure]]:
    at, truth, said = tones_of(items, p)
    if not len(at):
        return []
    sure = p[at][:, SENTIMENT].max(1)
    right = (truth == said).astype(np.float64)
    return [
        ("sentiment accuracy", at, lambda c: metrics.accuracy(truth[c], said[c])),
        ("sentiment macro F1", at, lambda c: metrics.macro_f1(truth[c], said[c])),
        ("sentiment macro recall", at, lambda c: metrics.macro_recall(truth[c], said[c])),
        ("sentiment calibration error", at, lambda c: metrics.calibration_error(right[c], sure[c])),
        ("sentiment calibration error, if perfect", at, _if_perfect(sure)),
        *_all_right(items, at, truth == said, truth, "sentiment"),
    ]


def _churn(items: Sequence[Item], p: Floats) -> list[tuple[str, Ints, Figure]]:
    at, truth, likely = churn_of(items, p)
    if not len(at) or not truth.any():
        return []
    said = (likely > HALF).astype(np.int64)
    share = float(truth.mean())
    # Every item stands for as many of a stream in which one in fifty leaves.
    weight = np.where(truth == 1, STREAM_SHARE / share, (1 - STREAM_SHARE) / max(1e-9, 1 - share))
    odds = (
        likely
        / np.maximum(1e-9, 1 - likely)
        * (STREAM_SHARE / (1 - STREAM_SHARE))
        / (share / max(1e-9, 1 - share))
    )
    rare = odds / (1 + odds)
    right = truth.astype(np.float64)
    return [
        ("churn precision", at, lambda c: metrics.precision_recall_f1(truth[c], said[c])[0]),
        ("churn recall", at, lambda c: metrics.precision_recall_f1(truth[c], said[c])[1]),
        ("churn F1", at, lambda c: metrics.precision_recall_f1(truth[c], said[c])[2]),
        ("churn average precision", at, lambda c: metrics.average_precision(truth[c], likely[c])),
        ("churn recall at precision 0.8", at, lambda c: metrics.recall_at_precision(truth[c], likely[c])),
        ("churn calibration error", at, lambda c: metrics.calibration_error(right[c], likely[c])),
        ("churn calibration error, if perfect", at, _if_perfect(likely)),
        ("churn precision in top 50, stream of 2 %", at, lambda c: _top(truth[c], likely[c], weight[c])),
        (
            "churn calibration error, stream of 2 %",
            at,
            lambda c: metrics.calibration_error(right[c], rare[c], weight[c]),
        ),
        *_all_right(items, at, truth == said, truth, "churn"),
    ]


def _others(items: Sequence[Item], p: Floats, answered: Mask) -> list[tuple[str, Ints, Figure]]:
    figures: list[tuple[str, Ints, Figure]] = []
    at = np.array([n for n, item in enumerate(items) if item.reason and answered[n]], dtype=np.int64)
    if len(at):
        right = np.array([REASONS[int(p[n, REASON].argmax())] is items[n].reason for n in at])
        figures.append(("churn reason accuracy", at, lambda c: float(np.mean(right[c]))))
    for column, intent in enumerate(INTENTS, INTENT.start):
        asked = np.array(
            [n for n, item in enumerate(items) if intent in item.intents and answered[n]], dtype=np.int64
        )
        truth = np.array([int(items[n].intents[intent]) for n in asked], dtype=np.int64)
        if truth.any():
            said = (p[asked, column] > HALF).astype(np.int64)
            figures.append((f"intent {intent.value} F1", asked, _f1(truth, said)))
    return figures


def _f1(truth: Ints, said: Ints) -> Figure:
    return lambda c: metrics.precision_recall_f1(truth[c], said[c])[2]


def _if_perfect(likely: Floats) -> Figure:
    """Return what the error would be by chance alone if every probability were exactly true.

    On a few hundred texts that is several points: an error of 0.06 on 150 texts says nothing.
    """
    draw = np.random.default_rng(SEED)
    worlds = [(draw.random(len(likely)) < likely).astype(np.float64) for _ in range(WORLDS)]
    return lambda c: float(np.mean([metrics.calibration_error(world[c], likely[c]) for world in worlds]))


def _top(truth: Ints, likely: Floats, weight: Floats) -> float:
    """Return the precision among the likeliest fifty of a stream of as many mentions as were judged."""
    order = np.argsort(-likely, kind="stable")
    # In a stream of 2,500 a top 50 is as many as there are leavers.
    seen = np.cumsum(weight[order]) / weight.sum() * TOP / STREAM_SHARE
    top = order[: max(1, int(np.searchsorted(seen, TOP)))]
    return float(np.sum(weight[top] * (truth[top] == 1)) / np.sum(weight[top]))


def _all_right(
    items: Sequence[Item], at: Ints, right: Ints, truth: Ints, head: str
) -> list[tuple[str, Ints, Figure]]:
    """Return the shares of texts right toward every brand: with several, and with different truths."""
    groups: dict[str, list[int]] = defaultdict(list)
    for row, n in enumerate(at):
        groups[items[n].text].append(row)
    figures: list[tuple[str, Ints, Figure]] = []
    for name, chosen in (
        ("several brands", [rows for rows in groups.values() if len(rows) > 1]),
        ("contrast", [rows for rows in groups.values() if len({int(truth[row]) for row in rows}) > 1]),
    ):
        if chosen:
            whole = np.array([bool(np.all(right[rows])) for rows in chosen])
            first = at[[rows[0] for rows in chosen]]
            figures.append((f"{head} all right, {name}", first, _share(whole)))
    return figures


def _share(right: Ints) -> Figure:
    return lambda c: float(np.mean(right[c]))


def _with_interval(items: Sequence[Item], at: Ints, figure: Figure, draws: int) -> Measured:
    groups = np.unique([items[n].text for n in at], return_inverse=True)[1]
    order = np.argsort(groups, kind="stable")
    counts = np.bincount(groups)
    starts = np.cumsum(counts) - counts
    draw = np.random.default_rng(SEED)
    values = []
    for _ in range(draws):
        # Texts are drawn, not answers: two answers about one text are right or wrong together.
        drawn = draw.integers(0, len(counts), len(counts))
        lengths = counts[drawn]
        offsets = np.repeat(starts[drawn] - (np.cumsum(lengths) - lengths), lengths)
        values.append(figure(order[offsets + np.arange(len(offsets))]))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return Measured(value=figure(np.arange(len(at))), low=float(low), high=float(high), n=len(at))
