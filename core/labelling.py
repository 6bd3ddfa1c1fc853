"""What a labeller is asked, and the port it answers through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from core.labels import Labels
from core.watch import Brand


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelRequest:
    """One text and the brand it is to be judged toward."""

    #: What was said: title and text.
    text: str
    #: The target; None for what the text is about as a whole.
    brand: Brand | None = None
    #: The other brands, so that praise of a rival is not taken for praise of the target.
    others: tuple[Brand, ...] = ()


class Labeller(Protocol):
    """Turn texts into labels. An implementation answers every request, in order."""

    @property
    def model(self) -> str:
        """`name.vN`; a stored answer of another name is out of date."""
        ...

    def label(self, requests: Sequence[LabelRequest], *, explain: bool = False) -> list[Labels]:
        """Return one answer per request, in the same order.

        A text that cannot be labelled is answered with `Labels(not_labelled=reason)`, never skipped
        and never raised. With `explain` the spans of the words that moved each label are filled in.
        """
        ...


@runtime_checkable
class Teachable(Protocol):
    """A labeller that learns from people which texts are about a brand at all."""

    def teach_relevance(self, brand: str, requests: Sequence[LabelRequest], about: Sequence[bool]) -> None:
        """Fit the brand's relevance head anew on people's verdicts; its labels carry `relevance` from then.

        Raises:
            InputError: there are too few verdicts of one kind to tell them apart.
        """
        ...
