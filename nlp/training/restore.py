"""From a file that ships back to weights: training goes on where the last model stood.

Only the int8 file is kept of a model. What int8 lost is a third of a per cent of each weight, which the
next pass of training mends on its way.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper

from nlp.card import MODEL, read_card

Floats = NDArray[np.float32]
#: Linear layers of a block: the module's name and the multiplication's.
_LINEAR = (("attention.output.dense", "mixed"), ("intermediate.dense", "wide"), ("output.dense", "narrow"))
_HEADS = ("toward", "whole", "churn", "intents")


def weights_of(folder: Path) -> dict[str, Any]:
    """Return the weights of a shipped model as a `Network` holds them.

    Raises:
        ModelRefused: a file is missing, broken or not the one that the card names.
    """
    read_card(folder)
    graph = onnx.load(str(folder / MODEL)).graph
    stored = {weight.name: numpy_helper.to_array(weight) for weight in graph.initializer}
    layers = sum(name.endswith("intermediate.dense.bias") for name in stored)
    found = dict(_embeddings(stored))
    for number in range(layers):
        found |= dict(_layer(stored, number))
    for head in _HEADS:
        for part in (1, 4):
            found[f"{head}.{part}.weight"] = _multiplied(stored, f"{head}.{part}.weight.T").T
            found[f"{head}.{part}.bias"] = stored[f"{head}.{part}.bias"]
    return {name: torch.from_numpy(np.array(value, dtype=np.float32)) for name, value in found.items()}


def _embeddings(stored: dict[str, Any]) -> Iterator[tuple[str, Floats]]:
    base = "encoder.embeddings"
    yield f"{base}.word_embeddings.weight", stored["words_int8"].astype(np.float32) * stored["words_scale"]
    # The only segment is part of the place there.
    yield f"{base}.position_embeddings.weight", stored["places"]
    yield f"{base}.token_type_embeddings.weight", np.zeros((2, stored["places"].shape[1]), dtype=np.float32)
    for part in ("weight", "bias"):
        yield f"{base}.LayerNorm.{part}", stored[f"{base}.{part}"]


def _layer(stored: dict[str, Any], number: int) -> Iterator[tuple[str, Floats]]:
    base = f"encoder.encoder.layer.{number}"
    own = f"{base}.attention.self"
    joined = _multiplied(stored, f"{own}.weight") * _narrowed(stored, f"attention{number}")
    parts = zip(
        ("query", "key", "value"),
        np.split(joined, 3, axis=1),
        np.split(stored[f"{own}.bias"], 3),
        strict=True,
    )
    for part, weight, bias in parts:
        yield f"{own}.{part}.weight", weight.T
        yield f"{own}.{part}.bias", bias
    for module, name in _LINEAR:
        weight = _multiplied(stored, f"{base}.{module}.weight.T") * _narrowed(stored, f"{name}{number}")
        yield f"{base}.{module}.weight", weight.T
        yield f"{base}.{module}.bias", stored[f"{base}.{module}.bias"]
    for module in ("attention.output.LayerNorm", "output.LayerNorm"):
        for part in ("weight", "bias"):
            yield f"{base}.{module}.{part}", stored[f"{base}.{module}.{part}"]


def _multiplied(stored: dict[str, Any], name: str) -> Floats:
    if name in stored:
        exact: Floats = stored[name]
        return exact
    whole = stored[f"{name}_quantized"].astype(np.float32) - stored[f"{name}_zero_point"].astype(np.float32)
    weight: Floats = whole * stored[f"{name}_scale"]
    return weight


def _narrowed(stored: dict[str, Any], name: str) -> Floats:
    """Return by how much the channels that enter the multiplication were narrowed, as a column."""
    narrow = stored.get(f"{name}_narrow")
    column: Floats = np.ones((1, 1), dtype=np.float32) if narrow is None else narrow[:, None]
    return column
