"""Labels of our own: legal, joined to their texts, and without the texts of others."""

from __future__ import annotations

import collections
import csv
import json
from pathlib import Path

import pytest

import nlp
from core.labels import ChurnReason, Tone
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


def test_at_least_thirty_nine_hundred_texts_were_read_in_all() -> None:
    assert len({row["key"] for row in read_labels(*FILES)}) >= 3900


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


def test_at_least_eight_hundred_texts_were_written_each_by_itself() -> None:
    texts = [json.loads(line) for line in (DATA / "authored2.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len({text["text"] for text in texts}) == len(texts) >= 800
    openings = collections.Counter(" ".join(text["text"].split()[:4]).casefold() for text in texts)
    assert openings.most_common(1)[0][1] <= 12
    for text in texts:
        assert all(brand["name"].casefold() in text["text"].casefold() for brand in text["brands"])
