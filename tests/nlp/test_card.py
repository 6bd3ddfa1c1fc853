"""A model whose files are not the ones its card names is refused in one clear line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from core.errors import ModelRefused
from core.labelling import LabelRequest
from nlp import open_labeller


def test_the_shipped_model_stays_small_and_says_how_good_it_is(shipped: Path) -> None:
    card = json.loads((shipped / "model.json").read_text(encoding="utf-8"))
    assert (shipped / "model.onnx").stat().st_size < 30_000_000
    assert card["scores"]["tweeteval_val"]["sentiment macro recall"]["value"] > 0.70
    assert card["base"]
    assert card["data"]
    assert card["limits"]


@pytest.mark.parametrize("name", ["model.json", "model.onnx", "tokenizer.json"])
def test_a_missing_file_is_refused(copied: Path, name: str) -> None:
    (copied / name).unlink()
    with pytest.raises(ModelRefused, match="--model"):
        open_labeller(copied)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_file_that_is_cut_short_is_refused(copied: Path, name: str) -> None:
    data = (copied / name).read_bytes()
    (copied / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(ModelRefused, match="cut short or changed"):
        open_labeller(copied)


def test_one_changed_bit_is_refused(copied: Path) -> None:
    data = bytearray((copied / "model.onnx").read_bytes())
    data[1_000_000] ^= 1
    (copied / "model.onnx").write_bytes(data)
    with pytest.raises(ModelRefused, match="cut short or changed"):
        open_labeller(copied)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2}', '{"format": 1}', "\x00"])
def test_a_card_that_is_none_is_refused(copied: Path, text: str) -> None:
    (copied / "model.json").write_text(text, encoding="utf-8")
    with pytest.raises(ModelRefused):
        open_labeller(copied)


def test_a_model_that_matches_its_card_but_is_no_model_is_refused(copied: Path) -> None:
    (copied / "model.onnx").write_bytes(b"not onnx")
    card = json.loads((copied / "model.json").read_text(encoding="utf-8"))
    card["files"]["model.onnx"] = hashlib.sha256(b"not onnx").hexdigest()
    (copied / "model.json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ModelRefused, match="does not load"):
        open_labeller(copied)


def test_a_head_that_was_not_trained_is_absent_from_the_answer(copied: Path) -> None:
    card = json.loads((copied / "model.json").read_text(encoding="utf-8"))
    card["heads"] = ["sentiment"]
    (copied / "model.json").write_text(json.dumps(card), encoding="utf-8")
    (answer,) = open_labeller(copied).label([LabelRequest(text="I like it very much")])
    assert set(answer.to_json()) == {"brand", "language", "model", "sentiment"}
