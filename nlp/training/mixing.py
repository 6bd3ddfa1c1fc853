"""Mix the data sets into one epoch, by rules written down here.

1. Only sets whose weights may ship; a development build may ask for more.
2. No text of a development set, in whatever set it turns up again.
3. One text in ten of every set is held out, chosen by its digest, so copies stay on one side.
4. Each set is seen `repeat` times an epoch: the whole part every row, the rest a seeded draw.
5. A text with several brands teaches more than one with a single brand: it is seen once more.
6. One question in twelve about a text with a single brand is asked without a brand, for that is asked too.
7. One in eight of the texts with other brands is shown without marking the others: a watch knows few.
8. Where a stage asks for it, a short text about a brand is shown beside another about other brands: what is
   said of those is not meant toward the target.
9. The rows about one text come side by side, so that training can tell its brands apart.
"""

from __future__ import annotations

import dataclasses
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from nlp.training.rows import Row, Source
from nlp.training.sources import all_sources

#: One in this many questions is asked without a brand.
UNASKED = 12
HALF = 0.5
#: One in this many rows hides its other brands.
HIDDEN_OTHERS = 8
#: Sets whose texts with several brands are seen once more: those labelled for this question.
SEVERAL = ("churn_read", "read", "authored")
#: Characters of a text that is shown beside another.
SHORT = 300


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mix:
    """All rows, parted."""

    train: Mapping[str, list[Row]]
    held_out: Mapping[str, list[Row]]
    development: Mapping[str, list[Row]]
    sources: Mapping[str, Source]


def read_all(data: Path, *, languages: Iterable[str] = ("en",)) -> Mix:
    """Read every source of `languages` below `data`; part it into train, held out and development rows."""
    wanted = set(languages)
    sources = {name: source for name, source in all_sources().items() if wanted & set(source.languages)}
    rows = {name: list(source.load(data)) for name, source in sources.items()}
    development = {name: rows[name] for name, source in sources.items() if not source.ships}
    barred = {row.key for group in development.values() for row in group}
    train: dict[str, list[Row]] = {}
    held_out: dict[str, list[Row]] = {}
    for name, source in sources.items():
        if source.ships:
            free = [(row, row.key) for row in rows[name]]
            free = [(row, key) for row, key in free if key not in barred]
            train[name] = [row for row, _ in free if not row.held_out]
            held_out[name] = [row for row, _ in free if row.held_out]
    return Mix(train=train, held_out=held_out, development=development, sources=sources)


def one_epoch(
    mix: Mix, seed: int, repeats: Callable[[str], float | None] = lambda _: None, *, beside: float = 0.0
) -> list[Row]:
    """Return the rows of one epoch in a seeded order; a share `beside` of the short ones beside another."""
    draw = random.Random(seed)  # noqa: S311 - a repeatable shuffle, not a secret
    epoch: list[Row] = []
    for name in sorted(mix.train):
        asked = repeats(name)
        repeat = mix.sources[name].repeat if asked is None else asked
        rows = mix.train[name]
        epoch += rows * int(repeat)
        epoch += draw.sample(rows, int(len(rows) * (repeat % 1)))
        if name.startswith(SEVERAL) and repeat:
            epoch += [row for row in rows if row.brand and row.others]
    epoch = shuffled_by_text(epoch, draw)
    if beside:
        short = [row for row in epoch if can_stand_beside(row)]
        epoch = [
            put_beside(row, draw.choice(short), draw)
            if can_stand_beside(row) and draw.random() < beside
            else row
            for row in epoch
        ]
    return [_varied(row, draw) for row in epoch]


def shuffled_by_text(epoch: list[Row], draw: random.Random) -> list[Row]:
    """Shuffle; the rows about one text stay side by side, so that they meet in one batch."""
    seen: Counter[tuple[str, str, str | None]] = Counter()
    texts: dict[tuple[str, str, int], list[Row]] = defaultdict(list)
    for row in epoch:
        question = (row.source, row.text, row.brand)
        texts[(row.source, row.text, seen[question])].append(row)
        seen[question] += 1
    groups = list(texts.values())
    draw.shuffle(groups)
    return [row for group in groups for row in group]


def can_stand_beside(row: Row) -> bool:
    """Tell whether a row can stand beside another: short, of the right kind, and its brand is named in it."""
    return (
        row.source.startswith(SEVERAL)
        and len(row.text) <= SHORT
        and row.brand is not None
        and row.brand.casefold() in row.text.casefold()
    )


def put_beside(row: Row, other: Row, draw: random.Random) -> Row:
    """Put a text about other brands before or after `row`; the answers toward its own brand stay."""
    brands = tuple(dict.fromkeys(name for name in (other.brand, *other.others) if name))
    own = {name.casefold() for name in (row.brand, *row.others) if name}
    if any(name in other.text.casefold() for name in own) or any(
        name.casefold() in row.text.casefold() for name in brands
    ):
        return row
    first, last = (row.text, other.text) if draw.random() < HALF else (other.text, row.text)
    # Which of the two is a question or praise is not told, so no intent is asked for.
    return dataclasses.replace(row, text=f"{first} {last}", others=(*row.others, *brands), intents={})


def _varied(row: Row, draw: random.Random) -> Row:
    if row.brand and not row.others and draw.randrange(UNASKED) == 0:
        return dataclasses.replace(row, brand=None)
    if row.others and draw.randrange(HIDDEN_OTHERS) == 0:
        return dataclasses.replace(row, others=())
    return row
