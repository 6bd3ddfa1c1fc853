"""Credentials of sources: from the environment, or from a file that nobody else may read.

They are handed to the one source that they belong to and to nobody else. Nothing here prints one, and
what might quote an address that carries one goes through `Keys.hide` first.
"""

from __future__ import annotations

import json
import logging
import os
import re
import stat
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

from core.errors import ConfigError, InputError
from crawlers.catalog import names, source
from crawlers.source import Source

FILE_NAME = "keys.toml"
PREFIX = "EARFUL_KEY_"
#: Longest credential taken, in characters; OAuth tokens of some services have 2,000.
LONGEST = 4_096
#: Shorter values are names rather than secrets, and hiding them would make texts unreadable.
SHORTEST_HIDDEN = 6
HIDDEN = "(key)"

_HEADER = "# Written by `earful source set-key`. Keep it to yourself: mode 0600.\n"
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
    found = {name: dict(fields) for name, fields in _from_file(data_dir / FILE_NAME).items()}
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
    value = _checked(value.strip(), f"the {key_field} of {name}")
    found = {one: dict(fields) for one, fields in _from_file(data_dir / FILE_NAME).items()}
    found.setdefault(name, {})[key_field] = value
    text = _HEADER + "".join(_table(one, found[one]) for one in sorted(found))
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp makes the file with mode 0600, so it is never open to others, not even for a moment.
    handle, waiting = tempfile.mkstemp(dir=data_dir, prefix=f".{FILE_NAME}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(waiting).replace(data_dir / FILE_NAME)
    except BaseException:
        Path(waiting).unlink(missing_ok=True)
        raise


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


def _from_file(path: Path) -> dict[str, Mapping[str, str]]:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise ConfigError(f"others may read {path} (mode {mode:04o}); run: chmod 600 {path}")
            data = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        # What stands at the faulty place is not quoted: it may be half a key.
        raise ConfigError(f"{path} cannot be read: {type(error).__name__}; it is written in TOML") from None
    found: dict[str, Mapping[str, str]] = {}
    for name, fields in data.items():
        if not isinstance(fields, dict) or not all(isinstance(value, str) for value in fields.values()):
            raise ConfigError(f'{name} in {path} is written [{name}] and below it FIELD = "…"')
        for key_field in fields:
            check_field(name, key_field)
        found[name] = {key_field: value.strip() for key_field, value in fields.items()}
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
            found.setdefault(name, {})[key_field] = _checked(value.strip(), variable)
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
        found[f"{key_field}@{host.lower()}"] = _checked(secret, variable)
    return found


def _checked(value: str, what: str) -> str:
    if not value or len(value) > LONGEST or not value.isprintable():
        raise InputError(f"{what} has 1 to {LONGEST:,} characters on one line")
    return value


def _table(name: str, fields: Mapping[str, str]) -> str:
    # A printable text is written alike in JSON and in TOML.
    lines = [f"{json.dumps(one)} = {json.dumps(fields[one], ensure_ascii=False)}\n" for one in sorted(fields)]
    return f"\n[{name}]\n{''.join(lines)}"
