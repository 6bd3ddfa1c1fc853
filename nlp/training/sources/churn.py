"""Churn, its reason and sentiment toward a brand: texts read by people, written texts, staged chats."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import cast

from core.labels import ChurnReason, Intent
from nlp.training.rows import Row, Source, one_hot
from nlp.training.sources._files import json_lines, lines, tsv
from nlp.training.sources._texts import texts_by_key

#: Labels of our own, without the text of others.
OWN = Path(__file__).resolve().parents[2] / "data"
_CHURN = {"1": True, "0": False, "a": None}


def churn_read(data: Path) -> Iterator[Row]:
    """Read the first hand-read texts."""
    yield from judged("churn_read", tsv(data / "churn_own/churn_read.tsv"))


def own_read(path: Path, data: Path) -> Iterator[Row]:
    """Read texts that this project read and labelled; a label whose text is not in `data` is left out."""
    texts = texts_by_key(data)
    found = ({**row, "text": texts[row["key"]]} for row in tsv(path) if row["key"] in texts)
    yield from judged(path.stem, found)


def churn_dev(data: Path) -> Iterator[Row]:
    """Read the development texts for churn: measured on, never trained on."""
    rows = (
        {**row, "churn": row["label"], "reason": "", "sentiment": "", "note": row["type"]}
        for row in tsv(data / "churn_own/churn_dev.tsv")
    )
    yield from judged("churn_dev", rows)


def b2b_real_dev(data: Path) -> Iterator[Row]:
    """Read sentences about software vendors: measured on, never trained on."""
    rows = ({**row, "source_id": row["id"]} for row in tsv(data / "churn_own/b2b_real_dev.tsv"))
    yield from judged("b2b_real_dev", rows)


def authored(data: Path) -> Iterator[Row]:
    """Read the written B2B texts that came with the data."""
    yield from _written("authored", json_lines(data / "b2b_authored.jsonl"))


def own_written(path: Path, _data: Path) -> Iterator[Row]:
    """Read written B2B texts of this project."""
    yield from _written(path.stem, json_lines(path))


def swisscom(data: Path) -> Iterator[Row]:
    """Read staged English chats with a telecom provider; the same text can stand twice with another brand."""
    for number, line in enumerate(lines(data / "churn_swisscom/EN_chatbot.csv")):
        cells = line.rstrip("\r").split("\t")
        if len(cells) == 4 and cells[2]:  # noqa: PLR2004 - text, language, brand, label
            yield Row(
                source="swisscom",
                source_id=str(number),
                text=cells[0],
                brand=cells[2],
                others=tuple(name for name in ("swisscom", "salt", "sunrise", "upc") if name != cells[2]),
                churn=cells[3] == "1",
            )


def judged(source: str, rows: Iterable[Mapping[str, str]]) -> Iterator[Row]:
    """Turn labels by the guide into rows; the other brands of a text are those it was judged toward."""
    by_text: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    for row in rows:
        by_text[row["text"]].append(row)
    for text, group in by_text.items():
        brands = [row["target"] for row in group]
        for at, row in enumerate(group):
            brand = None if row["target"] == "-" else row["target"]
            churn = _CHURN[row["churn"]]
            yield Row(
                source=source,
                source_id=f"{row['source']}/{row['source_id']}/{at}",
                text=text,
                brand=brand,
                others=tuple(name for name in dict.fromkeys(brands) if name not in {brand, "-"}),
                # Toward no brand the guide says neutral, which is not how the text as a whole sounds.
                sentiment=one_hot(row["sentiment"]) if row["sentiment"] and brand else None,
                churn=churn,
                reason=ChurnReason(row["reason"]) if row["reason"] and churn else None,
            )


def _written(source: str, texts: Iterable[Mapping[str, object]]) -> Iterator[Row]:
    for text in texts:
        brands = cast("list[dict[str, object]]", text["brands"])
        intents = cast("list[str]", text.get("intents") or [])
        names = [str(brand["name"]) for brand in brands]
        for at, brand in enumerate(brands):
            churn = _CHURN[str(brand["churn"])]
            yield Row(
                source=source,
                source_id=f"{text['id']}/{at}",
                text=str(text["text"]),
                brand=names[at],
                others=tuple(name for name in names if name != names[at]),
                sentiment=one_hot(str(brand["sentiment"])) if brand.get("sentiment") else None,
                churn=churn,
                reason=ChurnReason(str(brand["reason"])) if brand.get("reason") and churn else None,
                intents={intent: intent.value in intents for intent in Intent},
            )


def _own() -> Iterator[Source]:
    """Find our own labels: each `read*.tsv` and `authored*.jsonl` beside this package is one source."""
    for path in sorted(OWN.glob("read*.tsv")):
        yield Source(
            name=path.stem,
            licence="as each text's own set: weights only",
            ships=True,
            load=functools.partial(own_read, path),
            repeat=2,
            by_key=True,
        )
    for path in sorted(OWN.glob("authored*.jsonl")):
        yield Source(
            name=path.stem,
            licence="Apache-2.0 (this project)",
            ships=True,
            load=functools.partial(own_written, path),
            repeat=2,
        )


SOURCES = [
    Source(
        name="churn_read",
        licence="as each text's own set: weights only",
        ships=True,
        load=churn_read,
        repeat=2,
    ),
    Source(name="churn_dev", licence="development only", ships=False, load=churn_dev),
    Source(name="b2b_real_dev", licence="development only", ships=False, load=b2b_real_dev),
    Source(name="authored", licence="written for this project", ships=True, load=authored, repeat=2),
    Source(name="swisscom", licence="CC BY-SA 3.0", ships=True, load=swisscom),
    *_own(),
]
