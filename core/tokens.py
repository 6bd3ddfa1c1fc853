"""Tokens: how a text becomes words that can be searched. The same in every store."""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from typing import NamedTuple

#: Scripts written without spaces (Japanese, Chinese, Thai, Lao, Burmese, Khmer): each character is a token
#: of its own, a word of several is a phrase.
UNSPACED = (
    "\u3040-\u30ff\uff66-\uff9f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f"
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
)
#: Voicing marks of Japanese, apart from their letter: full and half width.
VOICING = "\u3099\u309a\uff9e\uff9f"
#: Soft hyphen, (non-)joiner and word joiner: they stand inside words and are no part of them.
INVISIBLE = "\u00ad\u200c\u200d\u2060"


def _marks() -> str:
    r"""Return every combining mark of the basic plane as ranges; `\w` leaves them out, words do not."""
    basic = map(chr, range(0x300, 0x10000))
    runs = itertools.groupby(basic, key=lambda character: unicodedata.category(character)[0] == "M")
    found = [list(run) for is_mark, run in runs if is_mark]
    return "".join(f"{run[0]}-{run[-1]}" for run in found)


TOKEN = re.compile(rf"[{UNSPACED}][{VOICING}]?|(?:(?![{UNSPACED}_])[\w{_marks()}{INVISIBLE}])+")

#: Longest token indexed, in characters; what is longer is cut, as in every engine.
MAX_TOKEN = 64

#: Letters that only stretch a word: the Arabic tatweel.
_STRETCH = "\u0640"


class Token(NamedTuple):
    """A folded word and where it stands in the text."""

    text: str
    start: int
    end: int


def tokenise(text: str) -> list[Token]:
    """Return the folded tokens of `text` with their character ranges in it."""
    tokens = []
    for match in TOKEN.finditer(text):
        folded = fold(match.group())
        # One sign can stand for several words: ㋀ is 1月, and 〸 inside a word is 十.
        parts = [folded] if folded.isascii() else TOKEN.findall(folded)
        tokens += [Token(part, match.start(), match.end()) for part in parts if part]
    return tokens


def token_texts(text: str) -> list[str]:
    """Return only the folded words of `text`."""
    return [token.text for token in tokenise(text)]


@functools.lru_cache(maxsize=65_536)
def fold(word: str) -> str:
    """Return `word` without case, compatibility forms and accents.

    `Ärger` becomes `arger`, `ﬁx` `fix`, `𝐀𝐜𝐦𝐞` `acme`. Vowel signs of Indic and South-East Asian scripts and
    Japanese voicing stay: without them other words would be found. Folding twice is folding once.
    """
    if word.isascii():
        return word.lower()[:MAX_TOKEN]
    # Decomposed before and after: 𝐀 has no lower case, but the A it decomposes into has.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold())
    return unicodedata.normalize("NFC", "".join(filter(_tells, decomposed)))[:MAX_TOKEN]


def _tells(character: str) -> bool:
    """Tell whether a decomposed character tells words apart."""
    if character.isalnum():
        return character != _STRETCH
    spoken = "\u0900" <= character <= "\u1a7f" or character in VOICING
    return spoken and unicodedata.category(character)[0] == "M"
