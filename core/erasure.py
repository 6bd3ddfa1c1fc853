"""People who asked to be forgotten: known by keyed digests alone, so that nothing brings them back.

An erasure keeps no name: only the HMAC of a handle under a secret of the store. What comes in is looked at
through them: a mention that an erased handle wrote is not taken, and the handle is blotted out of what
others wrote, as `@handle` or `/handle` in any case, or as a word: in any case where no word of a language
looks like it (`ada_77`), else in its own spelling.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from core.customers import Handle, folded
from core.mention import Author, Mention
from core.source import Found

#: What the secret is remembered under, and what kind of thing an erasure is kept as.
SECRET, KIND = "erasure.secret", "erasure"
#: Shorter names are blotted out only after a sign: they are words of everybody.
SHORTEST_WORD = 4
#: Stands in the place of each character of an erased name, so that everything after it keeps its place.
BLOT = "\N{FULL BLOCK}"

#: A sign before a name may be written as an address or a log writes it: `%40` for `@`.
_NAMED = re.compile(r"([@/]|%[0-9A-Fa-f]{2})?([\w](?:[\w.\-]*[\w])?(?:@[\w.\-]*[\w])?)")

#: What no word of a language has within it: a name with one of these is known in any case.
_OF_ITS_OWN = re.compile(r"[\d_.]")


@dataclass(frozen=True, slots=True)
class Eraser:
    """Recognises erased handles."""

    #: Written with a space between them where a restored backup brought one of its own: the first one
    #: digests whom this store erases, each of them tells somebody who was erased under it.
    secret: str
    digests: frozenset[str]

    def of(self, purpose: str, name: str) -> str:
        """Return the digest of a name for one purpose."""
        return next(self._under_each(purpose, name))

    def knows(self, purpose: str, name: str) -> bool:
        """Tell whether a name was erased, for one purpose."""
        return any(digest in self.digests for digest in self._under_each(purpose, name))

    def _under_each(self, purpose: str, name: str) -> Iterator[str]:
        said = f"{purpose}\x00{name}".encode("utf-8", "replace")
        for secret in self.secret.split() or ("",):
            yield hmac.new(secret.encode(), said, hashlib.sha256).hexdigest()[:40]

    def digests_of(self, handle: Handle) -> list[str]:
        """Return everything that a handle is recognised by."""
        bare = handle.name.removeprefix("@")
        short = bare.partition("@")[0]
        found = [self.of(f"author {handle.source}", folded(bare))]
        found += [self.of("named", folded(name)) for name in {bare, short}]
        found += [self.of("word", name) for name in {bare, short} if len(name) >= SHORTEST_WORD]
        return found

    def wrote(self, source: str, author: Author) -> bool:
        """Tell whether somebody erased wrote this."""
        names = (author.handle, author.name if author.handle is None else None)
        return any(name and self.knows(f"author {source}", folded(name)) for name in names)

    def blotted(self, text: str) -> str:
        """Return a text without erased names, as long as it was."""
        if not self.digests:
            return text
        return _NAMED.sub(self._blot, text)

    def _blot(self, found: re.Match[str]) -> str:
        sign, name = found[1] or "", found[2]
        if self.knows("named", folded(name)) if sign else self._is_word(name):
            return sign + BLOT * len(name)
        if not sign and "@" in name and self.knows("named", folded(name)):
            return BLOT * len(name)
        return found[0]

    def _is_word(self, name: str) -> bool:
        return self.knows("word", name) or (
            bool(_OF_ITS_OWN.search(name)) and self.knows("named", folded(name))
        )

    def blotted_all(self, value: object) -> object:
        """Return plain JSON values without erased names."""
        return in_every_text(value, self.blotted)

    def admitted(self, found: Sequence[Found]) -> list[Found]:
        """Return what may come in: nothing that somebody erased wrote, and no erased name in the rest."""
        if not self.digests:
            return list(found)
        return [
            replace(one, mention=self._clean(one.mention))
            for one in found
            if not self.wrote(one.mention.source, one.mention.author)
        ]

    def _clean(self, mention: Mention) -> Mention:
        title = self.blotted(mention.title) if mention.title else mention.title
        text = self.blotted(mention.text)
        return (
            mention
            if (title, text) == (mention.title, mention.text)
            else replace(mention, title=title, text=text)
        )


def joined(*secrets: str) -> str:
    """Return the secrets of several stores as one, each once, the first of the first store in front."""
    return " ".join(dict.fromkeys(" ".join(secrets).split()))


def eraser(secret: str | None, digests: Iterable[str]) -> Eraser:
    """Return what recognises erased handles; with no secret nobody was ever erased."""
    return Eraser(secret, frozenset(digests)) if secret else Eraser("", frozenset())


def in_every_text(value: object, change: Callable[[str], str]) -> object:
    """Return plain JSON values with every text changed; names of fields stay."""
    match value:
        case str():
            return change(value)
        case Mapping():
            return {name: in_every_text(one, change) for name, one in value.items()}
        case list() | tuple():
            return [in_every_text(one, change) for one in value]
        case _:
            return value
