"""`earful forget` and `earful restore` as a person types them, and a search over every byte they leave."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.kept import Kept
from core.mention import Author
from core.ports import Store
from core.thread import Note
from core.work import OutboxItem
from store import open_store
from tests import elasticsearch_server
from tests.builders import a_watch
from tests.cli.running import earful
from tests.customers.saying import LEAVES, PRAISE, say

HANDLE, NAME = "Quixotella77", "Quixotella Marbledrop"
WHO = Author(handle=HANDLE, name=NAME, url=f"https://pond.example/{HANDLE}")
TEXT = 'Acme swallowed my "zanzibarian" pancakes,\nsays I of the marshlands.'
WORDS = (HANDLE, NAME, "zanzibarian", "marshlands", "marbledrop")
#: Makes the place of a store: what goes into the configuration beside the data.
PLACES: dict[str, Callable[[], str]] = {
    "sqlite": lambda: "",
    "elasticsearch": elasticsearch_server.fresh_url,
}
PARAMS = [
    "sqlite",
    pytest.param("elasticsearch", marks=pytest.mark.elasticsearch),
]


@pytest.fixture(params=PARAMS)
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    url = PLACES[request.param]()
    if url:
        monkeypatch.setenv("EARFUL_STORE_URL", url)
    return url


def copied(store: Store, thread_id: str) -> None:
    """Copy them to where people and alerts do: shortened, folded, from the middle, in other letters."""
    now = SystemClock().now()
    folded = " ".join(TEXT.split())
    notes = (
        f"Their words: {TEXT[5:-8]} (and so on)",
        f"{NAME} is {HANDLE.upper()}, says {HANDLE.capitalize()}",
        "Kept note.",
    )
    for number, text in enumerate(notes):
        store.add_note(Note(id=f"n{number}", thread_id=thread_id, author="ada", text=text, at=now))
    alerts = ({"told": [{"text": f"{folded[:50]}…"}]}, {"text": f"> {folded}"}, {"text": "Kept alert."})
    store.post(
        OutboxItem(id=f"alert:{number}", channel="webhook", payload=payload, due_at=now)
        for number, payload in enumerate(alerts)
    )
    bodies: dict[str, Mapping[str, object]] = {
        "macro": {"title": "Hello", "text": f"Dear {NAME}, dear @{HANDLE}, kept macro"},
        "view": {"query": f"author:{HANDLE.lower()} kept view"},
        "search": {"must": [folded, "kept search"]},
        "happening": {"title": f"Release that {HANDLE} liked: {folded[3:60]}… kept story"},
    }
    for kind, body in bodies.items():
        store.keep(Kept(kind=kind, key="k", body=body, by="ada", at=now))
        store.keep(Kept(kind=kind, key="k", body=body, by="ada", at=now, version=1))


def kept_texts(data: Path, place: str) -> str:
    """Return what is left of what was copied, as JSON."""
    store = open_store(place or f"sqlite:///{data / 'earful.db'}")
    try:
        return json.dumps(
            [dict(record.body) for kind in ("kept", "thread", "outbox") for record in store.dump(kind)]
        )
    finally:
        store.close()


@pytest.fixture
def data(tmp_path: Path, place: str) -> Path:
    """A store in which somebody spoke, was quoted and named; their data exported, their doings logged."""
    path = tmp_path / "data"
    (path / "exports").mkdir(parents=True)
    store = open_store(place or f"sqlite:///{path / 'earful.db'}")
    store.save_watch(a_watch(), actor="ada", now=SystemClock().now())
    theirs = say(store, WHO, LEAVES, text=TEXT)
    say(store, "bob", PRAISE, reply_to=theirs, text=f"Well, @{HANDLE.lower()}, I like Acme. Ask {HANDLE}.")
    copied(store, theirs.thread_id)
    store.settle()
    store.close()
    exports = path / "exports"
    (exports / "all.jsonl").write_text(earful("export", data=path).stdout)
    (exports / "all.csv").write_text(earful("export", "--format", "csv", data=path).stdout)
    (exports / "one.jsonl").write_text(earful("forget", f"hackernews:{HANDLE}", "--export", data=path).stdout)
    (exports / "people.csv").write_text(
        f"key,handles,stage\r\np1,hackernews:{HANDLE},at_risk\r\np2,x:bob,\r\n"
    )
    (path / "up.log").write_text(
        f"read /{HANDLE}\nbad: {json.dumps(TEXT)}\nbad: {TEXT!r}\n"
        f"GET /people?q=author%3A{HANDLE.lower()}&as=%40{HANDLE}%40pond.example {NAME}\nkept line\n"
    )
    (path / "up.log").chmod(0o600)
    return path


def files_of(data: Path, place: str) -> Iterator[Path]:
    """Yield every file of the data directory but the backups, and those of the server."""
    yield from (path for path in data.rglob("*") if path.is_file() and path.parent.name != "backups")
    if place:
        server = elasticsearch_server.shared_server()
        told = server.ask("GET", f"/_cat/indices/{place.rpartition('/')[2]}-*?h=uuid").split()
        for path in (server.base / "data").rglob("*"):
            if path.is_file() and any(uuid in path.parts for uuid in told):
                yield path


def left(data: Path, place: str) -> list[tuple[str, str]]:
    """Return which files hold which words of theirs, in any case."""
    return [
        (path.name, word)
        for path in files_of(data, place)
        for held in [path.read_bytes().lower()]
        for word in WORDS
        if word.lower().encode() in held
    ]


def test_who_asks_is_forgotten_in_the_store_the_exports_and_the_logs(data: Path, place: str) -> None:
    held = {name for name, _ in left(data, place)}
    assert {"all.jsonl", "all.csv", "one.jsonl", "people.csv", "up.log"} < held
    done = earful("forget", f"hackernews:{HANDLE}", "--yes", data=data)
    assert done.returncode == 0, done.stderr
    assert "1 mentions" in done.stderr
    assert "5 files" in done.stderr
    assert HANDLE not in done.stderr
    assert left(data, place) == []
    exports = data / "exports"
    assert [
        json.loads(line)["author"]["handle"] for line in (exports / "all.jsonl").read_text().splitlines()
    ] == ["bob"]
    assert "I like Acme" in (exports / "all.csv").read_text()
    assert [next(iter(json.loads(line))) for line in (exports / "one.jsonl").read_text().splitlines()] == [
        "move"
    ]
    assert (exports / "people.csv").read_bytes() == b"key,handles,stage\r\np2,x:bob,\r\n"
    assert (data / "up.log").read_text().endswith("kept line\n")
    assert (data / "up.log").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in data.rglob("*.clean")] == []
    remains = kept_texts(data, place)
    for what in ("note.", "macro", "view", "search", "story", "alert."):
        assert f"ept {what}" in remains
    assert earful("count", data=data).stdout == "1\n"


def test_who_is_forgotten_is_not_brought_back_by_a_backup_or_an_import(
    tmp_path: Path, data: Path, place: str
) -> None:
    lines = (data / "exports" / "all.jsonl").read_text()
    copy = earful("backup", "--keep", "3", data=data).stdout.strip()
    assert earful("forget", f"hackernews:{HANDLE}", "--yes", data=data).returncode == 0
    (tmp_path / "again.jsonl").write_text(lines)
    earful("import", str(tmp_path / "again.jsonl"), data=data)
    assert left(data, place) == []
    if place:  # into a server goes what it lost
        server = elasticsearch_server.shared_server()
        server.ask("DELETE", f"/{place.rpartition('/')[2]}-mentions-v1")
    done = earful("restore", copy, data=data)
    assert done.returncode == 0, done.stderr
    assert left(data, place) == []
    assert "1 people who asked to be forgotten were in it" in done.stderr
    assert earful("import", str(tmp_path / "again.jsonl"), data=data).returncode == 0
    assert left(data, place) == []


def test_a_person_who_is_none_and_a_no_change_nothing(data: Path, place: str) -> None:
    before = left(data, place)
    done = earful("forget", "nobody", "--yes", data=data)
    assert done.returncode == 1
    assert "SOURCE:HANDLE" in done.stderr
    assert earful("forget", f"hackernews:{HANDLE}", data=data).returncode == 130  # nobody said yes
    assert left(data, place) == before
