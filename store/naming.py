"""Which brands a text names, and what each is to its mention."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import NamedTuple

from core.watch import Watch, name_pattern


class Flags(NamedTuple):
    """What a brand is to a mention; see the columns of `pair`."""

    product: bool = False
    wanted: bool = False
    names_product: bool = False
    names_rival: bool = False

    def __or__(self, other: tuple[object, ...]) -> Flags:
        """Return the flags that stand in either."""
        return Flags(*(bool(one or two) for one, two in zip(self, other, strict=True)))


#: All flags by their bits, because making one costs more than all else that is done for a brand.
_FLAGS = [Flags(*map(bool, (bits & 8, bits & 4, bits & 2, bits & 1))) for bits in range(16)]
_NONE: frozenset[str] = frozenset()


class _Brand(NamedTuple):
    name: str
    is_product: bool
    pattern: re.Pattern[str]
    #: Beginnings of which a plain ASCII text holds one if it names the brand.
    hints: tuple[str, ...]


class Naming:
    """Tell which brands of the stored watches a text names."""

    def __init__(self, watches: Mapping[str, Watch]) -> None:
        self.watches = watches
        self._brands = {watch.id: _brands(watch) for watch in watches.values()}

    def flags(self, said: str, watches: Mapping[str, bool], *, labelled: bool) -> dict[str, Flags]:
        """Return what each brand is to a text kept by `watches` (True where it matched).

        `labelled` is False for what gets no labels: our own, context and deleted mentions.
        """
        found: dict[str, Flags] = {}
        lowered = said.lower() if said.isascii() else ""
        for watch_id, matched in watches.items():
            wanted = matched and labelled
            # Texts beyond ASCII have forms to compose and scripts to part, which the watch knows about.
            told = _NONE if lowered else self._named(watch_id, said)
            for brand in self._brands.get(watch_id, ()):
                named = _names(brand, lowered) if lowered else brand.name in told
                if not named and not (brand.is_product and matched):
                    continue
                product = brand.is_product
                names = (2 if product else 1) if named else 0
                flags = _FLAGS[8 * (product and matched) | 4 * wanted | names]
                found[brand.name] = found[brand.name] | flags if brand.name in found else flags
        return found

    def _named(self, watch_id: str, said: str) -> frozenset[str]:
        watch = self.watches.get(watch_id)
        return frozenset(brand.name for brand in watch.brands_in(said)) if watch else _NONE


@functools.lru_cache(maxsize=256)
def _watch_brands(names: tuple[tuple[str, ...], ...]) -> tuple[_Brand, ...]:
    return tuple(
        _Brand(brand[0], place == 0, name_pattern(brand), _hints(brand)) for place, brand in enumerate(names)
    )


def _brands(watch: Watch) -> tuple[_Brand, ...]:
    return _watch_brands(tuple(brand.names for brand in watch.brands))


def _hints(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first words in lower case: looking for these is ten times faster than the pattern."""
    return tuple(re.split(r"[\s_-]", name.lower().lstrip("-_"))[0] for name in names if name.isascii())


def _names(brand: _Brand, lowered: str) -> bool:
    """Tell whether a plain ASCII text in lower case names a brand; no other name can stand in it."""
    for hint in brand.hints:
        if hint in lowered:
            return brand.pattern.search(lowered) is not None
    return False
