"""A watch: what to listen for, and how to tell that a text is about it."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import InputError

#: Longest name, alias, handle or word of a watch, in characters.
MAX_NAME = 120
#: Most entries in any one list of a watch.
MAX_LIST = 100

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
        names = [brand.name.casefold() for brand in self.brands]
        if len(set(names)) != len(names):
            raise InputError("a product and its rivals need different names")
        if not 1 <= self.every_minutes <= 7 * 24 * 60:
            raise InputError("a schedule lies between 1 minute and 7 days")

    @property
    def brands(self) -> tuple[Brand, ...]:
        """The product first, then the rivals."""
        return (self.product, *self.rivals)

    def brands_in(self, text: str) -> tuple[Brand, ...]:
        """Return the brands that `text` names, the product first."""
        return tuple(brand for brand in self.brands if name_pattern(brand.names).search(text))

    def matches(self, text: str) -> bool:
        """Tell whether `text` is worth keeping as a mention.

        It names the product or a rival, holds one of the `must` words where there are any, and none
        of the `must_not` words.
        """
        if not self.brands_in(text):
            return False
        if self.must and not name_pattern(self.must).search(text):
            return False
        return not (self.must_not and name_pattern(self.must_not).search(text))

    def is_own(self, source: str, handle: str | None) -> bool:
        """Tell whether `handle` on `source` belongs to our own team."""
        if not handle:
            return False
        own = {name.casefold().replace("@", "", 1) for name in self.own_handles}
        bare = handle.casefold().removeprefix("@")
        return bare in own or f"{source}:{bare}" in own


def watch_id(name: str) -> str:
    """Make a watch id out of a product's name; letters outside a-z become a digest so that ids differ."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:50]
    if slug and slug.isascii() and name.isascii():
        return slug
    digest = "".join(f"{byte:02x}" for byte in name.casefold().encode())[:12]
    return f"{slug}-{digest}".strip("-")


@functools.lru_cache(maxsize=512)
def name_pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """Return a pattern that finds any of `names` as whole words, whatever their case.

    White space in a name matches any run of it, a hyphen or nothing (`Acme Cloud` finds `acmecloud`
    and `Acme-Cloud`); a leading `@` or `#` before the name is taken in; `Acme's` counts as Acme.
    """
    ordered = sorted(names, key=len, reverse=True)
    alternatives = "|".join(r"[\s\-_]*".join(map(re.escape, name.split())) for name in ordered)
    return re.compile(rf"(?<!\w)[@#]?(?:{alternatives})(?!\w)", re.IGNORECASE)


def _word(text: str, what: str) -> str:
    text = " ".join(text.split())
    if not text or len(text) > MAX_NAME:
        raise InputError(f"{what} has 1 to {MAX_NAME} characters")
    if not any(character.isalnum() for character in text):
        raise InputError(f"{what} needs a letter or a digit, not {text!r}")
    return text


def _words(texts: Sequence[str], what: str) -> tuple[str, ...]:
    if len(texts) > MAX_LIST:
        raise InputError(f"at most {MAX_LIST} entries in {what}, not {len(texts)}")
    return tuple(dict.fromkeys(_word(text, what) for text in texts if text.strip()))
