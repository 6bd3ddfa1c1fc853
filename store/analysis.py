"""How texts and query words meet in an index; the same in every engine (docs/decisions/0010).

A text is indexed under the exact forms of its tokens and under stem keys made from them by the Snowball
stemmer of its language. English stem keys are the bare stems; those of another language carry its code
(`de·kundig`), so that a German stem never meets an English word. A query word, whose language nobody
knows, is looked up by its exact form and by its stem key in every language. Phrases and prefixes meet
exact forms only.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Protocol

import snowballstemmer

from core.query import Match, Where, Words
from core.tokens import MAX_TOKEN, TOKEN, fold, token_texts, tokenise

#: Snowball's name of each language that is stemmed.
STEMMERS = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
ENGLISH = "en"
#: Stands between language and stem; never part of a token.
MARK = "·"
#: Words kept with their stems, per language; about 20 MB.
MAX_STEMS = 200_000

_ASCII_TOKEN = re.compile(r"[a-z0-9]+")


class _Stemmer(Protocol):
    maxCacheSize: int  # noqa: N815 — Snowball's own name

    def stemWord(self, word: str) -> str:  # noqa: N802 — Snowball's own name
        """Return the stem of a word."""
        ...


@functools.cache
def _stemmer(language: str) -> _Stemmer:
    stemmer: _Stemmer = snowballstemmer.stemmer(STEMMERS[language])
    # PyStemmer's own cache is the smaller one, and costs a sort whenever it is full.
    stemmer.maxCacheSize = 0
    return stemmer


class _StemKeys(dict[str, str]):
    """The stem keys of one language: a dictionary, because a batch looks up every word of every text."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.language = language
        self.stem = _stemmer(language).stemWord

    def __missing__(self, word: str) -> str:
        if len(self) >= MAX_STEMS:
            self.clear()
        stem = self.stem(word)
        # Folding ASCII is no more than this, and most words are.
        stem = (stem.lower()[:MAX_TOKEN] if stem.isascii() else fold(stem)) or word
        self[word] = key = stem if self.language == ENGLISH else f"{self.language}{MARK}{stem}"
        return key


@functools.cache
def _stem_keys(language: str) -> _StemKeys:
    return _StemKeys(language)


class _Beside(dict[str, str]):
    """The stem keys of one language that differ from their words; empty for those that do not."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.keys_of = _stem_keys(language)

    def __missing__(self, word: str) -> str:
        if len(self) >= MAX_STEMS:
            self.clear()
        key = self.keys_of[word]
        self[word] = beside = "" if key == word else key
        return beside


@functools.cache
def _beside(language: str) -> _Beside:
    return _Beside(language)


def stem_key(word: str, language: str) -> str:
    """Return what the folded `word` is indexed under beside its exact form."""
    return _stem_keys(language)[word]


@functools.lru_cache(maxsize=256)
def stem_language(language: str | None) -> str:
    """Return the language whose stemmer a text of `language` goes to: its own, or English."""
    primary = (language or "").split("-")[0].lower()
    return primary if primary in STEMMERS else ENGLISH


def words(text: str | None) -> tuple[str, ...]:
    """Return the exact forms of `text`, in order: what `core.tokens` makes of it, faster for plain ASCII."""
    if not text:
        return ()
    return _words(text) if len(text) < 10_000 else split(text)  # noqa: PLR2004 — long ones would fill the cache


def split(text: str | None) -> tuple[str, ...]:
    """Return `words`, none of them remembered: for those who ask once."""
    if not text:
        return ()
    if not text.isascii():
        return tuple(token_texts(text))
    found = _ASCII_TOKEN.findall(text.lower())
    if found and max(map(len, found)) > MAX_TOKEN:
        found = [word[:MAX_TOKEN] for word in found]
    return tuple(found)


# Who puts a text asks for its words four times within a batch: two columns, stems, near-duplicates.
_words = functools.lru_cache(maxsize=2_048)(split)


def stems(text: str | None, language: str) -> list[str]:
    """Return the stem keys of `text` that differ from the exact form they come from, in order."""
    return list(stems_of(words(text), language))


def stems_of(exact: Iterable[str], language: str) -> Iterable[str]:
    """Return the stem keys of words that differ from them, in order."""
    return filter(None, map(_beside(language).__getitem__, exact))


def query_keys(word: str, languages: Iterable[str]) -> list[str]:
    """Return what a query word is looked up by: its exact form, then its stem key in each language."""
    return list(dict.fromkeys([word, *(stem_key(word, language) for language in sorted(languages))]))


def marks(
    text: str | None, language: str, asked: Sequence[Words], where: Where
) -> tuple[tuple[int, int], ...]:
    """Return the character ranges of `text` that the `asked` words found, in order, not overlapping.

    `where` names the part that `text` is, so that `title:` words mark no text.
    """
    wanted = [node for node in asked if node.where in (Where.ANYWHERE, where)]
    if not text or not wanted:
        return ()
    exact = words(text)
    found = [run for node in wanted for run in _found(exact, language, node)]
    if not found:
        return ()
    spans = _spans(text)
    return _merged([(spans[first][0], spans[last][1]) for first, last in found])


def _spans(text: str) -> list[tuple[int, int]]:
    """Return where the words of `text` stand in it."""
    if text.isascii():
        return [match.span() for match in _ASCII_TOKEN.finditer(text.lower())]
    return [(token.start, token.end) for token in tokenise(text)]


def _found(exact: Sequence[str], language: str, node: Words) -> list[tuple[int, int]]:
    """Return the first and the last word of each stretch that `node` found."""
    asked = _asked(node.text)
    if not asked:
        return []
    if node.match is Match.PREFIX and len(asked) == 1:
        return [(i, i) for i, word in enumerate(exact) if word.startswith(asked[0])]
    if node.match is Match.WORD and len(asked) == 1:
        keys, stem_of = _asked_keys(asked[0], language), _stem_keys(language)
        return [(i, i) for i, word in enumerate(exact) if word in keys or stem_of[word] in keys]
    size = len(asked)
    begins = range(len(exact) - size + 1)
    return [(i, i + size - 1) for i in begins if exact[i] == asked[0] and exact[i : i + size] == asked]


@functools.lru_cache(maxsize=256)
def _asked(text: str) -> tuple[str, ...]:
    return tuple(token_texts(text))


@functools.lru_cache(maxsize=256)
def _asked_keys(word: str, language: str) -> frozenset[str]:
    return frozenset(query_keys(word, {ENGLISH, language}))


def _merged(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


#: Words in which changes of folding or stemming would show.
CANARY = " ".join(
    [
        *("Ärger", "ﬁx", "𝐀𝐜𝐦𝐞", "Straße", "İstanbul", "ёлка", "バグ", "料金", "हिन्दी", "العَرَبيّة"),
        *("a_b", "it's", "cancelled", "Häuser", "nouvelles", "отказались"),
    ]
)


def _version() -> str:
    """Return a name that changes when texts would be indexed otherwise; an engine then indexes anew."""
    keys = [stem_key(word, language) for word in words(CANARY) for language in STEMMERS]
    seen = "\n".join([TOKEN.pattern, *words(CANARY), *keys])
    digest = hashlib.blake2b(seen.encode(), digest_size=6).hexdigest()
    snowball = importlib.metadata.version("snowballstemmer")
    return f"1+unicode-{unicodedata.unidata_version}+snowball-{snowball}+{digest}"


VERSION = _version()
