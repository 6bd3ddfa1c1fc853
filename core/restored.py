"""Values that were checked when they were first made, made again from a store without the checks."""

from __future__ import annotations

from typing import Self

_set = object.__setattr__


class Restored:
    """A frozen value that a store may make again: to check a page of mentions costs more than to read it."""

    __slots__ = ()

    @classmethod
    def restored(cls, **values: object) -> Self:
        """Return the value with exactly these fields, all of them, as such a value was stored.

        Raises:
            TypeError: a field is missing.
        """
        if len(values) != len(cls.__slots__):
            raise TypeError(f"{cls.__name__} has {len(cls.__slots__)} fields, not {len(values)}")
        made = object.__new__(cls)
        for name, value in values.items():
            _set(made, name, value)
        return made
