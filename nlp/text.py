"""Make any text fit for the tokeniser: what carries no tone becomes one word, what breaks is dropped."""

from __future__ import annotations

import functools
import html
import re
import unicodedata

_URL = re.compile(r"(?:https?://|www\.)\S+|\bpic\.twitter\.com/\S+", re.IGNORECASE)
#: A handle, but not the middle of an e-mail address.
_HANDLE = re.compile(r"(?<![\w@])@(?:mention\b|\w[\w.\-]*\w|\w)")
_SPACE = re.compile(r"\s+")
_STRETCHED = re.compile(r"(.)\1{3,}", re.DOTALL)
#: Words that the tokeniser would take for its own marks; nobody may forge a brand mark from outside.
_FORGED = re.compile(r"\[(?=\s*(?:unused\d+|CLS|SEP|PAD|MASK|UNK)\s*\])", re.IGNORECASE)
#: Pictographs, dingbats, flags; variation selectors and joiners are dropped beside them.
_EMOJI = re.compile("[\u2190-\u21ff\u2300-\u27bf\u2900-\u297f\u2b00-\u2bff\U0001f000-\U0001faff]")
_GLUE = re.compile("[\ufe00-\ufe0f\u200b-\u200f\u2060\ufeff\U0001f3fb-\U0001f3ff]")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
#: Characters that are searched for a first word.
LOOKED_AT = 20_000
_LETTER = re.compile(r"[^\W_]")


def readable(text: str) -> str:
    """Drop what no reader sees (NUL, control characters, lone surrogates), resolve entities, shorten URLs."""
    text = _UNPRINTABLE.sub(" ", text)
    if "&" in text:
        text = html.unescape(text)
    text = _FORGED.sub("( ", _GLUE.sub("", text))
    return _URL.sub("http", text)


def plain(text: str) -> str:
    """Finish a `readable` text: handles become `@user`, emoji their names, stretched letters three."""
    text = _HANDLE.sub("@user", text)
    text = _STRETCHED.sub(r"\1\1\1", text)
    text = _EMOJI.sub(_emoji_name, text)
    return _SPACE.sub(" ", text)


def has_words(text: str) -> bool:
    """Tell whether a text says anything beyond links, handles and punctuation; an emoji is a word."""
    head = _HANDLE.sub(" ", _URL.sub(" ", text[:LOOKED_AT]))
    return bool(_LETTER.search(_EMOJI.sub(_emoji_name, head)))


def _emoji_name(match: re.Match[str]) -> str:
    return _name_of(match.group())


@functools.lru_cache(maxsize=4096)
def _name_of(character: str) -> str:
    # The base vocabulary has no emoji: each would become the same unknown token and its tone be lost.
    name = unicodedata.name(character, "").casefold()
    return f" {name.replace('-', ' ')} " if name else " "
