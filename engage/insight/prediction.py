"""What a fit tells: effects, curves, risks, or why there is not enough yet; kept in the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.bodies import body_of, value_of
from core.kept import Kept, Sought
from core.ports import Store
from engage.customers import EARFUL, walk
from engage.insight.behaviours import Behaviour, Row

PREDICTION, ROWS, LATEST = "prediction", "prediction_rows", "accounts"
#: The kind of work that asks for a new one.
PREDICT = "predict"
#: Records written at once.
BATCH = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """How much one behaviour goes with being lost: a hazard ratio for one step of it."""

    behaviour: Behaviour
    step: float
    ratio: float
    low: float
    high: float
    p: float
    #: By Holm, for the number of behaviours tested.
    adjusted: float
    #: Below 0.05 after the correction.
    certain: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """The share still with us on a day, with its 95 % interval, and how many were looked at then."""

    day: float
    share: float
    low: float
    high: float
    at_risk: int
    lost: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """A Kaplan-Meier curve of those below or from `cut` on of a behaviour, or of all."""

    behaviour: Behaviour | None = None
    high: bool = False
    cut: float = 0.0
    accounts: int = 0
    points: tuple[Point, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Factor:
    """By how much a behaviour of an account multiplies its risk, beside what is usual."""

    behaviour: Behaviour
    value: float
    usual: float
    times: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Risk:
    """The risk of an account that is still with us."""

    account: str
    #: Beside the average account.
    times: float
    #: Of being lost within the next half year.
    chance: float
    factors: tuple[Factor, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Prediction:
    """Everything that the imported outcomes tell of what predicts who stays."""

    at: datetime
    accounts: int
    lost: int
    #: Why there are no effects; empty where there are.
    lacking: str = ""
    #: True where all behaviours were fitted in one model; else each by itself.
    together: bool = False
    effects: tuple[Effect, ...] = ()
    curves: tuple[Curve, ...] = ()
    #: On accounts that the fit had not seen; None where no behaviour is certain enough to score with.
    concordance: float | None = None
    concordance_low: float | None = None
    concordance_high: float | None = None
    risks: tuple[Risk, ...] = ()
    #: Accounts that could not be used.
    left_out: tuple[str, ...] = field(default=())


def save(store: Store, told: Prediction, rows: Sequence[Row], *, now: datetime) -> None:
    """Keep a prediction, and beside it the windows of each account that it rests on."""
    before = {item.key: item for item in walk(store, Sought(kind=ROWS))}
    by_key: dict[str, list[Row]] = {}
    for row in rows:
        by_key.setdefault(row.key, []).append(row)
    items = [
        _item(ROWS, key, {"rows": [_row_body(row) for row in theirs]}, before.get(key), now)
        for key, theirs in by_key.items()
    ]
    for start in range(0, len(items), BATCH):
        store.keep_all(items[start : start + BATCH])
    gone = [item for key, item in before.items() if key not in by_key]
    store.drop_all(gone)
    last = store.kept_one(PREDICTION, LATEST)
    store.keep_all([_item(PREDICTION, LATEST, body_of(told), last, now)])


def latest(store: Store) -> Prediction | None:
    """Return the newest prediction; None before the first."""
    item = store.kept_one(PREDICTION, LATEST)
    return value_of(Prediction, item.body) if item else None


def rows_behind(store: Store) -> list[Row]:
    """Return the windows that the newest prediction rests on."""
    return [row for item in walk(store, Sought(kind=ROWS)) for row in _rows(item)]


def behind(rows: Iterable[Row], curve: Curve, day: float) -> list[Row]:
    """Return the windows that a point of a curve counts as looked at: open at `day`, in its group."""
    return [row for row in rows if row.start < day <= row.stop and in_group(row, curve)]


def in_group(row: Row, curve: Curve) -> bool:
    """Tell whether a window belongs to a curve."""
    if curve.behaviour is None:
        return True
    value = row.values.get(curve.behaviour)
    return value is not None and (value >= curve.cut) is curve.high


def _item(kind: str, key: str, body: Mapping[str, object], last: Kept | None, now: datetime) -> Kept:
    return Kept(kind=kind, key=key, body=body, by=EARFUL, at=now, version=last.version if last else 0)


def _row_body(row: Row) -> dict[str, object]:
    values = {behaviour.value: round(value, 6) for behaviour, value in row.values.items()}
    return {"start": row.start, "stop": row.stop, "lost": row.lost, "values": values}


def _rows(item: Kept) -> Iterable[Row]:
    told = item.body.get("rows")
    for body in told if isinstance(told, list) else []:
        values = {Behaviour(name): float(value) for name, value in body["values"].items()}
        yield Row(key=item.key, start=body["start"], stop=body["stop"], lost=body["lost"], values=values)
