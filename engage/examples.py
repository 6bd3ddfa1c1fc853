"""Whether a query says of example texts what somebody expects of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from core.query import And, Everything, Node, Not, Or, Where, Words
from store.analysis import marks, stem_language

#: Yes, no, or unknown.
Truth: TypeAlias = bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a query says of one example."""

    text: str
    #: What was expected.
    wanted: bool
    #: None where the words alone do not decide, because the query also asks for labels, sources or times.
    found: Truth

    @property
    def right(self) -> bool:
        """Whether the query may do what was expected."""
        return self.found is None or self.found is self.wanted


def verdicts(node: Node, must: Sequence[str], must_not: Sequence[str]) -> list[Verdict]:
    """Return what a query says of texts that it must find and of texts that it must not."""
    wanted = [(text, True) for text in must] + [(text, False) for text in must_not]
    return [Verdict(text=text, wanted=want, found=says(node, text)) for text, want in wanted]


def says(node: Node, text: str, language: str | None = None) -> Truth:
    """Tell whether a query finds a text by its words; None where it depends on what is no word of it."""
    match node:
        case Everything():
            return True
        case Words():
            return bool(marks(text, stem_language(language), [node], Where.TEXT))
        case Not(child):
            inner = says(child, text, language)
            return _not(inner)
        case And(nodes):
            return _all([says(child, text, language) for child in nodes])
        case Or(nodes):
            none = _all([_not(says(child, text, language)) for child in nodes])
            return _not(none)
        case _:
            return None


def _not(value: Truth) -> Truth:
    return None if value is None else not value


def _all(values: Sequence[Truth]) -> Truth:
    """Return whether all hold; one that does not settles it, whatever the unknown ones are."""
    if False in values:
        return False
    return None if None in values else True
