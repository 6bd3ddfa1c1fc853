"""Texts that nobody wrote just so: a sentence less than somebody's, or two texts beside each other.

Leaving a sentence out can turn every answer, so nobody's labels hold for them; a teacher answers them alone.
"""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Sequence

from nlp.training.mixing import can_stand_beside, put_beside
from nlp.training.rows import Row

#: One in this many changed texts is two texts, the others a sentence less.
TWO = 4
#: Shorter texts say nothing.
SHORTEST = 15
_BETWEEN = re.compile(r"(?<=[.!?])\s+")


def changed(rows: Sequence[Row], share: float, seed: int) -> list[Row]:
    """Return changed copies, without labels, of up to a share of the rows."""
    draw = random.Random(seed)  # noqa: S311 - repeatable, not a secret
    short = [row for row in rows if can_stand_beside(row)]
    made = []
    for row in draw.sample(rows, int(len(rows) * share)):
        if short and draw.randrange(TWO) == 0:
            other = put_beside(row, draw.choice(short), draw) if can_stand_beside(row) else row
        else:
            other = _a_sentence_less(row, draw)
        if other.text != row.text:
            made.append(dataclasses.replace(other, sentiment=None, churn=None, reason=None, intents={}))
    return made


def _a_sentence_less(row: Row, draw: random.Random) -> Row:
    """Leave a sentence out; the row itself where the brand or too much would go with it."""
    sentences = _BETWEEN.split(row.text)
    left_out = draw.randrange(len(sentences))
    text = " ".join(sentence for at, sentence in enumerate(sentences) if at != left_out)
    if row.brand is None or row.brand.casefold() not in text.casefold() or len(text) < SHORTEST:
        return row
    others = tuple(name for name in row.others if name.casefold() in text.casefold())
    return dataclasses.replace(row, text=text, others=others)
