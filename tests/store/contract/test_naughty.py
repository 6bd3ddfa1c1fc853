"""Strings that break programs go in and out, and are found again by what looking at them finds."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from core.mention import Author
from core.ports import Store
from core.query import OneOf, Words
from core.query_parser import parse
from core.search import Search
from core.thread import Note, Triage
from core.tokens import token_texts
from tests.builders import NOW, a_mention, found
from tests.core.naughty import NAUGHTY
from tests.store.contract.asking import ask
from tests.store.contract.brute import Brute, Jury
from tests.store.contract.world import World

FIELDS = ("author", "tag", "assignee", "url", "lang", "source")


def a_naughty_world(store: Store) -> tuple[World, Jury]:
    world = World(watches=tuple(store.watches()))
    for number, text in enumerate(NAUGHTY):
        mention = a_mention(
            native_id=f"n{number}",
            text=f"Acme {text}",
            title=text if number % 2 else None,
            author=Author(handle=text or None, name=text[::-1] or None),
            language=text[:8] if number % 3 else None,
            url=f"https://x.example/{text}",
        )
        world.founds[mention.id] = [found(mention)]
    store.put([one for founds in world.founds.values() for one in founds], now=NOW)
    for thread_id, founds in world.founds.items():
        text = NAUGHTY[int(founds[0].mention.native_id[1:])]
        triage = Triage(tags=(text,) if text else (), assignee=text or None)
        store.triage(thread_id, triage, actor=text or "ada", action="triage.tag", now=NOW)
        store.add_note(Note(id=text or "empty", thread_id=thread_id, author=text, text=text, at=NOW))
    for mention_id in world.founds:
        world.threads[mention_id] = store.thread(mention_id)
    store.settle()
    return world, Jury([Brute(world, stored) for stored in store.mentions()])


def test_naughty_strings_are_stored_and_found_like_any_other(store: Store, address: str) -> None:
    world, jury = a_naughty_world(store)
    assert len(jury.judges) == len(NAUGHTY)
    for mention_id, founds in world.founds.items():
        assert store.mention(mention_id).mention == founds[0].mention
    # Where each question is a request, each string is asked of as words and in two fields, in turns.
    fields = len(FIELDS) if address.startswith("sqlite") or "EARFUL_QUERIES" in os.environ else 2
    nodes = [node for number, text in enumerate(NAUGHTY) for node in questions(text, number, fields)]
    for node in nodes:
        search = Search(node=node, now=NOW, mine=("ada",))
        expected = {judge.mention.id for judge in jury.found(search)}
        page = store.search(search, limit=5)
        assert store.count(search).value == len(expected), node
        assert {hit.stored.mention.id for hit in page.hits} <= expected, node
    assert store.facets(ask(""), ["author", "tag", "assignee", "lang"], limit=1_000)
    assert store.check() == []


def questions(text: str, number: int, fields: int) -> list[Words | OneOf]:
    """Return what to ask of a string: its words, and as many fields as are wanted, from the number's on."""
    asked: list[Words | OneOf] = []
    if token_texts(text):
        asked += [leaf for leaf in [parse(text).node] if isinstance(leaf, Words | OneOf)]
        asked.append(Words(text))
    if text:
        cleaned = a_mention(url=text).url or text
        asked += [OneOf(FIELDS[(number + turn) % len(FIELDS)], (cleaned,)) for turn in range(fields)]
    return asked


@pytest.mark.parametrize(
    "field", ["author", "tag", "assignee", "url", "thread", "watch", "product", "rival", "source"]
)
def test_no_value_of_a_field_breaks_a_search(store: Store, field: str) -> None:
    store.put([found()], now=NOW)
    # Twenty at once break where one would.
    values = (*NAUGHTY, "\ud800", "a\x00b", "x" * 100_000)
    for start in range(0, len(values), 20):
        node = OneOf(field, (*values[start : start + 20], "other"))
        assert store.count(Search(node=node, now=NOW)).value >= 0
        assert store.queue(Search(node=node, now=NOW)).total.value >= 0


def test_every_naughty_query_gets_an_answer(store: Store) -> None:
    store.put([found()], now=NOW)
    for text in NAUGHTY:
        search = ask(text, user=text)
        store.search(search)
        store.queue(search)
        store.facets(search, ["author", "sentiment"])


def test_a_line_of_a_megabyte_is_kept_and_found(store: Store) -> None:
    mention = a_mention(text="Acme " + "schrecklich" * 90_000)
    spaced = a_mention(text="Acme " + "word " * 39_000 + "needle")
    store.put([found(mention), found(spaced)], now=NOW)
    assert store.mention(mention.id).mention == mention
    page = store.search(ask("needle"))
    assert [hit.stored.mention.id for hit in page.hits] == [spaced.id]
    (start, end) = page.hits[0].text_marks[0]
    assert page.hits[0].stored.mention.text[start:end] == "needle"
    store.put([found(replace(mention, text="", deleted=True))], now=NOW)
    assert store.check() == []
