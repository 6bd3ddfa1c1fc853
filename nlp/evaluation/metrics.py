"""Measures of labels against the truth; plain numpy, no state."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Bins of equal size in the calibration error.
BINS = 10


def confusion(truth: Ints, said: Ints, classes: int = 3) -> Ints:
    """Return counts: a row for each true class, a column for each class said."""
    table = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(table, (truth, said), 1)
    return table


def accuracy(truth: Ints, said: Ints) -> float:
    """Return the share of right answers."""
    return float(np.mean(truth == said)) if len(truth) else float("nan")


def macro_recall(truth: Ints, said: Ints, classes: int = 3) -> float:
    """Return the mean of the recalls of the classes that occur."""
    table = confusion(truth, said, classes)
    found = table.sum(1) > 0
    return float(np.mean(np.diag(table)[found] / table.sum(1)[found])) if found.any() else float("nan")


def macro_f1(truth: Ints, said: Ints, classes: int = 3) -> float:
    """Return the mean of the F1 of the classes that occur or are said."""
    table = confusion(truth, said, classes)
    total = table.sum(1) + table.sum(0)
    used = total > 0
    return float(np.mean(2 * np.diag(table)[used] / total[used])) if used.any() else float("nan")


def precision_recall_f1(truth: Ints, said: Ints) -> tuple[float, float, float]:
    """Return precision, recall and F1 of the class 1; zero where nothing was found."""
    hits = int(np.sum((truth == 1) & (said == 1)))
    precision = hits / max(1, int(np.sum(said == 1)))
    recall = hits / max(1, int(np.sum(truth == 1)))
    return precision, recall, 2 * precision * recall / max(1e-12, precision + recall)


def average_precision(truth: Ints, p: Floats) -> float:
    """Return the area under precision over recall; ties count as one step."""
    precision, recall = precision_recall_curve(truth, p)
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def recall_at_precision(truth: Ints, p: Floats, at_least: float = 0.8) -> float:
    """Return the highest recall of any threshold whose precision is at least that."""
    precision, recall = precision_recall_curve(truth, p)
    good = precision >= at_least
    return float(recall[good].max()) if good.any() else 0.0


def precision_recall_curve(truth: Ints, p: Floats) -> tuple[Floats, Floats]:
    """Return precision and recall at every distinct threshold, the highest first."""
    order = np.argsort(-p, kind="stable")
    hits = np.cumsum(truth[order] == 1)
    ends = np.flatnonzero(np.append(np.diff(p[order]) != 0, True)) if len(p) else np.zeros(0, dtype=np.int64)
    positives = max(1, int(np.sum(truth == 1)))
    return hits[ends] / (ends + 1.0), hits[ends] / positives


def calibration_error(right: Floats, p: Floats, weight: Floats | None = None) -> float:
    """Return the mean distance between what was promised and what came, over bins of equal weight."""
    if not len(p):
        return float("nan")
    share = np.ones(len(p)) if weight is None else weight
    order = np.argsort(p, kind="stable")
    total = np.cumsum(share[order])
    bins = np.minimum((total / total[-1] * BINS - 1e-9).astype(np.int64), BINS - 1)
    error = 0.0
    for number in range(BINS):
        chosen = order[bins == number]
        if len(chosen):
            error += abs(float(np.sum(share[chosen] * (right[chosen] - p[chosen]))))
    return error / float(share.sum())
