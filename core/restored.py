"""Values that were checked when they were first made, made again from a store without the checks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Self


class Restored:
    """A frozen dataclass that a store may make again: checking a page of mentions costs more than reading."""

    __slots__ = ()

    @classmethod
    def restored(cls, *values: object) -> Self:
        """Return the value with these fields, all of them in their order, as such a value was stored.

        Raises:
            TypeError: there are more or fewer fields.
        """
        # From now on the maker is called itself: passing the fields on would cost as much as setting them.
        maker = _maker(cls)
        type.__setattr__(cls, "restored", staticmethod(maker))
        made: Self = maker(*values)
        return made


def _maker(cls: type) -> Callable[..., Any]:
    """Return a function whose values are `cls` once their fields are set.

    A frozen class sets its fields by one call each; its twin of the same layout is not frozen, and a function
    of its own by place, written as dataclasses write theirs, is four times as fast as its constructor.
    """
    names = [field.name for field in dataclasses.fields(cls)]
    twin = type(cls.__name__, cls.__bases__, {"__slots__": tuple(names)})
    fields = "".join(f"    made.{name} = {name}\n" for name in names)
    code = f"""
def restored({", ".join(names)}):
    made = new(twin)
{fields}    made.__class__ = cls
    return made
"""
    known: dict[str, Any] = {"new": object.__new__, "twin": twin, "cls": cls}
    exec(code, known)  # noqa: S102 — made of the names of our own fields
    maker: Callable[..., Any] = known["restored"]
    return maker
