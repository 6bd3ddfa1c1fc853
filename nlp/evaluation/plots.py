"""Plots as inline SVG: no library, no script, readable in light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from nlp.evaluation.metrics import BINS, Floats, Ints, precision_recall_curve

_SIDE, _EDGE = 260, 34


def reliability(right: Floats, p: Floats, title: str) -> str:
    """Draw what came over what was promised: on the diagonal a probability means what it says."""
    order = np.argsort(p, kind="stable")
    points = [
        (float(p[part].mean()), float(right[part].mean()), len(part))
        for part in np.array_split(order, BINS)
        if len(part)
    ]
    dots = "".join(
        f'<circle cx="{_x(said):.1f}" cy="{_y(came):.1f}" r="4">'
        f"<title>said {said:.2f}, came {came:.2f}, {n} texts</title></circle>"
        for said, came, n in points
    )
    diagonal = f'<line class="guide" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>'
    return _frame(title, "said", "came", diagonal + dots)


def precision_recall(truth: Ints, p: Floats, title: str) -> str:
    """Draw precision over recall, with the line at 0.8."""
    precision, recall = precision_recall_curve(truth, p)
    step = max(1, len(recall) // 200)
    path = " ".join(
        f"{_x(r):.1f},{_y(q):.1f}" for r, q in zip(recall[::step], precision[::step], strict=True)
    )
    line = f'<line class="guide" x1="{_x(0)}" y1="{_y(0.8)}" x2="{_x(1)}" y2="{_y(0.8)}"/>'
    return _frame(title, "recall", "precision", f'{line}<polyline points="{path}"/>')


def bars(rows: Sequence[tuple[str, float, float, float]], title: str) -> str:
    """Draw a bar from 0 to 1 for each (name, value, low, high), with its interval."""
    height = 24 * len(rows) + 30
    parts = [f'<text class="title" x="4" y="16">{escape(title)}</text>']
    for row, (name, value, low, high) in enumerate(rows):
        y = 30 + 24 * row
        parts.append(
            f'<text x="4" y="{y + 12}">{escape(name)}</text>'
            f'<rect x="300" y="{y}" width="{value * 300:.1f}" height="16"/>'
            f'<line class="interval" x1="{300 + low * 300:.1f}" y1="{y + 8}"'
            f' x2="{300 + high * 300:.1f}" y2="{y + 8}"/>'
            f'<text x="610" y="{y + 12}">{value:.3f}</text>'
        )
    return _svg(660, height, title, "".join(parts))


def _frame(title: str, across: str, up: str, inside: str) -> str:
    size = _SIDE + 2 * _EDGE
    texts = (
        f'<text class="title" x="{_EDGE}" y="18">{escape(title)}</text>'
        f'<text x="{_EDGE}" y="{size - 14}">0 {escape(across)}</text>'
        f'<text x="{_SIDE + _EDGE - 8}" y="{size - 14}">1</text>'
        f'<text x="4" y="{_EDGE + 10}">1</text>'
        f'<text x="4" y="{_SIDE + _EDGE}">{escape(up)[:4]}</text>'
    )
    field = f'<rect class="field" x="{_EDGE}" y="{_EDGE}" width="{_SIDE}" height="{_SIDE}"/>'
    return _svg(size, size, title, field + inside + texts)


def _svg(width: int, height: int, title: str, inside: str) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"'
        f' aria-label="{escape(title)}">{inside}</svg>'
    )


def _x(share: float) -> float:
    return _EDGE + _SIDE * share


def _y(share: float) -> float:
    return _EDGE + _SIDE * (1 - share)
