"""Run a labeller over items, measure it, and compare two labellers on the same items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.errors import InputError
from core.labelling import Labeller, LabelRequest
from core.labels import Labels
from nlp.evaluation.items import Item
from nlp.evaluation.measure import Measured, measure, right_by_item, worst
from nlp.evaluation.metrics import Floats
from nlp.heads import CHURN, INTENT, INTENTS, REASON, REASONS, SENTIMENT, WIDTH

#: Random swaps of the paired test.
SWAPS = 10_000
SEED = 13
_TOGETHER = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """All that an evaluation found about one model."""

    model: str
    figures: dict[str, Measured]
    worst_source: tuple[str, float] | None
    worst_language: tuple[str, float] | None
    not_labelled: int
    #: One row of probabilities an item; NaN where there was no answer.
    p: Floats = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """How much more often the first model is right than the second, and how likely chance does that."""

    head: str
    difference: float
    p_value: float
    n: int


def judge(
    labeller: Labeller, items: Sequence[Item], *, say: Callable[[str], None] = lambda _: None
) -> Verdict:
    """Label every item and measure the answers."""
    p = np.full((len(items), WIDTH), np.nan)
    refused = 0
    for start in range(0, len(items), _TOGETHER):
        chunk = items[start : start + _TOGETHER]
        for at, labels in enumerate(labeller.label([_request(item) for item in chunk]), start):
            p[at] = row_of(labels)
            refused += labels.not_labelled is not None
        say(f"{min(start + _TOGETHER, len(items))}/{len(items)} labelled")
    return Verdict(
        model=labeller.model,
        figures=measure(items, p),
        worst_source=worst(items, p, lambda item: item.source),
        worst_language=worst(items, p, lambda item: item.language),
        not_labelled=refused,
        p=p,
    )


def compare(items: Sequence[Item], first: Verdict, second: Verdict) -> list[Comparison]:
    """Test for each head whether the first model is right more often, by swapping answers at random."""
    found = []
    mine, theirs = right_by_item(items, first.p), right_by_item(items, second.p)
    for head in mine:
        both = ~np.isnan(mine[head]) & ~np.isnan(theirs[head])
        gaps = (mine[head] - theirs[head])[both]
        if len(gaps):
            found.append(
                Comparison(head=head, difference=float(gaps.mean()), p_value=_by_chance(gaps), n=len(gaps))
            )
    return found


def row_of(labels: Labels) -> Floats:
    """Return labels as a row of `nlp.heads` probabilities; heads that are absent are NaN."""
    row = np.full(WIDTH, np.nan)
    if labels.sentiment is not None:
        row[SENTIMENT] = (labels.sentiment.negative, labels.sentiment.neutral, labels.sentiment.positive)
    if labels.churn is not None:
        row[CHURN] = labels.churn.p
        row[REASON] = [labels.churn.reasons.get(reason, np.nan) for reason in REASONS]
    if labels.intents:
        row[INTENT] = [labels.intents.get(intent, np.nan) for intent in INTENTS]
    return row


def _request(item: Item) -> LabelRequest:
    try:
        return item.request()
    except InputError:
        # A brand whose name is none is still a text; it is judged as a whole.
        return LabelRequest(text=item.text)


def _by_chance(gaps: Floats) -> float:
    """Return the two-sided p-value of a sign-flip test on the answers where the two differ."""
    differing = gaps[gaps != 0]
    if not len(differing):
        return 1.0
    draw = np.random.default_rng(SEED)
    # The sum of n random signs is 2·Binomial(n, ½) - n: no need to draw each sign.
    sums = 2 * draw.binomial(len(differing), 0.5, SWAPS) - len(differing)
    return float((np.sum(np.abs(sums) >= abs(differing.sum())) + 1) / (SWAPS + 1))
