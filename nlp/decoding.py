"""Numbers of the model to labels: pure, so that what a number means stands in one place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.labels import Churn, Labels, Sentiment
from nlp.card import Calibration, Card, Platt
from nlp.heads import CHURN, INTENT, INTENTS, REASON, REASONS, SENTIMENT, WIDTH

Floats = NDArray[np.float64]
_SURE = 30.0


def probabilities(logits: Floats, calibration: Calibration, *, toward: bool, among: bool = False) -> Floats:
    """Turn rows of raw outputs into rows of probabilities, of the same layout.

    Args:
        logits: a row of raw outputs for each text or window.
        calibration: the model's.
        toward: whether a brand was asked about.
        among: whether other brands are marked beside it; to tell whom a word is meant for is harder.
    """
    p = np.empty(logits.shape, dtype=np.float64)
    temperature = calibration.whole_temperature
    if toward:
        temperature = calibration.among_temperature if among else calibration.toward_temperature
    p[:, SENTIMENT] = _softmax(logits[:, SENTIMENT] / temperature)
    p[:, CHURN] = _line(logits[:, CHURN], calibration.churn)
    p[:, REASON] = _softmax(logits[:, REASON])
    for at, intent in enumerate(INTENTS, INTENT.start):
        p[:, at] = _line(logits[:, at], calibration.intents.get(intent.value, Platt()))
    return p


def over_windows(p: Floats) -> Floats:
    """Sum up the windows of one text: the tone is their mean, churn and intents the clearest of them."""
    if len(p) == 1:
        alone: Floats = p[0]
        return alone
    whole = np.empty(WIDTH, dtype=np.float64)
    whole[SENTIMENT] = p[:, SENTIMENT].mean(0)
    clearest = int(np.argmax(p[:, CHURN]))
    whole[CHURN] = p[clearest, CHURN]
    whole[REASON] = p[clearest, REASON]
    whole[INTENT] = p[:, INTENT].max(0)
    return whole


def labels_of(p: Floats, card: Card, *, model: str, brand: str, language: str) -> Labels:
    """Write one row of probabilities as labels; heads that were not trained are absent."""
    sentiment = churn = None
    if "sentiment" in card.heads:
        negative, neutral, positive = (float(value) for value in p[SENTIMENT])
        sentiment = Sentiment(negative=negative, neutral=neutral, positive=positive)
    if "churn" in card.heads:
        reasons = dict(zip(REASONS, _floats(p[REASON]), strict=True)) if "reasons" in card.heads else {}
        churn = Churn(p=float(p[CHURN]), reasons=reasons)
    intents = dict(zip(INTENTS, _floats(p[INTENT]), strict=True)) if "intents" in card.heads else {}
    return Labels(
        brand=brand, model=model, language=language, sentiment=sentiment, churn=churn, intents=intents
    )


def _floats(values: Sequence[float] | Floats) -> list[float]:
    return [float(value) for value in values]


def _softmax(logits: Floats) -> Floats:
    powers: Floats = np.exp(logits - logits.max(-1, keepdims=True))
    share: Floats = powers / powers.sum(-1, keepdims=True)
    return share


def _line(logits: Floats, line: Platt) -> Floats:
    raised: Floats = 1.0 / (1.0 + np.exp(-np.clip(line.scale * logits + line.shift, -_SURE, _SURE)))
    return raised
