"""Values that were checked when they were first made, made again from a store without the checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self, TypeVar, cast

T = TypeVar("T")


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
        return maker(*values)


def _maker(cls: type[T]) -> Callable[..., T]:
    """Return a function whose values are `cls` once their fields are set.

    A frozen class sets its fields by one call each; its twin of the same layout is not frozen, and a function
    of its own by place, written as dataclasses write theirs, is four times as fast as its constructor.
    """
    names: tuple[str, ...] = vars(cls)["__slots__"]  # its fields in their order: it is a dataclass with slots
    twin = type(cls.__name__, cls.__bases__, {"__slots__": names})
    fields = "".join(f"    made.{name} = {name}\n" for name in names)
    code = f"""
def restored({", ".join(names)}):
    made = new(twin)
{fields}    made.__class__ = cls
    return made
"""
    known: dict[str, object] = {"new": object.__new__, "twin": twin, "cls": cls}
    exec(code, known)  # noqa: S102 — made of the names of our own fields
    return cast("Callable[..., T]", known["restored"])
