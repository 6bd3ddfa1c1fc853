"""What can follow where the reader types a query: names of fields, and values of one. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.query import quoted
from core.query_fields import CLOSED_FIELDS, FIELD_NAMES

#: Most suggestions at once; more is no help.
MOST = 8
#: The word that is being typed: a minus, the name of a field, and what stands after its colon.
WORD = re.compile(r"(?P<minus>-?)(?P<field>[a-z]+)?(?P<colon>:)?(?P<rest>[^\s()]*)$")
EXAMPLES = {"last": ("24h", "7d", "30d"), "churn": (">0.7",)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestion:
    """One way to go on."""

    #: What is shown, and what stands from `start` to the cursor when it is chosen.
    label: str
    text: str
    start: int


def complete(written: str, values: Callable[[str], Sequence[str]]) -> Sequence[Suggestion]:
    """Return how a query can go on at its end; `values` knows the values of an open field."""
    match = WORD.search(written)
    if match is None or written[: match.start()].count('"') % 2:
        return ()
    name, rest = match["field"] or "", match["rest"]
    if not match["colon"]:
        return _fields(name, rest, start=match.start() + len(match["minus"]))
    if name not in FIELD_NAMES:
        return ()
    done, comma, typed = rest.rpartition(",")
    typed = typed.lstrip('"').casefold()
    taken = {value.strip('"').casefold() for value in done.split(",")}
    known = [*CLOSED_FIELDS.get(name, ()), *EXAMPLES.get(name, ())] or values(name)
    fitting = [value for value in known if value.casefold() not in taken and value.casefold() != typed]
    fitting.sort(key=lambda value: not value.casefold().startswith(typed))
    start = match.start("rest") + len(done) + len(comma)
    return [
        Suggestion(label=value, text=quoted(value) + " ", start=start)
        for value in fitting
        if typed in value.casefold()
    ][:MOST]


def _fields(name: str, rest: str, *, start: int) -> Sequence[Suggestion]:
    """Return the fields whose names begin with what is typed; after nothing at all, none."""
    if not name or rest:
        return ()
    names = sorted(each for each in FIELD_NAMES if each.startswith(name))
    return [Suggestion(label=f"{each}:", text=f"{each}:", start=start) for each in names][:MOST]
