"""A watch: what to listen for, and how to tell that a text is about it."""

from __future__ import annotations

import functools
import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import InputError
from core.tokens import UNSPACED

#: Longest name, alias, handle or word of a watch, in characters.
MAX_NAME = 120
#: Most entries in any one list of a watch.
MAX_LIST = 100
#: Longest part of a name in a watch's id, in characters.
MAX_SLUG = 50

#: What a spider reads from a watch: forums, servers, feeds … as plain JSON values.
SourceSettings = Mapping[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Brand:
    """A product or rival: the name people read, and the other names it goes by."""

    name: str
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an empty or oversized name.

        Raises:
            InputError: the name or an alias is empty or too long, or there are too many.
        """
        object.__setattr__(self, "name", _word(self.name, "a brand's name"))
        object.__setattr__(self, "aliases", _words(self.aliases, "alias"))

    @property
    def names(self) -> tuple[str, ...]:
        """The name and all aliases."""
        return (self.name, *self.aliases)


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """What to listen for. A change makes a new version; the id stays."""

    id: str
    product: Brand
    rivals: tuple[Brand, ...] = ()
    #: Handles of our own team, as `source:handle` or a bare handle for every source.
    own_handles: tuple[str, ...] = ()
    #: At least one of these must stand in the text (none: no such demand).
    must: tuple[str, ...] = ()
    #: None of these may stand in the text.
    must_not: tuple[str, ...] = ()
    #: Settings of each source by its name; a source that is absent is not read.
    sources: Mapping[str, SourceSettings] = field(default_factory=dict)
    #: Minutes between two crawls of the same source.
    every_minutes: int = 15
    paused: bool = False
    #: Where time or a source's budget is short: 1 is read first, -1 last.
    priority: int = 0
    #: Counts the changes; 0 is not yet stored.
    version: int = 0

    def __post_init__(self) -> None:
        """Refuse lists and numbers that cannot be.

        Raises:
            InputError: the message names the field and the limit.
        """
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", self.id):
            raise InputError(f"{self.id!r} is no watch id; use a-z, 0-9 and '-', at most 63 characters")
        for name in ("own_handles", "must", "must_not"):
            object.__setattr__(self, name, _words(getattr(self, name), name))
        if len(self.rivals) > MAX_LIST:
            raise InputError(f"at most {MAX_LIST} rivals, not {len(self.rivals)}")
        names = [name for brand in self.brands for name in {name.casefold() for name in brand.names}]
        if len(set(names)) != len(names):
            raise InputError("a product and its rivals need different names and aliases")
        if self.priority not in (-1, 0, 1):
            raise InputError(f"a watch's priority is -1, 0 or 1, not {self.priority}")
        if not 1 <= self.every_minutes <= 7 * 24 * 60:
            raise InputError("a schedule lies between 1 minute and 7 days")

    @property
    def brands(self) -> tuple[Brand, ...]:
        """The product first, then the rivals."""
        return (self.product, *self.rivals)

    def brands_in(self, text: str) -> tuple[Brand, ...]:
        """Return the brands that `text` names, the product first."""
        text = _composed(text)
        return tuple(brand for brand in self.brands if name_pattern(brand.names).search(text))

    def matches(self, text: str) -> bool:
        """Tell whether `text` is worth keeping as a mention.

        It names the product or a rival, holds one of the `must` words where there are any, and none
        of the `must_not` words.
        """
        text = _composed(text)
        if not self.brands_in(text):
            return False
        if self.must and not name_pattern(self.must).search(text):
            return False
        return not (self.must_not and name_pattern(self.must_not).search(text))

    def is_own(self, source: str, handle: str | None) -> bool:
        """Tell whether `handle` on `source` belongs to our own team."""
        if not handle:
            return False
        bare = handle.casefold().removeprefix("@")
        own = [name.casefold().removeprefix(f"{source.casefold()}:") for name in self.own_handles]
        return any(name.removeprefix("@") == bare for name in own)


def watch_id(name: str) -> str:
    """Make a watch id out of a product's name.

    A name that is more than plain words (`C++`, `製品`, a very long one) gets a digest, so that ids differ.
    """
    folded = " ".join(name.casefold().split())
    slug = re.sub(r"[^a-z0-9]+", "-", folded).strip("-")
    if slug and len(slug) <= MAX_SLUG and re.fullmatch(r"[a-z0-9 .&'_-]+", folded):
        return slug
    digest = hashlib.blake2b(folded.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    return f"{slug[:MAX_SLUG].strip('-')}-{digest}".strip("-")


@functools.lru_cache(maxsize=512)
def name_pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """Return a pattern that finds any of `names` as whole words, whatever their case.

    White space and hyphens in a name match any run of them or nothing (`Acme Cloud` finds `acmecloud` and
    `Acme-Cloud`, `T-Mobile` finds `T Mobile`); a leading `@` or `#` before the name is taken in; `Acme's`
    counts as Acme. Where a word ends depends on the script: in Japanese, Chinese and Thai nowhere and
    everywhere (`製品`), Korean hangs particles on a name (`카카오가`), and a Latin name ends where another
    script begins (`Acmeを`, `Acme는`, `والAcme`).
    """
    ordered = sorted(names, key=len, reverse=True)
    return re.compile("|".join(map(_one_name, ordered)), re.IGNORECASE)


#: Letters, digits and marks that go on with a Latin word.
_LATIN = r"0-9_A-Za-z\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0300-\u036f\u1e00-\u1eff"
_HANGUL = "\u1100-\u11ff\u3130-\u318f\uac00-\ud7ff"
#: White space and hyphens between two parts of a name, not those at its ends.
_GAP = re.compile(r"(?<=[^\s_-])[\s_-]+(?=[^\s_-])")


def _one_name(name: str) -> str:
    """Return the pattern of one name with what may not stand before and after it."""
    before, after = _continues(name[0]), _continues(name[-1], after=True)
    words = r"[\s_-]*".join(map(re.escape, _GAP.split(name)))
    return (f"(?<!{before})" if before else "") + "[@#]?" + words + (f"(?!{after})" if after else "")


def _continues(edge: str, *, after: bool = False) -> str:
    """Return the class of characters that would make a name with this edge part of a longer word."""
    if re.fullmatch(f"[{UNSPACED}]", edge):
        return ""
    if re.fullmatch(f"[{_LATIN}]", edge):
        return f"[{_LATIN}]"
    # `[^\W…]` is a letter or digit that is none of those listed.
    return rf"[^\W{UNSPACED}{_HANGUL if after else ''}]"


def _composed(text: str) -> str:
    """Return `text` in one form, so that `Café` is found however its accent and width were typed."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _word(text: str, what: str) -> str:
    text = " ".join(_composed(text).split())
    if not text or len(text) > MAX_NAME:
        raise InputError(f"{what} has 1 to {MAX_NAME} characters")
    if not any(character.isalnum() for character in text):
        raise InputError(f"{what} needs a letter or a digit, not {text!r}")
    return text


def _words(texts: Sequence[str], what: str) -> tuple[str, ...]:
    if len(texts) > MAX_LIST:
        raise InputError(f"at most {MAX_LIST} entries in {what}, not {len(texts)}")
    return tuple(dict.fromkeys(_word(text, what) for text in texts if text.strip()))
