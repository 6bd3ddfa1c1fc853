"""Survival curves as lines that a template draws. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engage.insight.prediction import Curve, Point

#: Drawing surface in SVG units; the picture scales to its column.
WIDTH, HEIGHT = 720.0, 160.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One curve: its steps, and the band of its interval, as SVG path data."""

    curve: Curve
    path: str
    band: str


def lines(curves: Sequence[Curve]) -> list[Line]:
    """Return curves that share one surface."""
    points = [point for curve in curves for point in curve.points]
    if not points:
        return []
    first, last = min(p.day for p in points), max(p.day for p in points)
    span = (last - first) or 1.0
    return [
        Line(
            curve=curve,
            path="M" + " L".join(_steps(curve.points, first, span, "share")),
            band=_band(curve.points, first, span),
        )
        for curve in curves
    ]


def _band(points: Sequence[Point], first: float, span: float) -> str:
    upper = list(_steps(points, first, span, "high"))
    lower = list(_steps(points, first, span, "low"))
    return "M" + " L".join([*upper, *reversed(lower)]) + " Z"


def _steps(points: Sequence[Point], first: float, span: float, name: str) -> Iterator[str]:
    """Yield the corners of a staircase: a share stands until the next loss."""
    height: float | None = None
    for point in points:
        x = WIDTH * (point.day - first) / span
        if height is not None:
            yield f"{x:.1f} {height:.1f}"
        height = HEIGHT * (1 - float(getattr(point, name)))
        yield f"{x:.1f} {height:.1f}"
