"""Lists whose items are built when somebody looks at them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, overload

Raw = TypeVar("Raw")
T = TypeVar("T")


class Lazily(Sequence[T], Generic[Raw, T]):
    """Items made from stored rows, each at most once: a page that shows ten of fifty builds ten.

    Equal to any list or tuple of equal items. What is to be built is held whole, so the store may be closed.
    """

    __slots__ = ("_built", "_make", "_rows")

    def __init__(self, rows: Sequence[Raw], make: Callable[[Raw], T]) -> None:
        self._rows: Sequence[Raw] = rows
        self._make: Callable[[Raw], T] = make
        self._built: dict[int, T] = {}

    def __len__(self) -> int:
        """Return how many there are; builds none."""
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[T]: ...
    def __getitem__(self, place: int | slice) -> T | Sequence[T]:
        """Return one item, or several as a tuple."""
        if isinstance(place, slice):
            return tuple(self[i] for i in range(*place.indices(len(self._rows))))
        place = range(len(self._rows))[place]
        if place not in self._built:
            self._built[place] = self._make(self._rows[place])
        return self._built[place]

    def __eq__(self, other: object) -> bool:
        """Compare item by item."""
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(mine == one for mine, one in zip(self, other, strict=True))

    def __hash__(self) -> int:
        """Return what a tuple of the same items has."""
        return hash(tuple(self))

    def __repr__(self) -> str:
        """Return the items as a list is shown."""
        return f"Lazily({list(self)!r})"
