"""One labelled text, as every data set is read into."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.labelling import LabelRequest
from core.labels import ChurnReason, Intent, Tone
from core.watch import Brand
from nlp.text import plain, readable

#: One text in ten is kept from training, by its own digest, so that no text stands on both sides.
HELD_OUT = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A text, the brand it is judged toward, and what a person said about it; None is not asked."""

    source: str
    source_id: str
    text: str
    brand: str | None = None
    others: tuple[str, ...] = ()
    #: Weight of each tone; a single one is 1.0 unless people disagreed.
    sentiment: tuple[float, float, float] | None = None
    churn: bool | None = None
    reason: ChurnReason | None = None
    #: Only the intents that this set was asked about.
    intents: Mapping[Intent, bool] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Digest of the cleaned text: equal for copies, retweets and other spellings of a link."""
        return text_key(self.text)

    @property
    def held_out(self) -> bool:
        """Whether the row is kept for measuring."""
        return int(self.key[:8], 16) % HELD_OUT == 0

    def request(self) -> LabelRequest:
        """Return the question that a labeller would be asked."""
        return LabelRequest(
            text=self.text,
            brand=Brand(name=self.brand) if self.brand else None,
            others=tuple(Brand(name=name) for name in self.others),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A data set: where it comes from, whether shipped weights may learn from it, and how it is read."""

    name: str
    licence: str
    #: False: development figures only.
    ships: bool
    load: Callable[[Path], Iterator[Row]]
    #: How often each row is seen in one epoch.
    repeat: float = 1.0
    languages: tuple[str, ...] = ("en",)
    #: Whether it holds labels only and finds their texts in the other sets.
    by_key: bool = False
    #: What of it is left out, and why it is weighted so.
    note: str = ""


def text_key(text: str) -> str:
    """Digest a text without regard to case, links, handles and spacing."""
    cleaned = plain(readable(text)).casefold().replace("@user", "").split()
    return hashlib.sha256(" ".join(cleaned).encode()).hexdigest()


def one_hot(tone: Tone | str) -> tuple[float, float, float]:
    """Return the certain distribution of one tone."""
    tones = list(Tone)
    at = tones.index(Tone(tone))
    return (float(at == 0), float(at == 1), float(at == 2))  # noqa: PLR2004 - three tones
