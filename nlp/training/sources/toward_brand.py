"""Sentiment toward a named thing: brand tweets, aspects of reviews, two things compared."""

from __future__ import annotations

import csv
import itertools
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from nlp.training.rows import Row, Source, one_hot
from nlp.training.sources._files import lines, table

_TONE_OF = {
    "Negative emotion": "negative",
    "No emotion toward brand or product": "neutral",
    "Positive emotion": "positive",
    "1": "negative",
    "3": "neutral",
    "5": "positive",
    "-1": "negative",
    "0": "neutral",
}
#: How the SXSW tweets name what an emotion is directed at, most specific first.
_DIRECTED = {
    "iPad or iPhone App": ("iPad app", "iPhone app", "app", "iPad", "iPhone"),
    "Other Google product or service": ("Google Maps", "Google Circles", "Circles", "Hotpot", "Google"),
    "Other Apple product or service": ("Apple store", "iTunes", "Apple"),
    "Android App": ("Android app", "Android", "app"),
}


def crowdflower_brands(data: Path) -> Iterator[Row]:
    """Read tweets of SXSW 2011 with the product that an emotion is directed at."""
    path = data / "crowdflower_brands/judge-1377884607_tweet_product_company.csv"
    for number, row in enumerate(table(path, encoding="latin-1")):
        tone = _TONE_OF.get(row["is_there_an_emotion_directed_at_a_brand_or_product"])
        text = row["tweet_text"]
        if tone is None or not text:
            continue
        brand = _named(row["emotion_in_tweet_is_directed_at"], text)
        yield Row(source="cf_brands", source_id=str(number), text=text, brand=brand, sentiment=one_hot(tone))


def crowdflower_apple(data: Path) -> Iterator[Row]:
    """Read tweets that name Apple or its share."""
    path = data / "crowdflower_apple/Apple-Twitter-Sentiment-DFE.csv"
    for row in table(path, encoding="latin-1"):
        tone = _TONE_OF.get(row["sentiment"])
        if tone is not None and row["text"]:
            yield Row(
                source="cf_apple",
                source_id=row["_unit_id"],
                text=row["text"],
                brand="Apple" if re.search("apple", row["text"], re.IGNORECASE) else "AAPL",
                sentiment=one_hot(tone),
            )


def acl14(data: Path) -> Iterator[Row]:
    """Read tweets with one target each, three lines a row."""
    yield from _segments(data / "absa_acl14_twitter/train.raw", "acl14")
    yield from _segments(data / "absa_acl14_twitter/test.raw", "acl14")


def semeval14(data: Path) -> Iterator[Row]:
    """Read laptop and restaurant reviews with one aspect each, three lines a row."""
    yield from _segments(data / "absa_semeval14/Laptops_Train.xml.seg", "laptops")
    yield from _segments(data / "absa_semeval14/Restaurants_Train.xml.seg", "restaurants")


def mams(data: Path) -> Iterator[Row]:
    """Read restaurant reviews in which at least two aspects are judged differently."""
    # The files are stored data sets, not input from outside; entities are not used in them.
    root = ET.parse(data / "mams/atsa_train.xml").getroot()  # noqa: S314
    for number, sentence in enumerate(root.iter("sentence")):
        text = sentence.findtext("text") or ""
        terms = [(term.get("term", ""), term.get("polarity", "")) for term in sentence.iter("aspectTerm")]
        for at, (term, polarity) in enumerate(terms):
            if polarity in {"negative", "neutral", "positive"} and term:
                others = tuple(other for other, _ in terms if other not in term and term not in other)
                yield Row(
                    source="mams",
                    source_id=f"{number}/{at}",
                    text=text,
                    brand=term,
                    others=others,
                    sentiment=one_hot(polarity),
                )


def compsent(data: Path) -> Iterator[Row]:
    """Read sentences that compare two things; the winner is praised, the loser is not."""
    for name in ("data.csv", "held-out-data.csv"):
        for row in table(data / f"compsent19/{name}"):
            verdict = row["most_frequent_label"]
            for at, (brand, other) in enumerate(itertools.permutations((row["object_a"], row["object_b"]))):
                wins = (verdict == "BETTER") == (at == 0)
                tone = "neutral" if verdict == "NONE" else "positive" if wins else "negative"
                # Losing a comparison is often said without a bad word, so some weight stays on neutral.
                share = (0.7, 0.3, 0.0) if tone == "negative" else (0.0, 0.3, 0.7)
                yield Row(
                    source="compsent",
                    source_id=f"{row['id']}/{at}",
                    text=row["sentence"],
                    brand=brand,
                    others=(other,),
                    sentiment=one_hot(tone) if tone == "neutral" else share,
                )


def _segments(path: Path, source: str) -> Iterator[Row]:
    rows = lines(path)
    for at in range(0, len(rows) - 2, 3):
        text, term, label = rows[at].strip(), rows[at + 1].strip(), rows[at + 2].strip()
        tone = {"1": "positive"}.get(label) or _TONE_OF.get(label)
        if tone is not None and term:
            yield Row(
                source=source,
                source_id=f"{path.stem}/{at // 3}",
                text=text.replace("$T$", f" {term} "),
                brand=term,
                sentiment=one_hot(tone),
            )


def _named(directed: str, text: str) -> str | None:
    for name in (*_DIRECTED.get(directed, (directed,)), "iPad", "iPhone", "Apple", "Google", "Android"):
        if name and name.casefold() in text.casefold():
            return name
    return None


csv.field_size_limit(10_000_000)

SOURCES = [
    Source(
        name="cf_brands", licence="CrowdFlower open data: weights only", ships=True, load=crowdflower_brands
    ),
    Source(
        name="cf_apple", licence="CrowdFlower open data: weights only", ships=True, load=crowdflower_apple
    ),
    Source(name="acl14", licence="none stated: weights only", ships=True, load=acl14),
    Source(name="semeval14", licence="research use: weights only", ships=True, load=semeval14),
    Source(
        name="mams",
        licence="Apache-2.0",
        ships=True,
        load=mams,
        repeat=0.6,
        note="restaurants: teaches that two things in one text are judged apart, little else",
    ),
    Source(name="compsent", licence="CC BY 4.0", ships=True, load=compsent),
]
