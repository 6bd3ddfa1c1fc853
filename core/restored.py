"""Values that were checked when they were first made, made again from a store without the checks."""

from __future__ import annotations

import dataclasses
from typing import Self


class Restored:
    """A frozen dataclass that a store may make again: checking a page of mentions costs more than reading."""

    __slots__ = ()

    @classmethod
    def restored(cls, **values: object) -> Self:
        """Return the value with exactly these fields, all of them, as such a value was stored.

        Raises:
            TypeError: a field is missing, or there is none of that name.
        """
        # From now on the twin is called itself: passing the fields on would cost as much as setting them.
        twin = _twin(cls)
        type.__setattr__(cls, "restored", twin)
        made: Self = twin(**values)
        return made


def _twin(cls: type) -> type:
    """Return a class whose new values are `cls` once their fields are set.

    A frozen class sets its fields by one call each; its twin of the same layout is not frozen, which is
    twice as fast.
    """

    def freeze(self: object) -> None:
        self.__class__ = cls

    return dataclasses.make_dataclass(
        cls.__name__,
        [(field.name, object) for field in dataclasses.fields(cls)],
        bases=cls.__bases__,
        namespace={"__post_init__": freeze},
        slots=True,
        kw_only=True,
        eq=False,
        repr=False,
    )
