"""Why a label: which words moved it. Each is left out in turn and the change is measured, in one batch."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.labelling import LabelRequest
from core.labels import Span
from nlp.heads import CHURN, SENTIMENT
from nlp.marking import WINDOW, target_spans

if TYPE_CHECKING:
    from nlp.model import Floats, Model

#: Most parts of one text that are tried; a longer text is tried in parts of several words.
MAX_SPANS = 40
#: A change smaller than this is noise of the int8 arithmetic.
LEAST = 0.01

_WORD = re.compile(r"\S+")


def explained(
    model: Model, request: LabelRequest, answer: Floats
) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Return the parts that moved churn and the leading tone, strongest first.

    A weight is how much the probability falls when the part is left out; negative: it spoke against.
    """
    parts = _parts(request)
    if len(parts) < 2:  # noqa: PLR2004 - without its only word there is no text
        return (), ()
    text = request.text
    without = [dataclasses.replace(request, text=f"{text[:start]} {text[end:]}") for start, end in parts]
    changed = model.answer(without)
    tone = SENTIMENT.start + int(np.argmax(answer[SENTIMENT]))
    return _spans(parts, answer[CHURN] - changed[:, CHURN]), _spans(parts, answer[tone] - changed[:, tone])


def _parts(request: LabelRequest) -> list[tuple[int, int]]:
    """Part the text around the target into at most `MAX_SPANS` runs of words; the brand itself stays."""
    brand = target_spans(request.text, request.brand)
    centre = brand[0][0] if brand else 0
    start = max(0, centre - WINDOW // 2)
    words = [match.span() for match in _WORD.finditer(request.text, start, start + WINDOW)]
    words = [word for word in words if all(word[1] <= named[0] or named[1] <= word[0] for named in brand)]
    size = -(-len(words) // MAX_SPANS) or 1
    runs = [words[at : at + size] for at in range(0, len(words), size)]
    return [(run[0][0], run[-1][1]) for run in runs]


def _spans(parts: Sequence[tuple[int, int]], weights: Floats) -> tuple[Span, ...]:
    found = [
        Span(start=start, end=end, weight=float(weight))
        for (start, end), weight in zip(parts, weights, strict=True)
        if abs(weight) >= LEAST
    ]
    return tuple(sorted(found, key=lambda span: -abs(span.weight)))
