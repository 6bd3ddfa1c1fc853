"""Tokens: how a text becomes words that can be searched. The same in every store."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import NamedTuple

#: Scripts written without spaces: each character is a token of its own, a word of several is a phrase.
UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f\u0e00-\u0e7f"

TOKEN = re.compile(rf"[{UNSPACED}]|(?:(?![{UNSPACED}_])[\w\u0300-\u036f])+")

#: Longest token indexed, in characters; what is longer is cut, as in every engine.
MAX_TOKEN = 64


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
        if folded:
            tokens.append(Token(folded, match.start(), match.end()))
    return tokens


def token_texts(text: str) -> list[str]:
    """Return only the folded words of `text`."""
    return [token.text for token in tokenise(text)]


@functools.lru_cache(maxsize=65_536)
def fold(word: str) -> str:
    """Return `word` without case, compatibility forms and accents (`Ärger` becomes `arger`, `ﬁx` `fix`)."""
    if word.isascii():
        return word.lower()[:MAX_TOKEN]
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return "".join(c for c in unicodedata.normalize("NFC", bare) if c.isalnum())[:MAX_TOKEN]
