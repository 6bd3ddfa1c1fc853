"""The credentials file as the pages may touch it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FileKeys:
    """Keeps credentials in `keys.toml` of the data directory, mode 0600; a `core.keyring.KeyRing`."""

    data_dir: Path

    def names(self) -> Mapping[str, Collection[str]]:
        """Return the names of the credentials that are set, by source; the environment's among them.

        Raises:
            ConfigError: the file is broken, or others may read it.
        """
        from crawlers.keys import load_keys  # noqa: PLC0415 - scrapy costs 0.5 s that the first page need not pay

        names: Mapping[str, Collection[str]] = load_keys(self.data_dir).names()
        return names

    def save(self, source: str, field: str, value: str) -> None:
        """Keep a credential in the place of the one of that name.

        Raises:
            ConfigError: the source takes none of that name, or the file is broken.
            InputError: the value cannot be one.
        """
        from crawlers.keys import save_key  # noqa: PLC0415 - the same

        save_key(self.data_dir, source, field, value)
