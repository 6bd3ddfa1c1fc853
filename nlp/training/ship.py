"""Turn a trained network into a folder that ships: int8, calibrated, measured, with its card."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from core.labels import Tone
from nlp.card import CARD, FORMAT, MODEL, TOKENIZER, Calibration
from nlp.decoding import Floats, probabilities
from nlp.encoding import Encoder, Ids, batches, padded
from nlp.evaluation.items import Item
from nlp.evaluation.measure import DRAWS, Measured, measure
from nlp.heads import CHURN, INTENTS, REASONS
from nlp.marking import marked_windows
from nlp.model import Model
from nlp.training.calibrate import calibrate, is_among
from nlp.training.export import export_fp32, quantise, smoothing
from nlp.training.fit import MAX_LENGTH
from nlp.training.mixing import Mix
from nlp.training.network import Network
from nlp.training.rows import Row

#: No figure may lose more than this by going from fp32 to int8.
MOST_LOST = 0.005
#: Rows of each set that are looked at before quantising.
SEEN = 25
#: Most held-out rows of each set that are measured, and fewest that say anything.
MEASURED = 1000
FEWEST = 40
NOT_CALIBRATED_ON = frozenset({"banking77", "clinc150", "swisscom"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Identity:
    """What the card says about the model beyond what is measured."""

    name: str
    version: int
    base: str
    languages: tuple[str, ...]
    limits: tuple[str, ...]
    heads: tuple[str, ...] = ("sentiment", "churn", "reasons", "intents")
    #: Whether it learnt from texts in which a brand was marked.
    marks: bool = True


def ship(
    network: Network,
    encoder: Encoder,
    mix: Mix,
    identity: Identity,
    folder: Path,
    *,
    say: Callable[[str], None],
) -> None:
    """Write model, tokeniser and card into `folder`, and say what int8 cost."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder.save(folder / TOKENIZER)
    fp32 = folder / "fp32.onnx"
    export_fp32(network, fp32)
    seen = _seen(encoder, mix)
    export_fp32(network, fp32, smooth=smoothing(fp32, seen))
    quantise(fp32, folder / MODEL)
    _write(folder, identity, mix, calibration=Calibration(), scores={})
    sets = measured_sets(mix, identity.languages)
    small = _answers(Model(folder), sets)
    exact = _answers(Model(folder, weights=fp32), sets)
    fp32.unlink()
    calibration = _calibrated(sets, small)
    figures = {name: _figures(rows, small[name], calibration, identity) for name, rows in sets.items()}
    _write(folder, identity, mix, calibration=calibration, scores=figures)
    for name, rows in sets.items():
        before = _figures(rows, exact[name], calibration, identity, draws=2)
        for line in _lost(name, figures[name], before):
            say(line)


def _seen(encoder: Encoder, mix: Mix) -> list[tuple[Ids, Ids]]:
    """Return a few batches of what was trained on, to see how far activations swing."""
    rows = [row for group in mix.train.values() for row in group[:SEEN]]
    ids = encoder.encode([marked_windows(row.request())[0] for row in rows])
    return [padded([ids[at] for at in batch], encoder.pad_id) for batch in batches(ids)]


def measured_sets(mix: Mix, languages: Sequence[str]) -> dict[str, list[Row]]:
    """Return the sets that figures are given for: the development sets and the held-out tenths."""
    sets = {name: list(rows) for name, rows in mix.development.items()}
    sets |= {f"{name}, held out": list(rows[:MEASURED]) for name, rows in mix.held_out.items()}
    return {
        name: rows
        for name, rows in sets.items()
        if len(rows) >= FEWEST
        and set(mix.sources[name.removesuffix(", held out")].languages) & set(languages)
    }


def items_of(rows: Sequence[Row]) -> list[Item]:
    """Return rows as items of an evaluation; a tone that people disagreed on is the likeliest."""
    tones = list(Tone)
    return [
        Item(
            id=row.source_id,
            text=row.text,
            brand=row.brand,
            others=row.others,
            sentiment=None if row.sentiment is None else tones[int(np.argmax(row.sentiment))],
            churn=row.churn,
            reason=row.reason,
            intents=row.intents,
            source=row.source,
        )
        for row in rows
    ]


def _answers(model: Model, sets: Mapping[str, Sequence[Row]]) -> dict[str, Floats]:
    return {name: model.logits([row.request() for row in rows]) for name, rows in sets.items()}


def _calibrated(sets: Mapping[str, Sequence[Row]], logits: Mapping[str, Floats]) -> Calibration:
    # None of it was trained on. Churn is calibrated on what people really wrote and on written texts, not
    # on the many bank questions that never leave.
    names = [name for name in sets if name.removesuffix(", held out") not in NOT_CALIBRATED_ON]
    rows = [row for name in names for row in sets[name]]
    return calibrate(rows, np.concatenate([logits[name] for name in names]))


def _figures(
    rows: Sequence[Row], logits: Floats, calibration: Calibration, identity: Identity, *, draws: int = DRAWS
) -> dict[str, Measured]:
    p = _by_target(rows, logits, calibration)
    if "churn" not in identity.heads:
        p[:, CHURN:] = np.nan
    return measure(items_of(rows), p, draws=draws)


def _by_target(rows: Sequence[Row], logits: Floats, calibration: Calibration) -> Floats:
    toward = np.array([row.brand is not None for row in rows])[:, None]
    among = np.array([is_among(row) for row in rows])[:, None]
    alone = probabilities(logits, calibration, toward=True)
    beside = probabilities(logits, calibration, toward=True, among=True)
    whole = probabilities(logits, calibration, toward=False)
    chosen: Floats = np.where(toward, np.where(among, beside, alone), whole)
    return chosen


def _lost(name: str, after: Mapping[str, Measured], before: Mapping[str, Measured]) -> list[str]:
    """Say how much each main figure changes from fp32 to int8, on the same texts."""
    lines = []
    for figure in ("sentiment macro recall", "sentiment macro F1", "churn F1"):
        if figure in after:
            change = after[figure].value - before[figure].value
            mark = " TOO MUCH" if change < -MOST_LOST else ""
            lines.append(f"int8 against fp32, {name}: {figure} {change:+.4f}{mark}")
    return lines


def _write(
    folder: Path,
    identity: Identity,
    mix: Mix,
    *,
    calibration: Calibration,
    scores: Mapping[str, Mapping[str, Measured]],
) -> None:
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (MODEL, TOKENIZER)}
    card = {
        "format": FORMAT,
        "name": identity.name,
        "version": identity.version,
        "base": identity.base,
        "languages": list(identity.languages),
        "max_length": MAX_LENGTH,
        "heads": list(identity.heads),
        "marks": identity.marks,
        "labels": {
            "sentiment": [tone.value for tone in Tone],
            "reasons": [reason.value for reason in REASONS],
            "intents": [intent.value for intent in INTENTS],
        },
        "files": files,
        "calibration": dataclasses.asdict(calibration),
        "data": [
            {"name": name, "licence": mix.sources[name].licence, "rows": len(rows)}
            for name, rows in mix.train.items()
            if rows
        ],
        "scores": {
            name: {figure: value.to_json() for figure, value in figures.items()}
            for name, figures in scores.items()
        },
        "limits": list(identity.limits),
    }
    (folder / CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
