"""What somebody said, found wherever it was copied to: whole, shortened, folded, or a stretch of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from core.erasure import BLOT, in_every_text

#: Shorter texts are not looked for: they are words of everybody.
SHORTEST = 12
#: A stretch of so many characters, spaces left out, is theirs; looked for by windows of half of that.
STRETCH = 32
WINDOW = STRETCH // 2
#: Stands where a text was shortened, and goes with it.
CUT = "…"


@dataclass(frozen=True, slots=True)
class Said:
    """Texts of somebody."""

    texts: tuple[str, ...]
    #: What they call themselves, where that is two words or more; one word may be anybody.
    names: tuple[str, ...] = ()
    #: The texts without their spaces, and where in which of them each window begins first.
    _bare: list[str] = field(init=False, repr=False, compare=False, default_factory=list)
    _at: dict[str, list[tuple[int, int]]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Leave out what is too short, and learn the windows."""
        known = sorted({text for text in self.texts if len(text) >= SHORTEST}, key=len, reverse=True)
        object.__setattr__(self, "texts", tuple(known))
        full = {name for name in self.names if len(name.split()) > 1}
        object.__setattr__(self, "names", tuple(sorted(full, key=len, reverse=True)))
        for number, text in enumerate(known):
            bare = "".join(text.split())
            self._bare.append(bare)
            for begin in range(len(bare) - STRETCH + 1):
                self._at.setdefault(bare[begin : begin + WINDOW], []).append((number, begin))

    def out_of(self, value: object) -> object:
        """Return plain JSON values without what they said."""
        return in_every_text(value, self.cut_from)

    def cut_from(self, value: str) -> str:
        """Return a text without what they said."""
        for text in self.texts:
            value = value.replace(text, "")
        kept, last = list[str](), 0
        for begin, end in self.stretches(value):
            kept.append(value[last:begin])
            last = end + value.startswith(CUT, end)
        value = "".join([*kept, value[last:]]) if last else value
        for name in self.names:
            value = value.replace(name, BLOT * len(name))
        return value

    def nameless(self) -> Said:
        """Return the texts alone."""
        return replace(self, names=())

    def stretches(self, value: str) -> list[tuple[int, int]]:
        """Return where in a text stretches of theirs begin and end."""
        bare = "".join(value.split())
        found, place = list[tuple[int, int]](), 0
        # Every stretch of `STRETCH` holds a window that begins at a multiple of `WINDOW`.
        while place + WINDOW <= len(bare):
            begin, end = self._longest(bare, place)
            if end - begin >= STRETCH:
                found.append((begin, end))
            place = max(place + WINDOW, end // WINDOW * WINDOW)
        if not found:
            return []
        places = [at for at, sign in enumerate(value) if not sign.isspace()]
        return [(places[begin], places[end - 1] + 1) for begin, end in _apart(found)]

    def _longest(self, bare: str, place: int) -> tuple[int, int]:
        """Return the longest stretch around a window that they said, too."""
        best = (place, place)
        for number, where in self._at.get(bare[place : place + WINDOW], ()):
            theirs = self._bare[number]
            left, right = 0, WINDOW
            while left < min(place, where) and bare[place - left - 1] == theirs[where - left - 1]:
                left += 1
            most = min(len(bare) - place, len(theirs) - where)
            while right < most and bare[place + right] == theirs[where + right]:
                right += 1
            best = max(best, (place - left, place + right), key=lambda one: one[1] - one[0])
        return best


def _apart(found: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return stretches in order, those that touch as one."""
    joined = list[tuple[int, int]]()
    for begin, end in sorted(found):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined
