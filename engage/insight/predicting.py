"""From the store to a prediction: gather, guard, fit, try on accounts not seen, keep."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from core.ports import Store
from engage.insight.behaviours import Behaviour, Row, Watched, behaviours, rows_of
from engage.insight.gathering import gather
from engage.insight.prediction import Factor, Prediction, Risk, save
from engage.insight.survival import Model, curves, effects, model

#: Below these the answer is "not enough yet".
FEWEST_ACCOUNTS, FEWEST_LOST = 30, 10
#: Parts that the accounts are dealt into to try the score on what it has not seen.
FOLDS = 5
DRAWS = 200
#: Days ahead that a chance is told for.
AHEAD = 182.0
REASONS = 3


def predict(store: Store, *, now: datetime) -> Prediction:
    """Work out what predicts who stays, and keep it."""
    accounts, left_out = gather(store, now=now)
    rows = rows_of(accounts)
    told = told_of(accounts, rows, left_out=left_out, now=now)
    save(store, told, rows, now=now)
    return told


def told_of(
    accounts: Sequence[Watched], rows: Sequence[Row], *, left_out: Sequence[str], now: datetime
) -> Prediction:
    """Return what accounts and their windows tell."""
    seen = {row.key for row in rows}
    lost = sum(row.lost for row in rows)
    short = [one.key for one in accounts if one.key not in seen]
    lacking = _lacking(len(seen), lost)
    out = tuple(sorted({*left_out, *short}))
    drawn = tuple(curves(rows)) if rows else ()
    if lacking:
        return Prediction(
            at=now, accounts=len(seen), lost=lost, lacking=lacking, left_out=out, curves=drawn[:1]
        )
    found, together = effects(rows)
    whole = model(rows)
    concordance, low, high = held_out(rows) if whole else (None, None, None)
    return Prediction(
        at=now,
        accounts=len(seen),
        lost=lost,
        together=together,
        effects=tuple(found),
        curves=drawn,
        concordance=concordance,
        concordance_low=low,
        concordance_high=high,
        risks=tuple(_risks(whole, accounts, rows)) if whole else (),
        left_out=out,
    )


def _lacking(accounts: int, lost: int) -> str:
    if accounts >= FEWEST_ACCOUNTS and lost >= FEWEST_LOST:
        return ""
    return (
        f"{accounts} accounts could be followed, {lost} of them were lost; it takes {FEWEST_ACCOUNTS} and "
        f"{FEWEST_LOST} before a difference is more than chance. Import more accounts with the outcome of "
        "their renewals, those that left among them."
    )


def held_out(rows: Sequence[Row]) -> tuple[float | None, float | None, float | None]:
    """Return how often, of two accounts, the one lost first had the higher score, with a 95 % interval.

    Each is scored by a model that was chosen and fitted without it. 0.5 is a coin.
    """
    keys = sorted({row.key for row in rows})
    random.Random(1).shuffle(keys)  # noqa: S311 — the same deal each night
    fold = {key: place % FOLDS for place, key in enumerate(keys)}
    scored: dict[str, list[tuple[Row, float, int]]] = defaultdict(list)
    for number in range(FOLDS):
        fitted = model([row for row in rows if fold[row.key] != number])
        for row in rows:
            if fold[row.key] == number:
                scored[row.key].append((row, fitted.score(row.values) if fitted else 0.0, number))
    pairs = _pairs(scored)
    if not pairs:
        return None, None, None
    # Drawn anew are the accounts that were lost, each with all its comparisons.
    drawn = random.Random(2)  # noqa: S311 — the same interval each night
    means = sorted(_mean([drawn.choice(pairs) for _ in pairs]) for _ in range(DRAWS))
    return _mean(pairs), means[int(0.025 * DRAWS)], means[int(0.975 * DRAWS)]


def _pairs(scored: Mapping[str, list[tuple[Row, float, int]]]) -> list[tuple[float, int]]:
    """Return for each loss how many comparisons it won, and of how many; only inside a fold."""
    every = [one for theirs in scored.values() for one in theirs]
    found = []
    for lost, score, number in every:
        if not lost.lost:
            continue
        others = [
            other
            for row, other, theirs in every
            if theirs == number and row.key != lost.key and row.start < lost.stop <= row.stop
        ]
        if others:
            found.append((sum((score > other) + (score == other) / 2 for other in others), len(others)))
    return found


def _mean(pairs: Sequence[tuple[float, int]]) -> float:
    return sum(won for won, _ in pairs) / sum(of for _, of in pairs)


def _risks(fitted: Model, accounts: Sequence[Watched], rows: Sequence[Row]) -> list[Risk]:
    """Return the accounts still with us, those most at risk first.

    The chance takes the average rate of losses for what is to come, as if it stayed as it was.
    """
    exposed = sum((row.stop - row.start) * math.exp(fitted.score(row.values)) for row in rows)
    rate = sum(row.lost for row in rows) / exposed
    found = []
    for account in accounts:
        if account.lost:
            continue
        values = behaviours(account, before=account.end)
        parts = fitted.parts(values)
        times = math.exp(sum(parts.values()))
        found.append(
            Risk(
                account=account.key,
                times=times,
                chance=1 - math.exp(-rate * AHEAD * times),
                factors=_factors(fitted, values, parts),
            )
        )
    return sorted(found, key=lambda risk: (-risk.times, risk.account))


def _factors(
    fitted: Model, values: Mapping[Behaviour, float], parts: Mapping[Behaviour, float]
) -> tuple[Factor, ...]:
    told = sorted((each for each in parts if each in values), key=lambda each: -abs(parts[each]))
    return tuple(
        Factor(behaviour=each, value=values[each], usual=fitted.means[each], times=math.exp(parts[each]))
        for each in told[:REASONS]
    )
