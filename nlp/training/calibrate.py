"""Make probabilities honest: one temperature for each tone head, one line for churn and each intent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from nlp.card import Calibration, Platt
from nlp.decoding import Floats
from nlp.evaluation.metrics import calibration_error, precision_recall_f1
from nlp.heads import CHURN, INTENT, INTENTS, SENTIMENT
from nlp.marking import OTHER, marked_windows
from nlp.training.rows import Row

#: Temperatures that are tried.
TEMPERATURES = np.exp(np.linspace(np.log(0.4), np.log(4.0), 120))
#: Sets whose tones are of another kind than what is asked in use: stars, aspects, winners of comparisons.
OTHER_TONES = frozenset({"maalej", "netflix", "mams", "semeval14", "compsent", "sst", "goemotions"})
#: Sets read for brands, not for words of leaving: their few churns would make the rest look likelier to stay.
RARELY_LEAVING = frozenset({"read2", "read3", "read4"})
#: Fewer answers than this calibrate nothing.
FEWEST = 100
#: How far churn may lean toward "leaves", in logits, and the calibration error that may cost.
LEANINGS = np.arange(0.0, 1.01, 0.05)
MOST_ERROR = 0.035
HALF = 0.5
_STEPS = 50
LEAST_STEP = 1e-4
#: Pulls a line's scale to one and its shift to zero, as if that many answers had said so.
_PRIOR = 1.0


def calibrate(rows: Sequence[Row], logits: Floats) -> Calibration:
    """Fit on rows that were not trained on; `logits` holds a row of raw outputs for each."""
    toned = np.array([row.sentiment is not None and row.source not in OTHER_TONES for row in rows])
    toward = np.array([row.brand is not None for row in rows])
    among = np.array([is_among(row) for row in rows])
    leaving = np.array(
        [np.nan if row.churn is None or row.source in RARELY_LEAVING else float(row.churn) for row in rows]
    )
    return Calibration(
        whole_temperature=_temperature(rows, logits, toned & ~toward, by_set=False),
        toward_temperature=_temperature(rows, logits, toned & toward & ~among),
        among_temperature=_temperature(rows, logits, toned & toward & among),
        churn=_leaning(_line(logits[:, CHURN], leaving), logits[:, CHURN], leaving),
        intents={
            intent.value: _line(logits[:, at], np.array([_asked(row, at) for row in rows]))
            for at, intent in enumerate(INTENTS, INTENT.start)
        },
    )


def is_among(row: Row) -> bool:
    """Tell whether other brands are marked beside the one that a row is about."""
    return row.brand is not None and any(OTHER in text for text in marked_windows(row.request())[:1])


def _temperature(rows: Sequence[Row], logits: Floats, chosen: Floats, *, by_set: bool = True) -> float:
    at = np.flatnonzero(chosen)
    if len(at) < FEWEST:
        return 1.0
    truth = np.array([rows[int(n)].sentiment for n in at], dtype=np.float64)
    # Toward a brand each set counts the same, however many texts it has: none is just what is asked in
    # use, all are near it. Of texts as a whole most are tweets, in use too.
    sizes = Counter(rows[int(n)].source for n in at)
    weight = np.array([1.0 / sizes[rows[int(n)].source] if by_set else 1.0 for n in at])[:, None]
    losses = []
    for temperature in TEMPERATURES:
        scaled = logits[at, SENTIMENT] / temperature
        scaled = scaled - scaled.max(1, keepdims=True)
        losses.append(
            -float(np.sum(weight * truth * (scaled - np.log(np.exp(scaled).sum(1, keepdims=True)))))
        )
    return round(float(TEMPERATURES[int(np.argmin(losses))]), 4)


def _line(logits: Floats, truth: Floats) -> Platt:
    """Fit scale and shift by Newton's method."""
    asked = ~np.isnan(truth)
    if asked.sum() < FEWEST or len(set(truth[asked].tolist())) < 2:  # noqa: PLR2004 - one side only
        return Platt()
    design = np.column_stack([logits[asked], np.ones(int(asked.sum()))])
    line, prior = np.array([1.0, 0.0]), np.array([1.0, 0.0])

    def loss(tried: Floats) -> float:
        z = design @ tried
        return float(
            np.sum(np.logaddexp(0, z) - truth[asked] * z) + _PRIOR / 2 * np.sum((tried - prior) ** 2)
        )

    for _ in range(_STEPS):
        p = 1.0 / (1.0 + np.exp(-np.clip(design @ line, -30, 30)))
        slope = design.T @ (p - truth[asked]) + _PRIOR * (line - prior)
        curve = (design * (p * (1 - p))[:, None]).T @ design + _PRIOR * np.eye(2)
        step = np.linalg.solve(curve, slope)
        # A full step of Newton's can overshoot for ever where the logits are wide; halve it until it helps.
        share = 1.0
        while share > LEAST_STEP and loss(line - share * step) > loss(line):
            share /= 2
        line = line - share * step
    return Platt(scale=round(float(line[0]), 4), shift=round(float(line[1]), 4))


def _leaning(line: Platt, logits: Floats, truth: Floats) -> Platt:
    """Lean the line toward "leaves" as far as F1 at one half gains and honesty allows.

    A leaver who is missed costs more than a look at one who stays, and people read 0.5 as the border.
    """
    asked = ~np.isnan(truth)
    right = truth[asked]
    if asked.sum() < FEWEST:
        return line
    best, best_f1 = line, 0.0
    for extra in LEANINGS:
        shift = round(line.shift + float(extra), 4)
        p = 1.0 / (1.0 + np.exp(-np.clip(line.scale * logits[asked] + shift, -30, 30)))
        f1 = precision_recall_f1(right.astype(np.int64), (p > HALF).astype(np.int64))[2]
        if f1 > best_f1 and (extra == 0 or calibration_error(right, p) <= MOST_ERROR):
            best, best_f1 = Platt(scale=line.scale, shift=shift), f1
    return best


def _asked(row: Row, at: int) -> float:
    said = row.intents.get(INTENTS[at - INTENT.start])
    return np.nan if said is None else float(said)
