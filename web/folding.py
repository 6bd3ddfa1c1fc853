"""Long conversations folded, so that a page stays light however long they are. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from markupsafe import escape

from core.thread import Note
from web.conversation import Turn
from web.marks import Piece

#: Bytes that the turns of one page may weigh: with everything else on it, it stays below 150 KB.
BUDGET = 44_000
#: More turns are folded, however short: nobody reads them in one go.
MAX_TURNS = 18
#: Earlier versions of a mention shown at once, and the characters of each.
MOST_REVISIONS, MAX_REVISION = 4, 500
#: What surrounds the words of a turn, its labels, each further brand, and a marked stretch, in bytes.
FRAME, LABELS, BRAND, MARK = 1_200, 1_800, 600, 80
#: Bytes that the notes on one page may weigh, what surrounds each, and the characters shown of one.
NOTES, NOTE, MAX_NOTE = 12_000, 250, 1_500


@dataclass(frozen=True, kw_only=True, slots=True)
class Fold:
    """What is shown of a conversation."""

    turns: Sequence[Turn]
    total: int
    #: Which stretch of it, from 1; 0 for the telling turns out of all.
    part: int = 0
    parts: int = 1
    #: Place of the first turn, from 1.
    first: int = 1

    @property
    def partial(self) -> bool:
        """Whether something is folded away."""
        return len(self.turns) < self.total


def folded(found: Sequence[Turn], *, part: int = 0, at: str | None = None) -> Fold:
    """Return the stretch that is asked for or that a mention lies in, else the most telling turns.

    Args:
        found: the whole conversation in reading order.
        part: number of a stretch; what is beyond the last is the last.
        at: id of a mention that must be among what is shown.
    """
    if part < 1:
        telling = shortened(found)
        if at is None or _holds(telling, at) or not _holds(found, at):
            return Fold(turns=telling, total=len(found))
    parts = stretches(found)
    number = min(part, len(parts)) if part > 0 else _part_of(parts, at)
    before = sum(len(each) for each in parts[: number - 1])
    return Fold(turns=parts[number - 1], total=len(found), part=number, parts=len(parts), first=before + 1)


def shortened(found: Sequence[Turn]) -> Sequence[Turn]:
    """Return what fits in reading order: mentions and our own words before what only stands around."""
    order = sorted(range(len(found)), key=lambda number: (found[number].stored.context, number))
    kept = set(_fitting(order, lambda number: weight(found[number]), BUDGET))
    return [turn for number, turn in enumerate(found) if number in kept]


def stretches(found: Sequence[Turn]) -> list[Sequence[Turn]]:
    """Cut a conversation into stretches of consecutive turns that fit; one at least."""
    parts: list[Sequence[Turn]] = []
    start = 0
    while start < len(found):
        count = len(_fitting(range(start, len(found)), lambda number: weight(found[number]), BUDGET))
        parts.append(found[start : start + count])
        start += count
    return parts or [()]


def weight(turn: Turn) -> int:
    """Return roughly how many bytes a turn is on a page."""
    said = sum(map(_bytes, (*turn.title, *turn.text)))
    earlier = min(turn.stored.revision - 1, MOST_REVISIONS) * MAX_REVISION
    labels = LABELS + BRAND * (len(turn.labels) - 1) if turn.labels and not turn.stored.context else 0
    return FRAME + said + earlier + labels


def _bytes(piece: Piece) -> int:
    return len(str(escape(piece.text)).encode("utf-8", "replace")) + (MARK if piece.kinds else 0)


def newest_notes(notes: Sequence[Note]) -> Sequence[Note]:
    """Return the newest notes that fit on a page, in their order, long ones cut; one at least."""
    notes = [
        replace(each, text=f"{each.text[:MAX_NOTE]}…") if len(each.text) > MAX_NOTE else each
        for each in notes
    ]
    backwards = range(len(notes) - 1, -1, -1)
    kept = _fitting(backwards, lambda number: NOTE + _bytes(Piece(notes[number].text)), NOTES)
    return notes[len(notes) - len(kept) :]


def _fitting(numbers: Iterable[int], cost: Callable[[int], int], budget: int) -> list[int]:
    """Return the first numbers that fit together; one fits always."""
    kept: list[int] = []
    spent = 0
    for number in numbers:
        spent += cost(number)
        if kept and (spent > budget or len(kept) == MAX_TURNS):
            break
        kept.append(number)
    return kept


def _part_of(parts: Sequence[Sequence[Turn]], at: str | None) -> int:
    return next((number for number, part in enumerate(parts, 1) if _holds(part, at)), 1)


def _holds(turns: Sequence[Turn], at: str | None) -> bool:
    return any(turn.stored.mention.id == at for turn in turns)
