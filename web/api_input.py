"""The JSON body of a request to the API, read with care."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import request

from core.clock import from_iso
from core.errors import InputError

#: Stands for a value that must be there.
MUST = "\x00"


@dataclass(frozen=True, slots=True)
class Body:
    """An object of plain JSON values; every reader refuses what is not of its kind."""

    values: Mapping[str, object]

    def text(self, name: str, usual: str = MUST) -> str:
        """Return a text.

        Raises:
            InputError: it is missing and there is no usual one, or it is no text.
        """
        value = self.values.get(name)
        if value is None and usual != MUST:
            return usual
        if not isinstance(value, str):
            raise InputError(f"“{name}” must be a text")
        return value

    def number(self, name: str) -> int:
        """Return a whole number.

        Raises:
            InputError: it is missing or none.
        """
        value = self.values.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise InputError(f"“{name}” must be a whole number")
        return value

    def moment(self, name: str) -> datetime:
        """Return a moment.

        Raises:
            InputError: it is missing, no date, or without a zone.
        """
        try:
            return from_iso(self.text(name))
        except ValueError as error:
            raise InputError(f"“{name}”: {error}") from None

    def flag(self, name: str) -> bool:
        """Return true or false.

        Raises:
            InputError: it is missing or neither.
        """
        value = self.values.get(name)
        if not isinstance(value, bool):
            raise InputError(f"“{name}” must be true or false")
        return value

    def texts(self, name: str) -> list[str]:
        """Return a list of texts.

        Raises:
            InputError: it is missing or holds something else.
        """
        value = self.values.get(name)
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise InputError(f"“{name}” must be a list of texts")
        return list(map(str, value))

    def cells(self) -> dict[str, str]:
        """Return every value as a cell of a table has it: a list's texts with spaces between, null empty.

        Raises:
            InputError: a value is none of those.
        """
        return {name: _cell(name, value) for name, value in self.values.items()}


def _cell(name: str, value: object) -> str:
    match value:
        case None:
            return ""
        case str():
            return value.strip()
        case bool():
            raise InputError(f"“{name[:40]}” must be a text, a number, or a list of texts")
        case int() | float():
            return f"{value:.2f}"
        case [*each] if all(isinstance(one, str) for one in each):
            return " ".join(map(str, each))
        case _:
            raise InputError(f"“{name[:40]}” must be a text, a number, or a list of texts")


def sent() -> Body:
    """Return the body of this request.

    Raises:
        InputError: it is no JSON object.
    """
    values = request.get_json(force=True, silent=True)
    if not isinstance(values, dict):
        raise InputError("send one JSON object")
    return Body(values)
