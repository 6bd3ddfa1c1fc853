"""Kaplan-Meier and Cox by lifelines. The only module that imports it; run it in a process of its own."""

from __future__ import annotations

import math
import statistics
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd
from lifelines import BreslowFlemingHarringtonFitter, CoxTimeVaryingFitter, KaplanMeierFitter
from lifelines.exceptions import ConvergenceError, StatError

from engage.insight.behaviours import STEPS, Behaviour, Row
from engage.insight.prediction import Curve, Effect, Point, in_group

#: Events per behaviour below which a joint model says more than it knows (Peduzzi and others, 1995).
EVENTS_PER_BEHAVIOUR = 10
CERTAIN = 0.05
#: Two-sided 95 %.
Z = statistics.NormalDist().inv_cdf(0.975)
#: A hazard ratio for one deviation beyond this is a fit that ran away (one group without any loss).
WILDEST = math.log(200)
#: Points of a curve that are kept; between them the losses are summed up.
MOST_POINTS = 120


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A fitted score: the logarithm of the hazard, beside that of an average window."""

    weights: Mapping[Behaviour, float]
    means: Mapping[Behaviour, float]

    def parts(self, values: Mapping[Behaviour, float]) -> dict[Behaviour, float]:
        """Return what each behaviour adds to the logarithm; one that was not seen adds nothing."""
        return {
            each: weight * (values.get(each, self.means[each]) - self.means[each])
            for each, weight in self.weights.items()
        }

    def score(self, values: Mapping[Behaviour, float]) -> float:
        """Return the logarithm of the hazard."""
        return sum(self.parts(values).values())


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitted:
    """Coefficients by behaviour, with errors, for one unit."""

    weights: Mapping[Behaviour, float]
    errors: Mapping[Behaviour, float]
    means: Mapping[Behaviour, float]


def effects(rows: Sequence[Row], tested: Sequence[Behaviour] = tuple(Behaviour)) -> tuple[list[Effect], bool]:
    """Return the effect of each behaviour that varies, strongest evidence first, and whether fitted together.

    Together only where there are ten losses for each behaviour; else each by itself, which cannot tell
    apart behaviours that go together. Holm's correction either way: a team acts on every line that it is
    shown, so the chance of even one false line is what is held at 5 %, however the behaviours depend
    on each other. Benjamini-Hochberg would let a share of the shown lines be false.
    """
    varied = [each for each in tested if _varies(rows, each)]
    together = sum(row.lost for row in rows) >= EVENTS_PER_BEHAVIOUR * len(varied)
    fits = [fit(rows, varied)] if together else []
    if not fits or fits[0] is None:
        fits, together = [fit(rows, [each]) for each in varied], False
    raw = [
        (each, found.weights[each], found.errors[each]) for found in fits if found for each in found.weights
    ]
    p = {each: math.erfc(abs(weight / error) / math.sqrt(2)) for each, weight, error in raw}
    adjusted = holm(p)
    told = [
        Effect(
            behaviour=each,
            step=STEPS[each],
            ratio=_ratio(weight * STEPS[each]),
            low=_ratio((weight - Z * error) * STEPS[each]),
            high=_ratio((weight + Z * error) * STEPS[each]),
            p=p[each],
            adjusted=adjusted[each],
            certain=adjusted[each] < CERTAIN,
        )
        for each, weight, error in raw
    ]
    return sorted(told, key=lambda effect: effect.p), together


def holm(p: Mapping[Behaviour, float]) -> dict[Behaviour, float]:
    """Return p values corrected for their number (Holm 1979)."""
    adjusted: dict[Behaviour, float] = {}
    worst = 0.0
    for rank, (each, value) in enumerate(sorted(p.items(), key=lambda pair: pair[1])):
        worst = max(worst, min(1.0, value * (len(p) - rank)))
        adjusted[each] = worst
    return adjusted


def fit(rows: Sequence[Row], chosen: Sequence[Behaviour]) -> Fitted | None:
    """Return a Cox model of behaviours that change from window to window; None where it does not converge."""
    if not chosen or not any(row.lost for row in rows):
        return None
    means = {each: statistics.fmean(_seen(rows, each)) for each in chosen}
    spreads = {each: statistics.pstdev(_filled(rows, each, means[each])) for each in chosen}
    if min(spreads.values()) <= 0:
        return None
    frame = pd.DataFrame(
        {
            "id": [row.key for row in rows],
            "start": [row.start for row in rows],
            "stop": [row.stop for row in rows],
            "lost": [row.lost for row in rows],
            **{
                each.value: [(v - means[each]) / spreads[each] for v in _filled(rows, each, means[each])]
                for each in chosen
            },
        }
    )
    cox = CoxTimeVaryingFitter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # lifelines warns of what WILDEST is asked about below
            cox.fit(frame, id_col="id", start_col="start", stop_col="stop", event_col="lost")
    except (ConvergenceError, ValueError, ArithmeticError):
        return None
    weights = {each: float(cox.params_[each.value]) for each in chosen}
    errors = {each: float(cox.standard_errors_[each.value]) for each in chosen}
    # Written so that what is no number is refused, too.
    if not all(0 < errors[e] < WILDEST and abs(weights[e]) < WILDEST for e in chosen):
        return None
    return Fitted(
        weights={each: weights[each] / spreads[each] for each in chosen},
        errors={each: errors[each] / spreads[each] for each in chosen},
        means=means,
    )


def model(rows: Sequence[Row]) -> Model | None:
    """Return the score made of the behaviours that are certain, at most one for every ten losses."""
    told, _ = effects(rows)
    most = sum(row.lost for row in rows) // EVENTS_PER_BEHAVIOUR
    chosen = [effect.behaviour for effect in told if effect.certain][:most]
    found = fit(rows, chosen)
    return Model(weights=found.weights, means=found.means) if found else None


def curves(rows: Sequence[Row]) -> list[Curve]:
    """Return the curve of all, and two for each behaviour: windows below its median, and the others."""
    found = [_curve(rows, Curve())]
    for each in Behaviour:
        if not _varies(rows, each):
            continue
        seen = _seen(rows, each)
        cut = statistics.median(seen)
        if cut == min(seen):  # most have none at all: those with any stand against them
            cut = min(value for value in seen if value > cut)
        pair = [_curve(rows, Curve(behaviour=each, high=high, cut=cut)) for high in (False, True)]
        found += pair if all(curve.points for curve in pair) else []
    return found


def _curve(rows: Sequence[Row], empty: Curve) -> Curve:
    """Return a curve; accounts change groups as they change, so they enter and leave its risk set."""
    mine = [row for row in rows if in_group(row, empty)]
    if not mine:
        return empty
    begin = min(row.start for row in rows)
    times = _fitted(mine)
    interval = times.confidence_interval_
    points = [Point(day=begin, share=1.0, low=1.0, high=1.0, at_risk=_at_risk(mine, begin + 1e-9), lost=0)]
    for day in sorted({row.stop for row in mine if row.lost}):
        low, high = (float(value) for value in interval.loc[day])
        points.append(
            Point(
                day=day,
                share=float(times.survival_function_.loc[day].iloc[0]),
                low=low if math.isfinite(low) else 0.0,
                high=high if math.isfinite(high) else 1.0,
                at_risk=_at_risk(mine, day),
                lost=sum(row.lost and row.stop == day for row in mine),
            )
        )
    last = max(row.stop for row in mine)
    if points[-1].day < last:
        end = points[-1]
        points.append(Point(day=last, share=end.share, low=end.low, high=end.high,
                            at_risk=_at_risk(mine, last), lost=0))  # fmt: skip
    return Curve(
        behaviour=empty.behaviour, high=empty.high, cut=empty.cut,
        accounts=len({row.key for row in mine}), points=tuple(_thinned(points)),
    )  # fmt: skip


def _fitted(rows: Sequence[Row]) -> KaplanMeierFitter | BreslowFlemingHarringtonFitter:
    """Return the curve's fit; where a group is empty for a while, by the estimator that lives through it."""
    stops, lost, starts = [r.stop for r in rows], [r.lost for r in rows], [r.start for r in rows]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lifelines warns of thin risk sets; the table shows how thin
        try:
            return KaplanMeierFitter().fit(stops, event_observed=lost, entry=starts)
        except StatError:
            return BreslowFlemingHarringtonFitter().fit(stops, event_observed=lost, entry=starts)


def _thinned(points: Sequence[Point]) -> Iterable[Point]:
    """Yield at most `MOST_POINTS`, the first and last among them; losses of those left out go to the next."""
    every = -(-len(points) // MOST_POINTS)
    lost = 0
    for place, point in enumerate(points):
        lost += point.lost
        if place == 0 or place == len(points) - 1 or place % every == 0:
            yield replace(point, lost=lost)
            lost = 0


def _at_risk(rows: Iterable[Row], day: float) -> int:
    return sum(row.start < day <= row.stop for row in rows)


def _varies(rows: Sequence[Row], each: Behaviour) -> bool:
    seen = _seen(rows, each)
    return len(seen) * 2 >= len(rows) and len(set(seen)) > 1


def _seen(rows: Iterable[Row], each: Behaviour) -> list[float]:
    return [row.values[each] for row in rows if each in row.values]  # noqa: PD011 — a mapping's


def _filled(rows: Iterable[Row], each: Behaviour, mean: float) -> list[float]:
    """Return the values, the mean where nothing was seen: it neither raises nor lowers the risk."""
    return [row.values.get(each, mean) for row in rows]  # noqa: PD011 — the same


def _ratio(logarithm: float) -> float:
    return math.exp(min(max(logarithm, -20.0), 20.0))
