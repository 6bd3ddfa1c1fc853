"""A file of secrets that nobody else may read: tables of texts in TOML, with mode 0600."""

from __future__ import annotations

import json
import os
import stat
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from core.errors import ConfigError, InputError

#: Longest secret taken, in characters; OAuth tokens of some services have 2,000.
LONGEST = 4_096

#: Table → field → value.
Tables: TypeAlias = Mapping[str, Mapping[str, str]]


def read(path: Path) -> dict[str, dict[str, str]]:
    """Return what a file holds; nothing where there is none.

    Raises:
        ConfigError: others may read it, or it is not of its form.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise ConfigError(f"others may read {path} (mode {mode:04o}); run: chmod 600 {path}")
            data = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        # What stands at the faulty place is not quoted: it may be half a secret.
        raise ConfigError(f"{path} cannot be read: {type(error).__name__}; it is written in TOML") from None
    found: dict[str, dict[str, str]] = {}
    for name, fields in data.items():
        if not isinstance(fields, dict) or not all(isinstance(value, str) for value in fields.values()):
            raise ConfigError(f'{name} in {path} is written [{name}] and below it FIELD = "…"')
        found[name] = {key: value.strip() for key, value in fields.items()}
    return found


def write(path: Path, tables: Tables, *, header: str) -> None:
    """Replace a file as a whole; it is never open to others, not even for a moment."""
    text = f"# {header}\n" + "".join(_table(name, tables[name]) for name in sorted(tables))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp makes the file with mode 0600.
    handle, waiting = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(waiting).replace(path)
    except BaseException:
        Path(waiting).unlink(missing_ok=True)
        raise


def checked(value: str, what: str) -> str:
    """Return a value that can be kept.

    Raises:
        InputError: it is empty, too long or more than a line.
    """
    value = value.strip()
    if not value or len(value) > LONGEST or not value.isprintable():
        raise InputError(f"{what} has 1 to {LONGEST:,} characters on one line")
    return value


def _table(name: str, fields: Mapping[str, str]) -> str:
    # A printable text is written alike in JSON and in TOML.
    lines = [f"{json.dumps(one)} = {json.dumps(fields[one], ensure_ascii=False)}\n" for one in sorted(fields)]
    return f"\n[{json.dumps(name)}]\n{''.join(lines)}"
