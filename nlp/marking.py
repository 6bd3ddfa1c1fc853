"""Show the model which brand it is asked about: the target and the other brands become marks.

A brand's own name says nothing about the tone and is often one that the model has never seen, so the
name is replaced by its mark. The same sentence asked about two brands is then two different inputs.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from core.labelling import LabelRequest
from core.watch import Brand, name_pattern
from nlp.text import plain, readable

#: Two places that the base vocabulary keeps free.
TARGET = "[unused1]"
OTHER = "[unused2]"

#: Characters of text read at once: about 190 tokens of English.
WINDOW = 800
#: Most windows read of one text.
MAX_WINDOWS = 4
#: Characters of a text that are looked at for names at all.
MAX_TEXT = 200_000
#: Most other brands that are marked.
MAX_OTHERS = 100

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
#: What a list of brands adds to a name to tell it from others: `Acme (the airline)`.
_GLOSS = re.compile(r"\s+\([^()]*\)$")


def marked_windows(request: LabelRequest) -> list[str]:
    """Return the parts of a text around the target, cleaned, with the brands replaced by their marks.

    A text that fits in one window is read whole. Where the target is not named (a reply, a review of
    the app itself), its mark is put in front: the question is still about it.
    """
    text = readable(request.text[:MAX_TEXT])
    return [_marked(part, request.brand, request.others) for part in _windows(text, request.brand)]


def target_spans(text: str, brand: Brand | None) -> list[tuple[int, int]]:
    """Return where `text` names the brand."""
    if brand is None:
        return []
    pattern = _loose_pattern(brand.names, text)
    return [match.span() for match in pattern.finditer(text)] if pattern else []


def _windows(text: str, brand: Brand | None) -> list[str]:
    if len(text) <= WINDOW:
        return [text]
    found = [start for start, _ in target_spans(text, brand)] or [0, len(text)]
    starts: list[int] = []
    for position in found:
        start = max(0, min(position - WINDOW // 2, len(text) - WINDOW))
        if not starts or position >= starts[-1] + WINDOW:
            starts.append(start)
        if len(starts) == MAX_WINDOWS:
            break
    return [_whole_words(text, start, start + WINDOW) for start in starts]


def _whole_words(text: str, start: int, end: int) -> str:
    part = text[start:end]
    if start and (cut := part.find(" ", 0, 40)) > 0:
        part = part[cut:]
    if end < len(text) and (cut := part.rfind(" ", len(part) - 40)) > 0:
        part = part[:cut]
    return part


def _marked(text: str, brand: Brand | None, others: Sequence[Brand]) -> str:
    spans = [(start, end, TARGET) for start, end in target_spans(text, brand)]
    spans += _other_spans(text, others)
    # Of two names that overlap the longer one counts, and the target before an equal other.
    spans.sort(key=lambda span: (span[0] - span[1], span[2] != TARGET))
    taken: list[tuple[int, int, str]] = []
    for span in spans:
        if all(span[1] <= start or end <= span[0] for start, end, _ in taken):
            taken.append(span)
        if len(taken) >= MAX_OTHERS:
            break
    pieces: list[str] = []
    at = 0
    for start, end, mark in sorted(taken):
        pieces += [plain(text[at:start]), f" {mark} "]
        at = end
    pieces.append(plain(text[at:]))
    marked = "".join(pieces).strip()
    if brand is not None and TARGET not in marked:
        marked = f"{TARGET} : {marked}"
    return marked


def _other_spans(text: str, others: Sequence[Brand]) -> list[tuple[int, int, str]]:
    names = tuple(name for brand in others[:MAX_OTHERS] for name in _variants(brand.names))
    if not names:
        return []
    return [(*match.span(), OTHER) for match in name_pattern(names).finditer(text)]


def _loose_pattern(names: tuple[str, ...], text: str) -> re.Pattern[str] | None:
    """Return the strictest pattern that finds the brand: its full names, then their first or last words."""
    for candidates in (_variants(names), _shortened(names)):
        if candidates:
            pattern = name_pattern(candidates)
            if pattern.search(text):
                return pattern
    return None


@functools.lru_cache(maxsize=2048)
def _variants(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names without `@`, `#` or a gloss in brackets, and with CamelCase also taken apart."""
    bare = [_GLOSS.sub("", name.lstrip("@#")).strip() or name for name in names]
    return tuple(dict.fromkeys([*bare, *(_CAMEL.sub(" ", name) for name in bare)]))


@functools.lru_cache(maxsize=2048)
def _shortened(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names with their first or last word left out: `Apple iPhone X` is also `iPhone X`."""
    short: list[str] = []
    for name in names:
        words = name.lstrip("@#").split()
        if len(words) > 1 and words[0].casefold() not in {"the", "this", "my", "our", "your"}:
            short += [" ".join(words[1:]), " ".join(words[:-1])]
    return tuple(dict.fromkeys(name for name in short if len(name) >= 3))  # noqa: PLR2004 - "of", "X" match anywhere
