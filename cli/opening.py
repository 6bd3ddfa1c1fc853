"""Open the store for a part that runs for ever: it waits for a store that does not answer yet."""

from __future__ import annotations

import time
from collections.abc import Callable

from core.errors import StoreUnavailable
from core.ports import Store
from core.settings import Settings
from store import open_store

#: Pause when the store does not answer.
AWAY_SECONDS = 5.0


def open_patiently(settings: Settings, say: Callable[[str], None]) -> Store:
    """Return the store as soon as it answers; parts of a cluster start in any order.

    Raises:
        ConfigError, StoreError: it cannot be used, and waiting would not help.
    """
    while True:
        try:
            return open_store(settings.database_url)
        except StoreUnavailable as error:
            say(f"{error}; trying again in {AWAY_SECONDS:.0f} s")
            time.sleep(AWAY_SECONDS)
