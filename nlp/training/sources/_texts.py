"""Find the texts that our own labels belong to; the labels are committed, the texts of others are not."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

from nlp.training.sources._files import table, tsv

#: Hex digits of a text's digest in our label files: one clash in 10^14 among these texts.
DIGITS = 16
#: Reviews beside those of the pools: file below `data`, and the column that the text stands in.
REVIEWS = {
    "appreviews_netflix/netflix_aldyNaufal": "Review Text",
    "appreviews_netflix/netflix_SamarpitKandhari": "content",
    "appreviews_spotify/spotify_delinak_raw_cleaned": "content",
    "appreviews_spotify/spotify_RoopeshSinghal": "Review",
    "appreviews_spotify/spotify_tj2192": "content",
}


def letters_key(text: str) -> str:
    """Digest a text by its letters and digits alone, so that quoting and spacing do not matter."""
    letters = "".join(character for character in text.casefold() if character.isalnum())
    return hashlib.sha256(letters.encode("utf-8", errors="replace")).hexdigest()[:DIGITS]


@functools.lru_cache(maxsize=2)
def texts_by_key(data: Path) -> dict[str, str]:
    """Index every text below `data` that a label of ours may belong to."""
    return {letters_key(text): text for text in _texts(data)}


def _texts(data: Path) -> Iterator[str]:
    from nlp.training.sources import all_sources  # noqa: PLC0415 - the registry imports this package's modules

    for source in all_sources().values():
        if not source.by_key:
            yield from (row.text for row in source.load(data))
    for name, column in REVIEWS.items():
        yield from (row[column] for row in table(data / f"{name}.csv"))
    # Last, so that the pools' own wording of a text counts.
    for name in ("churn_pool_unlabelled", "b2b_pool_unlabelled"):
        yield from (row["text"] for row in tsv(data / f"churn_own/{name}.tsv"))
