"""Which language a text is in; `und` where it is too short or too unsure to tell."""

from __future__ import annotations

import functools
import re
import threading
from typing import TYPE_CHECKING

from nlp.text import readable

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

UNKNOWN = "und"
#: Fewer letters than this say nothing sure, unless their script is not Latin.
MIN_LETTERS = 10
MIN_LETTERS_OTHER_SCRIPT = 4
#: A guess that is this sure counts. On tweets: en 99 % right, ar 97, fr 98, it 94, es 97, pt 88, de 87.
SURE = 0.5
#: So does one of our own languages that is this sure against the others of them: short texts need it.
SURE_AMONG_OURS = 0.7
OURS = frozenset({"en", "ar", "de", "es", "fr", "it", "pt"})
#: Dialects that the identifier tells apart and the models do not.
_DIALECTS = {"arz": "ar", "ary": "ar", "apc": "ar", "acm": "ar", "ajp": "ar", "pcm": "en"}
#: Characters that are looked at; more does not change the guess.
LOOKED_AT = 600

_NOISE = re.compile(r"[@#]\w+|\bhttp\b|[^\w\s']|\d|_")
_LATIN = re.compile("[a-z\u00c0-\u024f]", re.IGNORECASE)
_LOADING = threading.Lock()


def language_of(text: str) -> str:
    """Return the language's code of two letters, or `und`."""
    words = _NOISE.sub(" ", readable(text[: 2 * LOOKED_AT]))[:LOOKED_AT]
    letters = sum(character.isalpha() for character in words)
    latin = len(_LATIN.findall(words))
    enough = MIN_LETTERS if 2 * latin >= letters else MIN_LETTERS_OTHER_SCRIPT
    if letters < enough:
        return UNKNOWN
    shares: dict[str, float] = {}
    for name, share in _identifier().rank(words):
        language = _DIALECTS.get(name, name)
        shares[language] = shares.get(language, 0.0) + float(share)
    best = max(shares, key=lambda language: shares[language])
    ours = sum(shares.get(language, 0.0) for language in OURS)
    if shares[best] >= SURE or (best in OURS and shares[best] >= SURE_AMONG_OURS * ours):
        return best
    return UNKNOWN


def _identifier() -> LanguageIdentifier:
    # Two threads must not build it at once: it takes a second and 60 MB while it is read.
    with _LOADING:
        return _loaded()


@functools.cache
def _loaded() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - 100 ms

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
