"""Which sources there are: `crawlers/spiders/NAME.py` holds the source `NAME`. Nothing is registered."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Mapping

from core.errors import ConfigError
from core.source_form import SourceForm
from core.watch import SourceSettings
from crawlers import spiders
from crawlers.source import Source


def names() -> list[str]:
    """Return every source's name, without importing any."""
    return sorted(module.name for module in pkgutil.iter_modules(spiders.__path__))


@functools.cache
def sources() -> Mapping[str, type[Source]]:
    """Return every source by its name."""
    return {name: source(name) for name in names()}


@functools.cache
def source(name: str) -> type[Source]:
    """Return the source of that name, importing its file only.

    Raises:
        ConfigError: there is none.
        TypeError: the file holds no source of its own name, which is a fault of Earful's.
    """
    if name not in names():
        raise ConfigError(f"there is no source {name!r}; there are {', '.join(names())}")
    module = f"{spiders.__name__}.{name}"
    members = vars(importlib.import_module(module)).values()
    found = [one for one in members if isinstance(one, type) and issubclass(one, Source)]
    for one in found:
        if one.__module__ == module and one.name == name and not inspect.isabstract(one):
            return one
    raise TypeError(f"{module} holds no source named {name!r}")


@functools.cache
def source_forms() -> tuple[SourceForm, ...]:
    """Return what a watch can be told of each source, as forms of the web show it."""
    return tuple(found.form() for found in sources().values())


def default_sources(product: str) -> dict[str, SourceSettings]:
    """Return what a watch made from a bare product name reads: every source that needs no key."""
    settings = {name: found.default_settings(product) for name, found in sources().items()}
    return {name: chosen for name, chosen in settings.items() if chosen is not None}
