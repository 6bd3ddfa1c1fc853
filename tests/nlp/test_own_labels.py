"""Labels of our own: legal, joined to their texts, and without the texts of others."""

from __future__ import annotations

import collections
import csv
import json
from pathlib import Path

import nlp
from core.labels import ChurnReason, Tone

DATA = Path(nlp.__file__).parent / "data"


def read_labels() -> list[dict[str, str]]:
    with (DATA / "read2.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_at_least_two_thousand_texts_were_read_and_every_label_is_legal() -> None:
    rows = read_labels()
    assert len({row["key"] for row in rows}) >= 2000
    assert {row["churn"] for row in rows} == {"0", "1", "a"}
    assert {row["sentiment"] for row in rows} == {tone.value for tone in Tone}
    assert {row["reason"] for row in rows} <= {reason.value for reason in ChurnReason} | {""}
    assert all(row["churn"] == "1" or not row["reason"] for row in rows)


def test_the_labels_hold_no_text_of_others() -> None:
    assert set(read_labels()[0]) == {
        "source",
        "source_id",
        "key",
        "target",
        "churn",
        "reason",
        "sentiment",
        "note",
    }
    assert max(len(row["note"]) for row in read_labels()) < 120


def test_at_least_eight_hundred_texts_were_written_each_by_itself() -> None:
    texts = [json.loads(line) for line in (DATA / "authored2.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len({text["text"] for text in texts}) == len(texts) >= 800
    openings = collections.Counter(" ".join(text["text"].split()[:4]).casefold() for text in texts)
    assert openings.most_common(1)[0][1] <= 12
    for text in texts:
        assert all(brand["name"].casefold() in text["text"].casefold() for brand in text["brands"])
