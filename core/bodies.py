"""Frozen dataclasses as plain JSON values and back, told by their fields' types.

Read are texts, numbers, truth values, dates, moments, enumerations, tuples of one kind, nested dataclasses,
and any of these or null. A field that is missing takes its default; one that is not known is left out, so
that what a newer Earful wrote can be read.
"""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TypeVar, Union

from core.clock import from_iso, iso
from core.errors import InputError

T = TypeVar("T")
Reader = Callable[[object], object]


def body_of(value: object) -> dict[str, object]:
    """Return a frozen dataclass as plain JSON values; fields at their default are left out."""
    told: dict[str, object] = {}
    for name, default in _defaults(type(value)):
        held = getattr(value, name)
        if held != default:
            told[name] = _plain(held)
    return told


def value_of(cls: type[T], body: Mapping[str, object]) -> T:
    """Return the dataclass that plain JSON values tell.

    Raises:
        InputError: a field is missing or is not of its type; the message names it.
    """
    read: dict[str, object] = {}
    for name, reader in _readers(cls).items():
        if name in body:
            try:
                read[name] = reader(body[name])
            except (TypeError, ValueError, KeyError) as error:
                raise InputError(f"{name!r} of {cls.__name__.lower()} cannot be read: {error}") from error
    try:
        return cls(**read)
    except TypeError as error:
        raise InputError(f"{cls.__name__.lower()} is not whole: {error}") from error


#: Worked out once for each class: names with their defaults, and what reads each field.
_FIELDS: dict[type, tuple[tuple[str, object], ...]] = {}
_READERS: dict[type, Mapping[str, Reader]] = {}


def _defaults(cls: type) -> tuple[tuple[str, object], ...]:
    if cls not in _FIELDS:
        if not dataclasses.is_dataclass(cls):
            raise TypeError(f"{cls.__name__} is no dataclass")
        _FIELDS[cls] = tuple((each.name, _default(each)) for each in dataclasses.fields(cls))
    return _FIELDS[cls]


def _default(each: dataclasses.Field[object]) -> object:
    return each.default if each.default_factory is dataclasses.MISSING else each.default_factory()


def _readers(cls: type) -> Mapping[str, Reader]:
    if cls not in _READERS:
        hints = typing.get_type_hints(cls)
        _READERS[cls] = {name: _reader(hints[name]) for name, _ in _defaults(cls)}
    return _READERS[cls]


def _plain(value: object) -> object:
    match value:
        case enum.Enum():
            return value.value
        case datetime():
            return iso(value)
        case date():
            return value.isoformat()
        case tuple():
            return [_plain(one) for one in value]
        case None | str() | int() | float():
            return value
        case _:
            return body_of(value)


def _reader(hint: object) -> Reader:  # noqa: PLR0911 — one return for each kind of field
    """Return what reads values of a type."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        (inner,) = [each for each in arguments if each is not types.NoneType]
        read = _reader(inner)
        return lambda value: None if value is None else read(value)
    if origin is tuple:
        one = _reader(arguments[0])
        return lambda value: tuple(map(one, _list(value)))
    if not isinstance(hint, type):
        raise TypeError(f"no field can be a {hint}")
    if issubclass(hint, enum.Enum):
        return hint
    if hint is datetime:
        return lambda value: from_iso(_text(value))
    if hint is date:
        return lambda value: date.fromisoformat(_text(value))
    if hint is float:
        return _number
    if hint is str:
        return _text
    if hint in (int, bool):
        return lambda value: _exactly(hint, value)
    return lambda value: value_of(hint, _mapping(value))


def _exactly(kind: type, value: object) -> object:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def _list(value: object) -> list[object]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{value!r} is no list")
    return list(value)


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{value!r} is no object")
    return value
