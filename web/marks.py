"""Text with marked stretches, as pieces that a template can write out. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """Characters `start` to `end` of a text, and why they are marked."""

    start: int
    end: int
    kind: str
    #: What the reader is told on asking.
    title: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text whose characters all carry the same marks."""

    text: str
    kinds: tuple[str, ...] = ()
    title: str = ""


def pieces(text: str, marks: Iterable[Mark] = ()) -> list[Piece]:
    """Cut `text` where marks begin and end; marks may overlap, and what lies outside the text is left out."""
    inside = [
        Mark(max(0, mark.start), min(len(text), mark.end), mark.kind, mark.title)
        for mark in marks
        if mark.start < len(text) and mark.end > 0 and mark.start < mark.end
    ]
    edges = sorted({0, len(text), *(mark.start for mark in inside), *(mark.end for mark in inside)})
    found = []
    for start, end in itertools.pairwise(edges):
        over = [mark for mark in inside if mark.start <= start and mark.end >= end]
        kinds = tuple(sorted({mark.kind for mark in over}))
        found.append(
            Piece(text[start:end], kinds, "; ".join(dict.fromkeys(m.title for m in over if m.title)))
        )
    return found


def shifted(marks: Iterable[Mark], by: int) -> list[Mark]:
    """Return the marks moved by so many characters."""
    return [Mark(mark.start + by, mark.end + by, mark.kind, mark.title) for mark in marks]
