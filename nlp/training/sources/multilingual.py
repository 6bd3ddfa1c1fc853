"""Tweets and chats in other languages, for the second model."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

from nlp.training.rows import Row, Source, one_hot
from nlp.training.sources._files import lines

_LANGUAGES = {
    "arabic": "ar",
    "french": "fr",
    "german": "de",
    "italian": "it",
    "portuguese": "pt",
    "spanish": "es",
}
_TONES = ("negative", "neutral", "positive")


def umsab(data: Path, *, language: str, part: str) -> Iterator[Row]:
    """Read one language's tweets, a third of each tone."""
    folder = data / "umsab" / language
    labels = lines(folder / f"{part}_labels.txt")
    for number, (text, label) in enumerate(zip(lines(folder / f"{part}_text.txt"), labels, strict=True)):
        yield Row(
            source=f"umsab_{_LANGUAGES[language]}",
            source_id=f"{part}/{number}",
            text=text,
            sentiment=one_hot(_TONES[int(label)]),
        )


def swisscom_german(data: Path) -> Iterator[Row]:
    """Read staged German chats with a telecom provider."""
    for number, line in enumerate(lines(data / "churn_swisscom/DE_chatbot.csv")):
        cells = line.rstrip("\r").split("\t")
        if len(cells) == 4 and cells[2]:  # noqa: PLR2004 - text, language, brand, label
            yield Row(
                source="swisscom_de",
                source_id=str(number),
                text=cells[0],
                brand=cells[2],
                churn=cells[3] == "1",
            )


SOURCES = [
    *(
        Source(
            name=f"umsab_{code}{'' if part == 'train' else '_val'}",
            licence="research release",
            ships=part == "train",
            load=functools.partial(umsab, language=language, part=part),
            languages=(code,),
            note="" if part == "train" else "measured on only",
        )
        for language, code in _LANGUAGES.items()
        for part in ("train", "val")
    ),
    Source(name="swisscom_de", licence="CC BY-SA 3.0", ships=True, load=swisscom_german, languages=("de",)),
]
