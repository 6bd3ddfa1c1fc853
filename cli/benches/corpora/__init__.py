"""Invented corpora of any size for the benchmarks: the same seed gives the same mentions."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from core.labels import Churn, ChurnReason, Intent, Labels, Sentiment
from core.mention import Author, Engagement, Kind, Mention
from core.source import Found
from core.watch import Brand, Watch

#: When every corpus ends; nothing in a benchmark looks at the clock for it.
END = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
#: How long a corpus reaches back.
SPAN = timedelta(days=365)
PRODUCT, RIVAL = "Acme", "Globex"
WATCH = Watch(id="acme", product=Brand(name=PRODUCT), rivals=(Brand(name=RIVAL),), own_handles=("acmehelp",))
SOURCES = ("reddit", "hackernews", "mastodon", "stackexchange", "lemmy", "github", "feed", "appstore")
LANGUAGES = ("en", "en", "en", "en", "en", "en", "de", "fr", "es", None)
#: Words that stand in exactly so many mentions of a corpus of any size that has room for them.
PLANTED = (5, 50, 500, 5_000)
#: A phrase that stands in fifty mentions.
PHRASE = "zqone zqtwo zqthree"
#: Different words, how steep their frequencies fall (Zipf), and how long texts are (log-normal).
VOCABULARY, STEEPNESS = 40_000, 1.05
MEDIAN_WORDS, SPREAD, MOST_WORDS = 24, 0.75, 400
#: Words drawn together.
DRAWN = 200_000
MODEL = "bench.v1"

#: A thread that is still talked in: its source, its id, and the last word in it.
_Talk = tuple[str, str, str]


def word(rank: int) -> str:
    """Return the word of a rank: 0 is the commonest. Speakable, and longer the rarer it is."""
    syllables = ("ka", "ri", "to", "men", "sul", "ve", "lo", "ning", "pra", "ste", "du", "hal", "is", "gor")
    letters, number = "", rank + len(syllables)
    while number:
        number, part = divmod(number, len(syllables))
        letters += syllables[part]
    return letters


@dataclass
class Corpus:
    """Mentions in the order in which spiders would bring them: oldest first."""

    size: int
    seed: int = 7
    #: Thread ids with their sizes, filled while mentions are made.
    threads: dict[str, int] = field(default_factory=dict)

    @cached_property
    def words(self) -> list[str]:
        """The vocabulary, commonest first."""
        return [word(rank) for rank in range(VOCABULARY)]

    @cached_property
    def planted(self) -> dict[int, list[str]]:
        """The planted words by the number of the mention that holds them."""
        rnd = random.Random(self.seed + 1)  # noqa: S311 — invented texts, not secrets
        found: dict[int, list[str]] = {}
        marks = [(f"zqhit{count}", count) for count in PLANTED] + [(PHRASE, PLANTED[1])]
        for text, count in marks:
            for number in rnd.sample(range(self.size), min(count, self.size // 2)):
                found.setdefault(number, []).append(text)
        return found

    def founds(self) -> Iterator[Found]:
        """Yield every mention, as a spider hands it over."""
        rnd = random.Random(self.seed)  # noqa: S311 — invented texts, not secrets
        stream = self._stream(rnd)
        talks: list[_Talk] = []
        people = max(10, self.size // 4)
        for number in range(self.size):
            length = min(MOST_WORDS, max(3, int(rnd.lognormvariate(math.log(MEDIAN_WORDS), SPREAD))))
            person = int((rnd.paretovariate(1.2) - 1) * self.size / 200) % people
            yield self._found(number, list(itertools.islice(stream, length)), person, rnd, talks)

    def _stream(self, rnd: random.Random) -> Iterator[str]:
        weights = list(itertools.accumulate((rank + 1) ** -STEEPNESS for rank in range(VOCABULARY)))
        while True:
            yield from rnd.choices(self.words, cum_weights=weights, k=DRAWN)

    def _found(
        self, number: int, said: list[str], person: int, rnd: random.Random, talks: list[_Talk]
    ) -> Found:
        """Make one mention; three of four answer in a thread that is still talked in."""
        chance = [rnd.random() for _ in range(6)]
        own = chance[4] < 0.02  # noqa: PLR2004 — two of a hundred words are ours
        context = not own and chance[4] > 0.93  # noqa: PLR2004 — seven of a hundred stand there for the thread
        brand = RIVAL if chance[0] < 0.12 else PRODUCT  # noqa: PLR2004
        said = [*said[:2], *([] if context else [brand]), *said[2:], *self.planted.get(number, ())]
        reply = bool(talks) and chance[1] < 0.75  # noqa: PLR2004
        source = SOURCES[int(chance[2] * len(SOURCES))]
        thread_id = parent = f"{source}:{number}"
        if reply:
            # Young threads are talked in most: long ones grow, most stay short.
            place = int(chance[3] ** 4 * len(talks))
            source, thread_id, parent = talks[-1 - place]
            talks[-1 - place] = (source, thread_id, f"{source}:{number}")
        else:
            talks.append((source, thread_id, thread_id))
            del talks[:-300]
        self.threads[thread_id] = self.threads.get(thread_id, 0) + 1
        mention = Mention(
            id=f"{source}:{number}",
            source=source,
            native_id=str(number),
            kind=Kind.COMMENT if reply else Kind.POST,
            url=f"https://{source}.example/item/{number}",
            thread_id=thread_id,
            parent_id=parent if reply else None,
            author=Author(
                id=f"u{person}", handle="acmehelp" if own else f"person{person}", followers=person % 997
            ),
            title=None if reply else " ".join(said[:6]),
            text=" ".join(said) + ".",
            language=LANGUAGES[int(chance[5] * len(LANGUAGES))],
            published_at=END - SPAN + number * SPAN / self.size,
            engagement=Engagement(score=person % 50, replies=person % 7),
        )
        return Found(mention=mention, watch_id=WATCH.id, context=context, own=own)


def labels_for(number: int, brand: str, language: str | None = None) -> Labels:
    """Return what a model might say about a mention, the same for the same number."""
    roll = (number * 2_654_435_761 >> 7) % 1_000 / 1_000
    negative = round(0.9 * roll, 4)
    positive = round((1 - negative) * 0.6, 4)
    churn = round(roll**4, 4)
    return Labels(
        brand=brand,
        model=MODEL,
        language=language or "en",
        sentiment=Sentiment(negative=negative, positive=positive, neutral=round(1 - negative - positive, 4)),
        churn=Churn(p=churn, reasons={ChurnReason.SWITCHING: 0.7} if churn > 0.5 else {}),  # noqa: PLR2004
        intents={Intent.QUESTION: round(1 - roll, 4), Intent.COMPLAINT: round(roll, 4)},
    )
