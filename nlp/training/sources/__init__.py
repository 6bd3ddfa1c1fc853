"""Every data set that a model may learn from: one module a kind, each with its `SOURCES`.

A new data set is one more `Source` in the module of its kind, or a new module here.
"""

from __future__ import annotations

import importlib
import pkgutil

from nlp.training.rows import Source


def all_sources() -> dict[str, Source]:
    """Return every source by its name, in the order of modules and of their lists."""
    found: dict[str, Source] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name.startswith("_"):
            continue
        for source in importlib.import_module(f"{__name__}.{module.name}").SOURCES:
            if source.name in found:
                raise ValueError(f"two data sets are called {source.name}")
            found[source.name] = source
    return found
