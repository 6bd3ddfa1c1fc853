"""Where a page ends, as a short opaque text that the next request gives back."""

from __future__ import annotations

import base64
import binascii
import json

from core.errors import InputError

#: The values by which a list is ordered, of its last row.
Key = list[int | float | str | None]


def write(kind: str, key: Key) -> str:
    """Return the mark of a page of `kind` that ends at `key`."""
    return base64.urlsafe_b64encode(json.dumps([kind, *key]).encode()).decode().rstrip("=")


def read(kind: str, mark: str, kinds: str) -> Key:
    """Return the key in a mark; `kinds` tells the types of its parts, one letter each (i, f, s).

    Raises:
        InputError: the text is no mark of this kind of page.
    """
    try:
        data = json.loads(base64.urlsafe_b64decode(mark.encode() + b"=" * (-len(mark) % 4)))
    except (binascii.Error, ValueError):
        data = None
    if not isinstance(data, list) or len(data) != len(kinds) + 1 or data[0] != kind:
        raise InputError("this page mark does not belong to this list; start from its first page")
    if not all(_fits(value, letter) for value, letter in zip(data[1:], kinds, strict=True)):
        raise InputError("this page mark is damaged; start from the first page")
    key: Key = data[1:]
    return key


def _fits(value: object, letter: str) -> bool:
    if isinstance(value, bool):
        return False
    match letter:
        case "i":
            return isinstance(value, int) and abs(value) < 1 << 63
        case "f":
            return isinstance(value, int | float)
        case "?":
            return value is None or (isinstance(value, int) and abs(value) < 1 << 63)
        case _:
            return isinstance(value, str)
