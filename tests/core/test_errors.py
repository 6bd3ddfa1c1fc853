"""Every error is in the drawn tree, and the tree is true."""

from __future__ import annotations

import re

import pytest

from core import errors
from core.errors import Conflict, EarfulError, InputError, SourceBusy
from tests.builders import NOW

_LINE = re.compile(r"^    (?P<indent>[│├└─ ]*)(?P<name>[A-Z]\w+)", re.MULTILINE)


def _drawn() -> dict[str, str]:
    """Return the parent of each error as the docstring draws it."""
    parents: dict[str, str] = {}
    above: list[str] = []
    for match in _LINE.finditer(errors.__doc__ or ""):
        depth = len(match["indent"]) // 4
        above[depth:] = [match["name"]]
        parents[match["name"]] = above[depth - 1] if depth else "Exception"
    return parents


def test_the_drawn_tree_is_the_tree() -> None:
    classes = {
        name: thing
        for name, thing in vars(errors).items()
        if isinstance(thing, type) and issubclass(thing, Exception)
    }
    assert {name: thing.__bases__[0].__name__ for name, thing in classes.items()} == _drawn()


def test_the_command_line_ends_with_two_where_it_cannot_go_on_and_with_one_otherwise() -> None:
    two = {name for name in _drawn() if getattr(errors, name).exit_code == 2}
    assert two == {
        *(
            "ConfigError",
            "StoreError",
            "StoreUnavailable",
            "StoreReadOnly",
            "StoreCorrupt",
            "StoreTooNew",
            "ModelRefused",
        )
    }


@pytest.mark.parametrize("name", sorted(_drawn()))
def test_each_error_says_in_its_docstring_what_it_means(name: str) -> None:
    assert len((getattr(errors, name).__doc__ or "").split()) >= 3


def test_an_input_error_names_the_line() -> None:
    assert str(InputError("no text", line=3)) == "line 3: no text"
    assert (InputError("no text", line=3).line, InputError("no text").line) == (3, None)
    assert str(InputError("no text")) == "no text"


def test_errors_carry_what_the_handler_needs() -> None:
    assert Conflict("changed", fresh={"version": 2}).fresh == {"version": 2}
    assert SourceBusy("wait", until=NOW).until == NOW
    assert issubclass(Conflict, EarfulError)
