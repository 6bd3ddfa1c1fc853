"""Which sources there are: every `Source` in a module of `crawlers/spiders/`. Nothing is registered."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Mapping

from core.errors import ConfigError
from core.watch import SourceSettings
from crawlers import spiders
from crawlers.source import Source


@functools.cache
def sources() -> Mapping[str, type[Source]]:
    """Return every source by its name."""
    found: dict[str, type[Source]] = {}
    for module in pkgutil.iter_modules(spiders.__path__):
        members = vars(importlib.import_module(f"{spiders.__name__}.{module.name}")).values()
        for member in members:
            if isinstance(member, type) and issubclass(member, Source) and not inspect.isabstract(member):
                found[member.name] = member
    return dict(sorted(found.items()))


def source(name: str) -> type[Source]:
    """Return the source of that name.

    Raises:
        ConfigError: there is none.
    """
    try:
        return sources()[name]
    except KeyError:
        raise ConfigError(f"there is no source {name!r}; there are {', '.join(sources())}") from None


def default_sources(product: str) -> dict[str, SourceSettings]:
    """Return what a watch made from a bare product name reads: every source that needs no key."""
    settings = {name: found.default_settings(product) for name, found in sources().items()}
    return {name: chosen for name, chosen in settings.items() if chosen is not None}
