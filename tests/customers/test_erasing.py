"""Who is forgotten is gone to the last byte, and no crawl brings them back. On both stores."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import SetClock
from core.errors import InputError, NotFound
from core.mention import Author
from core.ports import Store
from core.query import Match, Words
from core.search import Search
from core.thread import Note
from core.work import OutboxItem
from engage.customers import find_person
from engage.erasing import about, apply_again, carried, forget
from engage.muting import Mutable, mute
from store import open_store
from store.elastic import ElasticStore, indices
from tests import elasticsearch_server
from tests.builders import NOW, a_mention, a_watch, found
from tests.cli.running import earful
from tests.customers.saying import LEAVES, PRAISE, say

HANDLE, NAME = "Quixotella77", "Quixotella Marbledrop"
TEXT = "Acme swallowed my zanzibarian pancakes, says I."
WHO = Author(handle=HANDLE, name=NAME, url=f"https://pond.example/{HANDLE}")


def files_of(address: str) -> Iterator[Path]:
    """Yield every file that a store writes."""
    if address.startswith("sqlite"):
        yield from Path(address.removeprefix("sqlite:///")).parent.iterdir()
        return
    server = elasticsearch_server.shared_server()
    prefix = address.rpartition("/")[2]
    told = server.ask("GET", f"/_cat/indices/{prefix}-*?h=uuid")
    for path in (server.base / "data").rglob("*"):
        if path.is_file() and any(uuid in path.parts for uuid in told.split()):
            yield path


def left(address: str, *words: str) -> list[tuple[str, str]]:
    """Return which files hold which of the words, in any case and as JSON writes them."""
    return [
        (str(path), word)
        for path in files_of(address)
        for data in [path.read_bytes().lower()]
        for word in words
        if word.lower().encode() in data
    ]


@pytest.fixture
def told(store: Store) -> Store:
    """A person who spoke, was answered by name, noted, muted, quoted in an alert, and is at risk."""
    theirs = say(store, WHO, LEAVES, text=TEXT)
    say(store, "bob", PRAISE, reply_to=theirs, text=f"Well @{HANDLE.lower()}, I like Acme. Ask {HANDLE}.")
    store.add_note(Note(id="n", thread_id=theirs.thread_id, author="ada", text=f"Call {HANDLE}!", at=NOW))
    mute(store, Mutable.AUTHOR, HANDLE, source="hackernews", actor="ada", now=NOW)
    item = OutboxItem(id="o", channel="x", payload={"text": f"Look: {TEXT}"}, due_at=NOW)
    store.post([item])
    store.settle()
    return store


def test_nothing_of_a_person_is_left_the_others_stay_and_no_crawl_brings_them_back(
    told: Store, address: str
) -> None:
    assert left(address, HANDLE, "zanzibarian")
    done = forget(told, f"hackernews:{HANDLE}", actor="ada", now=NOW)
    assert (done.mentions, done.texts) == (1, 1)
    told.settle()
    assert left(address, HANDLE, NAME, "zanzibarian", "marbledrop") == []
    assert [stored.mention.author.handle for stored in told.mentions()] == ["bob"]
    text = next(iter(told.mentions())).mention.text
    assert text == f"Well @{'█' * 12}, I like Acme. Ask {'█' * 12}."
    with pytest.raises(NotFound):
        find_person(told, f"hackernews:{HANDLE}")
    assert told.check() == []
    search = Search(node=Words("zanzibarian", Match.WORD), now=NOW)
    assert told.count(search).value == 0
    again = a_mention(author=replace(WHO, handle=HANDLE.upper()), text=TEXT)
    other = a_mention(author="bob", text=f"@{HANDLE} what of Acme? {HANDLE} knows.")
    elsewhere = a_mention(source="reddit", author="eve", text="Acme is fine.")
    told.put([found(again), found(other), found(elsewhere)], now=NOW)
    told.settle()
    assert {stored.mention.author.handle for stored in told.mentions()} == {"bob", "eve"}
    assert left(address, HANDLE, "zanzibarian") == []


def test_everything_kept_of_a_person_can_be_had_before(told: Store) -> None:
    lines = [json.dumps(line) for line in about(told, f"hackernews:{HANDLE}", now=NOW)]
    assert "at_risk" in lines[0]
    assert any(TEXT in line for line in lines)
    assert not any("I like Acme" in line for line in lines)
    with pytest.raises(InputError, match="SOURCE:HANDLE"):
        forget(told, "nobody", actor="ada", now=NOW)


def test_whom_a_backup_had_forgotten_under_its_own_secret_stays_forgotten(
    told: Store, tmp_path: Path
) -> None:
    forget(told, f"hackernews:{HANDLE}", actor="ada", now=NOW)
    old = open_store(f"sqlite:///{tmp_path / 'restored.db'}")
    try:
        for watch in told.watches():
            old.save_watch(replace(watch, version=0), actor="x", now=NOW)
        forget(old, "hackernews:carol_of_the_lake", actor="ada", now=NOW)
        apply_again(old, carried(told), now=NOW)
        apply_again(old, carried(told), now=NOW)  # cut off and done once more
        for author in (WHO, "carol_of_the_lake", "bob"):
            say(old, author, PRAISE, text=f"Acme is fine, says {HANDLE} to @Carol_of_the_lake.")
        (left_over,) = old.mentions()
        assert left_over.mention.author.handle == "bob"
        assert "lake" not in left_over.mention.text
        assert HANDLE not in left_over.mention.text
        forget(old, "hackernews:bob", actor="ada", now=NOW)
        say(old, "bob", PRAISE, text="Acme again.")
        assert list(old.mentions()) == []
    finally:
        old.close()


def test_what_a_backup_brings_back_is_forgotten_again(told: Store, tmp_path: Path) -> None:
    forget(told, f"hackernews:{HANDLE}", actor="ada", now=NOW)
    erasures = carried(told)
    old = open_store(f"sqlite:///{tmp_path / 'restored.db'}")
    try:
        for watch in told.watches():
            old.save_watch(replace(watch, version=0), actor="x", now=NOW)
        say(old, WHO, LEAVES, text=TEXT)
        say(old, "bob", PRAISE, text=f"Ask {HANDLE} about Acme.")
        assert apply_again(old, erasures, now=NOW + timedelta(days=1)) == 1
        assert [stored.mention.author.handle for stored in old.mentions()] == ["bob"]
        assert left(f"sqlite:///{tmp_path / 'restored.db'}", HANDLE, "zanzibarian") == []
    finally:
        old.close()


@pytest.mark.elasticsearch
def test_what_a_cluster_refused_of_a_person_is_forgotten_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = elasticsearch_server.fresh_url()
    cluster = open_store(address, clock=SetClock(NOW))
    cluster.save_watch(a_watch(), actor="ada", now=NOW)
    say(cluster, WHO, LEAVES, text=TEXT)
    # The server takes no keyword of 40,000 characters.
    refused = [
        a_mention(id="h:1", author=WHO, text="Acme, my zanzibarian waffles!"),
        a_mention(id="h:2", author="bob", text=f"@{HANDLE} said: {TEXT}"),
    ]
    cluster.put([found(replace(one, language="x" * 40_000)) for one in refused], now=NOW)
    assert len(cluster.dead_letters()) == 2
    # As a rebuild for a newer version begins.
    assert isinstance(cluster, ElasticStore)
    indices.create(cluster.server, "mentions", 2, alias=False)
    monkeypatch.setenv("EARFUL_STORE_URL", address)
    done = earful("forget", f"hackernews:{HANDLE}", "--yes", data=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "documents behind" in done.stderr
    assert "once more when that is done" in done.stderr
    assert [letter.id for letter in cluster.dead_letters()] == ["h:2"]
    assert left(address, HANDLE, NAME, "zanzibarian", "marbledrop") == []
    cluster.close()
