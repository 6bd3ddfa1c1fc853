"""Is it about us at all? A small head over the encoder, refitted in seconds from people's "not about us".

Must and must-not words decide before a text is a mention; this decides among the mentions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.errors import InputError
from core.labelling import LabelRequest
from nlp.model import Floats, Model

#: Fewest verdicts of each kind before a head says anything.
FEWEST = 5
#: How strongly weights are pulled to zero; few verdicts must not shout.
PULL = 10.0
_STEPS = 30


class RelevanceHead:
    """The probability that a mention is about the product, learnt from a few hundred verdicts."""

    def __init__(self, model: Model, weights: Floats, mean: Floats, spread: Floats) -> None:
        self._model, self._weights, self._mean, self._spread = model, weights, mean, spread

    def p(self, requests: Sequence[LabelRequest]) -> list[float]:
        """Return the probability that each text is about its brand."""
        if not requests:
            return []
        design = _design((self._model.embed(requests) - self._mean) / self._spread)
        return [float(value) for value in _sigmoid(design @ self._weights)]


def fit_relevance(requests: Sequence[LabelRequest], about_us: Sequence[bool], model: Model) -> RelevanceHead:
    """Fit the head on people's verdicts.

    Raises:
        InputError: there are too few verdicts of one kind to tell them apart.
    """
    truth = np.array(about_us, dtype=np.float64)
    if min(truth.sum(), len(truth) - truth.sum()) < FEWEST:
        raise InputError(f"relevance needs {FEWEST} mentions that are about us and {FEWEST} that are not")
    states = model.embed(requests)
    mean, spread = states.mean(0), states.std(0) + 1e-6
    # As many weights as texts suffice: solved among the texts, refitting takes a second for 1,000 of them.
    design = _design((states - mean) / spread)
    kernel = design @ design.T / PULL
    share: Floats = np.zeros(len(truth))
    for _ in range(_STEPS):
        p = _sigmoid(kernel @ share)
        curve = np.maximum(p * (1 - p), 1e-6)
        target = kernel @ share + (truth - p) / curve
        share = np.linalg.solve(kernel + np.diag(1 / curve), target).astype(np.float64)
    weights: Floats = design.T @ share / PULL
    return RelevanceHead(model, weights, mean, spread)


def _design(states: Floats) -> Floats:
    wide: Floats = np.column_stack([states / np.sqrt(states.shape[1]), np.ones(len(states))])
    return wide


def _sigmoid(values: Floats) -> Floats:
    raised: Floats = 1.0 / (1.0 + np.exp(-np.clip(values, -30, 30)))
    return raised
