"""Credentials of sources: from the environment, or from a file that nobody else may read.

They are handed to the one source that they belong to and to nobody else. Nothing here prints one, and
what might quote an address that carries one goes through `Keys.hide` first.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

from core.errors import ConfigError
from crawlers.catalog import names, source
from crawlers.source import Source
from engage import secrets

FILE_NAME = "keys.toml"
PREFIX = "EARFUL_KEY_"
#: Shorter values are names rather than secrets, and hiding them would make texts unreadable.
SHORTEST_HIDDEN = 6
HIDDEN = "(key)"

HEADER = "Written by `earful source set-key`. Keep it to yourself: mode 0600."
_HOST = re.compile(r"[a-z0-9.-]+(?::\d+)?")


@dataclass(frozen=True)
class Keys:
    """Every credential of an installation: source → field → value; never shown, not even by accident."""

    _values: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)

    def of(self, name: str) -> Mapping[str, str]:
        """Return the credentials of one source by field."""
        return self._values.get(name, {})

    def names(self) -> dict[str, list[str]]:
        """Return the names of the credentials that are set, by source."""
        return {name: sorted(fields) for name, fields in self._values.items()}

    def hide(self, text: str) -> str:
        """Return a text without any credential in it, however an address would write it."""
        for value in self._secrets:
            text = text.replace(value, HIDDEN)
        return text

    @property
    def _secrets(self) -> Iterator[str]:
        found = {value for fields in self._values.values() for value in fields.values()}
        forms = {form for value in found for form in (value, quote(value, safe=""), quote_plus(value))}
        # The longest first: one credential may begin like another.
        return iter(sorted((one for one in forms if len(one) >= SHORTEST_HIDDEN), key=len, reverse=True))


class HidingFormatter(logging.Formatter):
    """Writes log lines as another formatter does, without credentials."""

    def __init__(self, inner: logging.Formatter | None, keys: Keys) -> None:
        super().__init__()
        self.inner = inner or logging.Formatter()
        self.keys = keys

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return self.keys.hide(self.inner.format(record))


def hide_in_logs(keys: Keys) -> None:
    """Let no handler write a credential, whatever a library puts into its messages."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(HidingFormatter(handler.formatter, keys))


def load_keys(data_dir: Path, environment: Mapping[str, str] | None = None) -> Keys:
    """Return the credentials of a data directory; the environment wins over the file.

    Raises:
        ConfigError: others may read the file, or it or a variable names what there is not.
    """
    found = _from_file(data_dir / FILE_NAME)
    for name, fields in _from_environment(os.environ if environment is None else environment).items():
        found.setdefault(name, {}).update(fields)
    return Keys(found)


def save_key(data_dir: Path, name: str, key_field: str, value: str) -> None:
    """Write one credential into the file, which is replaced as a whole with mode 0600.

    Raises:
        ConfigError: the source takes no such credential, or others may read the file.
        InputError: the value cannot be one.
    """
    check_field(name, key_field)
    path = data_dir / FILE_NAME
    value = secrets.checked(value, f"the {key_field} of {name}")
    found = _from_file(path)
    found.setdefault(name, {})[key_field] = value
    secrets.write(path, found, header=HEADER)


def check_field(name: str, key_field: str) -> type[Source]:
    """Return the source that takes a credential; `token@HOST` is the `token` of one server.

    Raises:
        ConfigError: it takes none of that name.
    """
    found = source(name)
    bare, at, host = key_field.partition("@")
    if not found.key_fields:
        raise ConfigError(f"{name} needs no key and takes none")
    if bare not in found.key_fields:
        raise ConfigError(f"{name} has no key {bare!r}; it takes {', '.join(found.key_fields)}")
    if found.key_per_server() and not _HOST.fullmatch(host):
        raise ConfigError(f"a key of {name} belongs to one server; write {bare}@forum.example")
    if at and not found.key_per_server():
        raise ConfigError(f"a key of {name} belongs to no server; write {bare}")
    return found


def _from_file(path: Path) -> dict[str, dict[str, str]]:
    found = secrets.read(path)
    for name, fields in found.items():
        for key_field in fields:
            check_field(name, key_field)
    return found


def _from_environment(environment: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for variable, value in environment.items():
        if not variable.startswith(PREFIX) or not value.strip():
            continue
        name, key_field = _named(variable)
        if source(name).key_per_server():
            found.setdefault(name, {}).update(_by_server(variable, key_field, value))
        else:
            found.setdefault(name, {})[key_field] = secrets.checked(value.strip(), variable)
    return found


def _named(variable: str) -> tuple[str, str]:
    """Return the source and field that a variable names."""
    rest = variable.removeprefix(PREFIX).lower()
    for name in names():
        key_field = rest.removeprefix(f"{name}_")
        if key_field != rest and key_field in source(name).key_fields:
            return name, key_field
    raise ConfigError(f"{variable} names no key; `earful source list` tells which there are")


def _by_server(variable: str, key_field: str, value: str) -> dict[str, str]:
    """Return the keys of `social.example=abc other.example=def`."""
    found = {}
    for part in value.split():
        host, equals, secret = part.partition("=")
        if not equals or not secret or not _HOST.fullmatch(host.lower()):
            raise ConfigError(f"{variable} is written SERVER=KEY, several with a space between them")
        found[f"{key_field}@{host.lower()}"] = secrets.checked(secret, variable)
    return found
