"""What an author wants, and texts that only sound like leaving."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from core.labels import Intent
from nlp.training.rows import Row, Source, one_hot
from nlp.training.sources._files import lines, loose_json, table

#: GoEmotions numbers its emotions in the order of labels.txt.
_PRAISE = {0, 15}  # admiration, gratitude
_QUESTION = {6, 7}  # confusion, curiosity
_COMPLAINT = {3, 9, 10}  # annoyance, disappointment, disapproval
_POSITIVE = {0, 1, 4, 13, 15, 17, 18, 20, 21, 23}
_NEGATIVE = {2, 3, 9, 10, 11, 12, 14, 16, 19, 24, 25}
_MIXED = {5, 6, 7, 8, 22, 26}
_GO_NEUTRAL = 27
#: Intents of a bank's customers that hold a word of leaving and yet leave nothing but one thing.
_STAYING = {"cancel_transfer", "cancel", "cancel_reservation", "freeze_account", "damaged_card"}
#: Questions taken per set; more would drown the rest in banking.
_EVERY = 5


def goemotions(data: Path) -> Iterator[Row]:
    """Read Reddit comments; emotions of one side only give a tone, three groups give an intent."""
    for line in lines(data / "goemotions/train.tsv"):
        text, labels, key = line.rstrip("\r").split("\t")
        emotions = {int(number) for number in labels.split(",")}
        yield Row(
            source="goemotions",
            source_id=key,
            text=text,
            sentiment=_tone(emotions),
            intents={
                Intent.PRAISE: bool(emotions & _PRAISE),
                Intent.QUESTION: text.rstrip().endswith("?") or bool(emotions & _QUESTION),
                Intent.COMPLAINT: bool(emotions & _COMPLAINT),
            },
        )


def complaints(data: Path) -> Iterator[Row]:
    """Read tweets to companies: complaint or none."""
    for row in table(data / "complaints_tweets/train.csv"):
        yield Row(
            source="complaints",
            source_id=row["id"],
            text=row["text"],
            intents={Intent.COMPLAINT: row["complaint"] == "1"},
        )


def app_reviews(data: Path) -> Iterator[Row]:
    """Read app reviews sorted into bug, feature and other."""
    for name in ("Bug", "Feature", "Rating", "UserExperience"):
        for item in loose_json(data / f"appreviews_maalej/{name}.json"):
            rating = int(cast("int", item.get("rating") or 0))
            text = " ".join(str(item[key]) for key in ("title", "comment") if item.get(key))
            intents = {Intent.BUG: name == "Bug", Intent.FEATURE_REQUEST: name == "Feature"}
            if name == "Rating":
                intents |= {Intent.PRAISE: rating >= 5, Intent.COMPLAINT: rating <= 2}  # noqa: PLR2004 - stars
            yield Row(
                source="maalej",
                source_id=f"{name}:{item['id']}",
                text=text,
                brand="this app",
                sentiment=_stars(rating),
                intents=intents,
            )


def purchase(data: Path) -> Iterator[Row]:
    """Read tweets about phones that their author may buy."""
    verdicts = {"yes": True, "PI": True, "no": False, "No PI": False}
    seen: set[str] = set()
    for number, row in enumerate(table(data / "purchase_intent_tweets/Annotated4.csv")):
        verdict = verdicts.get(row["class"])
        if verdict is not None and row["text"] not in seen:
            seen.add(row["text"])
            yield Row(
                source="purchase",
                source_id=str(number),
                text=row["text"],
                intents={Intent.PURCHASE_INTEREST: verdict},
            )


def banking(data: Path) -> Iterator[Row]:
    """Read questions to a bank: one intent of leaving, several that only cancel something."""
    for number, row in enumerate(table(data / "banking77/train.csv")):
        leaving = row["category"] == "terminate_account"
        staying = row["category"] in _STAYING
        if leaving or staying or number % _EVERY == 0:
            yield _asked("banking77", str(number), row["text"], churn=leaving)


def clinc(data: Path) -> Iterator[Row]:
    """Read requests to an assistant; none leaves, some cancel."""
    sets = json.loads((data / "clinc150/data_full.json").read_text(encoding="utf-8"))
    for number, (text, intent) in enumerate(sets["train"]):
        if intent in _STAYING or number % (4 * _EVERY) == 0:
            yield _asked("clinc150", str(number), text, churn=False)


def netflix(data: Path) -> Iterator[Row]:
    """Read app reviews with stars: the middle ones are left out, for they are anything."""
    for name, text_key, score_key in (
        ("netflix_aldyNaufal", "Review Text", "Score"),
        ("netflix_SamarpitKandhari", "content", "score"),
    ):
        for number, row in enumerate(table(data / f"appreviews_netflix/{name}.csv")):
            text, score = row[text_key], row[score_key]
            if number % _EVERY == 0 and score in {"1", "5"} and len(text.split()) > 4:  # noqa: PLR2004 - words
                yield Row(
                    source="netflix",
                    source_id=f"{name}/{number}",
                    text=text,
                    brand="Netflix",
                    sentiment=_stars(int(score)),
                )


def _asked(source: str, number: str, text: str, *, churn: bool) -> Row:
    starts = re.match(
        r"(?:how|what|why|when|where|who|can|could|is|are|do|does|did|will)\b", text, re.IGNORECASE
    )
    intents = {Intent.QUESTION: True} if text.rstrip().endswith("?") or starts else {}
    return Row(source=source, source_id=number, text=text, brand="the bank", churn=churn, intents=intents)


def _tone(emotions: set[int]) -> tuple[float, float, float] | None:
    if emotions == {_GO_NEUTRAL}:
        return one_hot("neutral")
    if emotions <= _POSITIVE:
        return one_hot("positive")
    if emotions <= _NEGATIVE:
        return one_hot("negative")
    return None


def _stars(stars: int) -> tuple[float, float, float] | None:
    return {1: (0.95, 0.05, 0.0), 2: (0.85, 0.15, 0.0), 5: (0.0, 0.05, 0.95)}.get(stars)


SOURCES = [
    Source(name="goemotions", licence="CC BY 4.0", ships=True, load=goemotions, repeat=0.4),
    Source(name="complaints", licence="none stated: weights only", ships=True, load=complaints),
    Source(name="maalej", licence="none stated: weights only", ships=True, load=app_reviews),
    Source(name="purchase", licence="MIT", ships=True, load=purchase),
    Source(name="banking77", licence="CC BY 4.0", ships=True, load=banking),
    Source(name="clinc150", licence="CC BY 3.0", ships=True, load=clinc),
    Source(name="netflix", licence="none stated: weights only", ships=True, load=netflix),
]
