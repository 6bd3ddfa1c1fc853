"""Sentiment of a text as a whole: tweets, developers' comments, rated snippets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from nlp.training.rows import Row, Source, one_hot
from nlp.training.sources._files import lines, table, tsv

_TONES = ("negative", "neutral", "positive")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_SST = re.compile(r"__label__([1-5])\s+(.+)")
#: Mean ratings run from -4 to 4; within this of zero a text counts as neutral.
_NEUTRAL_RATING = 0.5


def semeval(data: Path) -> Iterator[Row]:
    """Read the tweets of SemEval-2013 to 2017 as rebuilt for TweetEval's train part."""
    for row in tsv(data / "tweeteval/sentiment/train_reconstructed.tsv"):
        text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), row["text"].replace('\\"', '"'))
        yield Row(source="semeval", source_id=row["tweet_id"], text=text, sentiment=one_hot(row["label"]))


def tweeteval_val(data: Path) -> Iterator[Row]:
    """Read TweetEval's val part: measured on, never trained on."""
    folder = data / "tweeteval/sentiment"
    labels = lines(folder / "val_labels.txt")
    for number, (text, label) in enumerate(zip(lines(folder / "val_text.txt"), labels, strict=True)):
        tone = one_hot(_TONES[int(label)])
        yield Row(source="tweeteval_val", source_id=str(number), text=text, sentiment=tone)


def senti4sd(data: Path) -> Iterator[Row]:
    """Read Stack Overflow posts; `id;label;text`."""
    for name in ("train3098itemPOLARITY.csv", "test1326itemPOLARITY.csv"):
        for line in lines(data / "senti4sd_so" / name):
            parts = line.strip().split(";", 2)
            if len(parts) == 3 and parts[1] in _TONES:  # noqa: PLR2004 - id, label, text
                yield Row(
                    source="senti4sd",
                    source_id=parts[0],
                    text=parts[2].strip('"'),
                    sentiment=one_hot(parts[1]),
                )


def sa4se(data: Path) -> Iterator[Row]:
    """Read code review, Jira and app review comments; the Stack Overflow parts overlap other sets."""
    for name in ("cr", "jira", "app"):
        rows = table(data / f"sa4se/{name}-test-sd.csv")
        for number, row in enumerate(rows):
            if row.get("Polarity") in _TONES and row.get("Text"):
                yield Row(
                    source="sa4se",
                    source_id=f"{name}/{number}",
                    text=row["Text"],
                    sentiment=one_hot(row["Polarity"]),
                )


def vader(data: Path) -> Iterator[Row]:
    """Read rated tweets and product review snippets; twenty people's ratings give the shares of tones."""
    for name in ("tweets", "amazonReviewSnippets"):
        path = data / f"vader/hutto_ICWSM_2014/{name}_GroundTruth.txt"
        ratings = data / f"vader/hutto_ICWSM_2014/{name}_anonDataRatings.txt"
        votes = {
            parts[0].lstrip("\ufeff"): parts[-1] for line in lines(ratings) if (parts := line.split("\t"))
        }
        for line in lines(path):
            parts = line.lstrip("\ufeff").strip().split("\t", 2)
            if len(parts) == 3 and parts[0] in votes:  # noqa: PLR2004 - id, mean, text
                yield Row(
                    source=f"vader_{name}",
                    source_id=parts[0],
                    text=parts[2],
                    sentiment=_shares(votes[parts[0]]),
                )


def sst(data: Path) -> Iterator[Row]:
    """Read film review sentences with five stars; the middle one is neutral."""
    for name in ("train", "dev"):
        for number, line in enumerate(lines(data / f"sst/sst_{name}.txt")):
            match = _SST.match(line)
            if match is None:
                continue
            stars, text = int(match[1]), match[2]
            # Two and four stars are half-hearted: some of the weight stays on neutral.
            share = {
                1: (1.0, 0.0, 0.0),
                2: (0.8, 0.2, 0.0),
                3: (0.1, 0.8, 0.1),
                4: (0.0, 0.2, 0.8),
                5: (0.0, 0.0, 1.0),
            }
            yield Row(source="sst", source_id=f"{name}/{number}", text=text, sentiment=share[stars])


def _shares(ratings: str) -> tuple[float, float, float]:
    votes = [int(vote) for vote in ratings.strip().strip("[]").split(",") if vote.strip()]
    mean = sum(votes) / len(votes)
    negative = sum(vote <= -1 for vote in votes) / len(votes)
    positive = sum(vote >= 1 for vote in votes) / len(votes)
    if abs(mean) < _NEUTRAL_RATING:
        # A single point off zero is how people rate plain statements too.
        negative, positive = negative / 2, positive / 2
    return (negative, 1.0 - negative - positive, positive)


SOURCES = [
    Source(name="semeval", licence="research release, widely used", ships=True, load=semeval),
    Source(
        name="tweeteval_val",
        licence="research release",
        ships=False,
        load=tweeteval_val,
        note="measured on only",
    ),
    Source(name="senti4sd", licence="MIT", ships=True, load=senti4sd),
    Source(name="sa4se", licence="none stated: weights only", ships=True, load=sa4se),
    Source(name="vader", licence="MIT", ships=True, load=vader),
    Source(name="sst", licence="research use: weights only", ships=True, load=sst, repeat=0.5),
]
