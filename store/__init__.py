"""Open the store that an address names."""

from __future__ import annotations

from pathlib import Path

from core.clock import Clock, SystemClock
from core.errors import ConfigError
from core.ports import Store
from store.sqlite import SqliteStore

SQLITE = "sqlite:///"


def open_store(url: str, *, clock: Clock | None = None) -> Store:
    """Open the store at `url`: `sqlite:///relative.db` or `sqlite:////absolute.db`.

    Raises:
        ConfigError: no engine knows such an address.
        StoreError: it cannot be opened; the message says what to do.
    """
    clock = clock or SystemClock()
    if url.startswith(SQLITE):
        name = url.removeprefix(SQLITE)
        if not name or name.startswith(":"):
            raise ConfigError(f"{url!r} names no file; use sqlite:///path/to/earful.db")
        return SqliteStore.open(Path(name), clock=clock)
    raise ConfigError(f"no store speaks {url!r}; use sqlite:///path/to/earful.db")
