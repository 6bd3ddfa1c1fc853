"""Credentials of sources, as the pages may touch them: which are set, and a new value, never a value back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from core.errors import ConfigError


class KeyRing(Protocol):
    """Keep credentials where nobody else can read them."""

    def names(self) -> Mapping[str, Collection[str]]:
        """Return the names of the credentials that are set, by source.

        Raises:
            ConfigError: the file is broken, or others may read it.
        """
        ...

    def save(self, source: str, field: str, value: str) -> None:
        """Keep a credential in the place of the one of that name.

        Raises:
            ConfigError: the source takes none of that name, or the file is broken.
            InputError: the value cannot be one.
        """
        ...


class NoKeys:
    """A key ring for an application that was given none: nothing is set and nothing can be."""

    def names(self) -> Mapping[str, Collection[str]]:
        """Return nothing."""
        return {}

    def save(self, source: str, field: str, value: str) -> None:
        """Refuse.

        Raises:
            ConfigError: always.
        """
        del field, value
        raise ConfigError(f"this server keeps no keys; set that of {source} where the crawler runs")
