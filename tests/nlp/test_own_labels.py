"""Labels of our own: legal, joined to their texts, and without the texts of others."""

from __future__ import annotations

import collections
import csv
import json
from pathlib import Path
from typing import Any

import pytest

import nlp
from core.labels import ChurnReason, Intent, Tone
from nlp.training.sources._texts import texts_by_key

DATA = Path(nlp.__file__).parent / "data"
#: Somebody who reviews a product on its own page need not name it; "-" is no brand.
UNNAMED = {"Netflix", "Spotify", "this product", "this app", "-"}


#: Every file of labels that this project read, by its name.
FILES = sorted(DATA.glob("read*.tsv"))


def read_labels(*paths: Path) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            rows += csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
    return rows


def test_at_least_forty_five_hundred_texts_were_read_in_all() -> None:
    assert len({row["key"] for row in read_labels(*FILES)}) >= 4500


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_label_is_legal_and_given_once(path: Path) -> None:
    rows = read_labels(path)
    assert {row["churn"] for row in rows} == {"0", "1", "a"}
    assert {row["sentiment"] for row in rows} == {tone.value for tone in Tone}
    assert {row["reason"] for row in rows} <= {reason.value for reason in ChurnReason} | {""}
    assert all(row["churn"] == "1" or not row["reason"] for row in rows)
    assert len({(row["key"], row["target"]) for row in rows}) == len(rows)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_labels_hold_no_text_of_others(path: Path) -> None:
    rows = read_labels(path)
    assert set(rows[0]) == {"source", "source_id", "key", "target", "churn", "reason", "sentiment", "note"}
    assert max(len(row["note"]) for row in rows) < 120


def test_no_text_was_read_for_two_files() -> None:
    keys = [{row["key"] for row in read_labels(path)} for path in FILES]
    assert sum(map(len, keys)) == len(set().union(*keys))


def letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_labels_find_their_texts_and_the_brand_in_them(path: Path, shared: Path) -> None:
    texts = texts_by_key(shared)
    rows = read_labels(path)
    found = [row for row in rows if row["key"] in texts]
    assert len(rows) - len(found) <= 5
    for row in found:
        assert row["target"] in UNNAMED or letters(row["target"]) in letters(texts[row["key"]]), row


WRITTEN = sorted(DATA.glob("authored*.jsonl"))
AT_LEAST = {"authored2": 800, "authored3": 1_100, "authored4": 3_500, "authored5": 4_200, "authored6": 5_700}


def read_written(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_the_written_texts_are_enough_and_each_by_itself(path: Path) -> None:
    texts = read_written(path)
    assert len({text["text"] for text in texts}) == len(texts) >= AT_LEAST[path.stem]
    openings = collections.Counter(" ".join(text["text"].split()[:4]).casefold() for text in texts)
    assert openings.most_common(1)[0][1] <= 12


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_every_label_of_a_written_text_is_legal_and_its_brand_is_named(path: Path) -> None:
    for text in read_written(path):
        assert set(text["intents"]) <= {intent.value for intent in Intent}, text["id"]
        assert text["brands"], text["id"]
        for brand in text["brands"]:
            assert brand["name"].casefold() in text["text"].casefold(), text["id"]
            assert brand["sentiment"] in {tone.value for tone in Tone}, text["id"]
            assert (brand["reason"] in set(ChurnReason)) == (brand["churn"] == 1), text["id"]


def test_no_text_was_written_twice_and_no_id_given_twice() -> None:
    texts = [text for path in WRITTEN for text in read_written(path)]
    assert len({text["id"] for text in texts}) == len(texts)
    assert len({text["text"].casefold() for text in texts}) == len(texts)
