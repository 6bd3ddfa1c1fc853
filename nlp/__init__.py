"""Text in, labels out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ModelRefused

if TYPE_CHECKING:
    from core.labelling import Labeller

#: Where the shipped models lie.
MODELS = Path(__file__).parent / "models"
_ENGLISH, _SECOND = "earful-en", "earful-multi"


def open_labeller(path: Path | None = None, *, threads: int = 1, label_map: str | None = None) -> Labeller:
    """Open a model's folder; without a path, the newest that ships.

    A path without a card is taken for a Hugging Face sequence classifier, by directory or name; its
    classes are told by `label_map` where their names do not tell. That needs the `train` extra.

    Raises:
        ModelRefused: there is none, or its files are missing, broken or not the ones its card names.
    """
    from nlp.labeller import ShippedLabeller  # noqa: PLC0415 - importing nlp stays cheap

    if path is not None and _is_hugging(path, label_map):
        from nlp.hugging import HuggingLabeller  # noqa: PLC0415 - needs torch

        return HuggingLabeller(str(path), label_map=label_map, threads=threads)
    if path is not None:
        return ShippedLabeller(path, threads=threads)
    english = _newest(_ENGLISH)
    if english is None:
        raise ModelRefused(
            f"{MODELS} holds no {_ENGLISH}.vN: check the project out again or name a model with --model"
        )
    return ShippedLabeller(english, _newest(_SECOND), threads=threads)


def _is_hugging(path: Path, label_map: str | None) -> bool:
    """Tell whether a model is a Hugging Face one: a folder of theirs, or a name such as `owner/model`."""
    if (path / "model.json").exists():
        return False
    named = not path.exists() and re.fullmatch(r"[\w.-]+/[\w.-]+", str(path)) is not None
    return named or (path / "config.json").exists() or bool(label_map)


def model_name(folder: str = "") -> str:
    """Return the name that `open_labeller` would answer under, without opening any model.

    Args:
        folder: a model's folder as in the settings; empty for the shipped models.
    """
    if folder:
        return Path(folder).name
    names = [found.name for name in (_ENGLISH, _SECOND) if (found := _newest(name)) is not None]
    return "+".join(names)


def check_models(folder: str = "") -> None:
    """Return where the models' files are the ones that their cards name; nothing is loaded.

    Raises:
        ModelRefused: a file is missing, broken or another; the message says what to do.
    """
    from nlp.card import read_card  # noqa: PLC0415 - importing nlp stays cheap

    shipped = [found for name in (_ENGLISH, _SECOND) if (found := _newest(name)) is not None]
    for path in [Path(folder)] if folder else shipped:
        read_card(path)


def _newest(name: str) -> Path | None:
    versions = {
        int(found[1]): path
        for path in MODELS.glob(f"{name}.v*")
        if (found := re.search(r"\.v(\d+)$", path.name))
    }
    return versions[max(versions)] if versions else None
