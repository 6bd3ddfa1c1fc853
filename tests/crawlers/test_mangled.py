"""Answers with something wrong in them: a source reads what is left or says what it expected."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from core.errors import EarfulError
from tests.crawlers.truth import fixture, read

#: What stands where something else was expected.
WRONG: list[Any] = [
    *(None, True, 0, -1, 1e300, float("nan"), 10**30),
    *("", "\x00", "\ud800", "https://", "http://[::1", "javascript:1", "t3_", "2026-99-99"),
    *([], {}, [[]], [{}], ["a"], {"kind": "t1", "data": {}}),
]
FIXTURES = {
    "reddit": "reddit_thread.json",
    "github": "github_search.json",
    "stackexchange": "stackexchange_questions.json",
    "lemmy": "lemmy_search.json",
    "discourse": "discourse_topic.json",
    "bluesky": "bluesky_thread.json",
    "x": "x_search.json",
    "youtube": "youtube_threads.json",
    "appstore": "appstore_reviews.json",
}


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in a JSON value with each of its keys."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from places(value[key])


@pytest.mark.parametrize("name", FIXTURES)
def test_a_mangled_answer_breaks_nothing(name: str) -> None:
    dice, whole = random.Random(15), json.loads(fixture(FIXTURES[name]))
    for _ in range(1500):
        mangled = copy.deepcopy(whole)
        for _ in range(dice.choice((1, 1, 3))):
            container, key = dice.choice(list(places(mangled)))
            container[key] = copy.deepcopy(dice.choice(WRONG))
        try:
            read(name, mangled, "https://x.example/api/v3/search?site=dba")
        except EarfulError:
            continue
