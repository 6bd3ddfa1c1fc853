"""The card beside a model (`model.json`): what it is, how good, and which bytes belong to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from core.errors import ModelRefused

CARD = "model.json"
MODEL = "model.onnx"
TOKENIZER = "tokenizer.json"
#: Version of the card's own form.
FORMAT = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Platt:
    """A straight line on a logit that makes its probability honest."""

    scale: float = 1.0
    shift: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """How raw outputs become probabilities that mean what they say."""

    #: Divide the sentiment logits: of a text as a whole, toward a brand, and toward one of several.
    whole_temperature: float = 1.0
    toward_temperature: float = 1.0
    among_temperature: float = 1.0
    churn: Platt = field(default_factory=Platt)
    intents: Mapping[str, Platt] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """One model's card."""

    folder: Path
    name: str
    version: int
    languages: tuple[str, ...]
    max_length: int
    #: Heads that were trained; the others are left out of every answer.
    heads: tuple[str, ...]
    files: Mapping[str, str]
    calibration: Calibration
    #: False: it never saw a marked brand, so a text is read as a whole whoever is asked about.
    marks: bool = True

    @property
    def model(self) -> str:
        """`name.vN`, as labels carry it."""
        return f"{self.name}.v{self.version}"


def read_card(folder: Path) -> Card:
    """Read a model's card and check every file against it.

    Raises:
        ModelRefused: the card or a file is missing, unreadable, cut short or not the one it names.
    """
    path = folder / CARD
    mend = f"put the folder back (`git checkout -- {folder.name}`) or choose another with --model"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelRefused(f"{folder} holds no {CARD}, so it is no model: {mend}") from None
    except (OSError, ValueError) as error:
        raise ModelRefused(f"{path} cannot be read ({error}): {mend}") from error
    try:
        card = _card(folder, data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelRefused(f"{path} is not a card of form {FORMAT} ({error}): {mend}") from error
    for name, digest in card.files.items():
        _check(folder / name, digest, mend)
    return card


def _card(folder: Path, data: Mapping[str, object]) -> Card:
    if data["format"] != FORMAT:
        raise ValueError(f"its form is {data['format']}; a newer Earful wrote it")
    files = {str(name): str(digest) for name, digest in cast("dict[str, str]", data["files"]).items()}
    if not {MODEL, TOKENIZER} <= set(files):
        raise ValueError(f"it names no {MODEL} and {TOKENIZER}")
    return Card(
        folder=folder,
        name=str(data["name"]),
        version=int(cast("int", data["version"])),
        languages=tuple(cast("list[str]", data["languages"])),
        max_length=int(cast("int", data["max_length"])),
        heads=tuple(cast("list[str]", data["heads"])),
        files=files,
        calibration=_calibration(cast("dict[str, object]", data["calibration"])),
        marks=bool(data.get("marks", True)),
    )


def _calibration(data: Mapping[str, object]) -> Calibration:
    intents = cast("dict[str, dict[str, float]]", data["intents"])
    return Calibration(
        whole_temperature=float(cast("float", data["whole_temperature"])),
        toward_temperature=float(cast("float", data["toward_temperature"])),
        # Models before the third English one had one temperature for both.
        among_temperature=float(cast("float", data.get("among_temperature", data["toward_temperature"]))),
        churn=Platt(**cast("dict[str, float]", data["churn"])),
        intents={name: Platt(**line) for name, line in intents.items()},
    )


def _check(path: Path, digest: str, mend: str) -> None:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelRefused(f"{path} cannot be read ({error.strerror}): {mend}") from error
    if found != digest:
        size = path.stat().st_size
        raise ModelRefused(
            f"{path} ({size:,} bytes) is not the file that its card names: it is cut short or changed; {mend}"
        )
