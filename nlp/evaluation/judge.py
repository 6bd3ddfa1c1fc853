"""Run a labeller over items and measure it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.errors import InputError
from core.labelling import Labeller, LabelRequest
from core.labels import Labels
from nlp.evaluation.items import Item
from nlp.evaluation.measure import Measured, measure, worst
from nlp.evaluation.metrics import Floats
from nlp.heads import CHURN, INTENT, INTENTS, REASON, REASONS, SENTIMENT, WIDTH

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
