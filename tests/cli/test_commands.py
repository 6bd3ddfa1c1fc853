"""The commands on a store, as a person types them."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.mention import mention_to_json
from core.source import SourceState, SourceStatus
from engage.parts import tell
from store import open_store
from tests.builders import a_mention, a_watch
from tests.cli.running import ROOT, earful


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data directory with one watch and no mention."""
    folder = tmp_path / "data"
    folder.mkdir()
    store = open_store(f"sqlite:///{folder / 'earful.db'}")
    store.save_watch(a_watch(), actor="test", now=SystemClock().now())
    store.close()
    return folder


def json_lines(*texts: str) -> str:
    mentions = [a_mention(id=f"import:{number}", text=text) for number, text in enumerate(texts)]
    return "".join(json.dumps(mention_to_json(mention)) + "\n" for mention in mentions)


def test_what_was_exported_is_imported_as_the_same_mentions(data: Path, tmp_path: Path) -> None:
    lines = tmp_path / "mentions.jsonl"
    lines.write_text(json_lines("Acme is fine", "Acme is not\nfine at all"))
    first = earful("import", str(lines), data=data)
    assert (first.returncode, "2 new" in first.stderr) == (0, True)
    again = tmp_path / "again.jsonl"
    again.write_text(earful("export", data=data).stdout)
    second = earful("import", str(again), data=data)
    assert second.returncode == 0
    assert "0 new, 0 changed, 2 unchanged" in second.stderr


def test_a_bad_row_is_told_by_its_line_and_the_rest_goes_in(data: Path, tmp_path: Path) -> None:
    lines = tmp_path / "mentions.jsonl"
    lines.write_text("{not json\n[]\n" + json_lines("Acme again") + '{"id": "x:1"}\n')
    done = earful("import", str(lines), data=data)
    assert done.returncode == 1
    assert "1 new" in done.stderr
    assert [line.split(":")[0] for line in done.stderr.splitlines()[:3]] == ["line 1", "line 2", "line 4"]
    assert earful("count", data=data).stdout.strip() == "1"


def test_a_csv_without_ids_is_imported_once_however_often_it_is_read(data: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text(
        "text,published_at,author,rating\r\n"
        '"Acme lost my report, twice",2026-05-01T10:00:00Z,ann,2\r\n'
        "Acme,yesterday,bob,\r\n"
    )
    first, second = earful("import", str(rows), data=data), earful("import", str(rows), data=data)
    assert "1 new" in first.stderr
    assert "line 3" in first.stderr
    assert "0 new, 0 changed, 1 unchanged" in second.stderr
    assert earful("count", "has:rating", "author:ann", data=data).stdout.strip() == "1"


def test_an_import_without_a_watch_says_how_to_get_one(tmp_path: Path) -> None:
    lines = tmp_path / "mentions.jsonl"
    lines.write_text(json_lines("Acme"))
    (tmp_path / "empty").mkdir()
    done = earful("import", str(lines), data=tmp_path / "empty")
    assert done.returncode == 2
    assert "--watch" in done.stderr


def test_no_csv_cell_is_a_formula(data: Path, tmp_path: Path) -> None:
    lines = tmp_path / "mentions.jsonl"
    lines.write_text(json_lines('=HYPERLINK("http://evil.example","Acme")', "+Acme", "-Acme", "@Acme sum"))
    earful("import", str(lines), data=data)
    for command in (["search", "--format", "csv"], ["export", "--format", "csv"]):
        table = list(csv.reader(io.StringIO(earful(*command, data=data).stdout)))
        assert len(table) == 5
        assert not [cell for row in table for cell in row if cell.startswith(("=", "+", "-", "@"))]


def test_a_misread_query_is_shown_and_still_searched(data: Path, tmp_path: Path) -> None:
    lines = tmp_path / "mentions.jsonl"
    lines.write_text(json_lines("Acme is fine"))
    earful("import", str(lines), data=data)
    done = earful("search", "acme", "colour:red", "OR", "acme", data=data)
    assert done.returncode == 0
    assert "colour" in done.stderr
    assert "read as:" in done.stderr
    assert "Acme is fine" in done.stdout


def test_a_sound_store_is_said_to_be_sound(data: Path) -> None:
    done = earful("check", data=data)
    assert (done.returncode, done.stdout.strip()) == (0, "the store is sound")


@pytest.mark.parametrize(
    "line", ['port = "many"', "port = 99999", "[weights]\nchurn = -1", "not toml", "[weights]\nx = 1"]
)
def test_a_setting_that_cannot_be_is_one_clear_line(data: Path, line: str) -> None:
    (data / "earful.toml").write_text(line)
    done = earful("count", data=data)
    assert done.returncode == 2
    assert "earful.toml" in done.stderr
    assert len(done.stderr.splitlines()) == 1


ACCOUNTS = "name,domain,renewal\nUmbrella,umbrella.example,2026-12-24\nInitech,,1900-01-01\n"


def test_accounts_come_in_only_whole_and_are_taken_back(data: Path, tmp_path: Path) -> None:
    table = tmp_path / "accounts.csv"
    table.write_text(ACCOUNTS)
    refused = earful("account", "import", str(table), data=data)
    assert (refused.returncode, "line 3: bad Initech" in refused.stderr) == (1, True)
    assert earful("account", "import", "--preview", str(table), data=data).returncode == 0
    assert earful("account", "list", data=data).stdout == ""
    stored = earful("account", "import", "--leave-out", str(table), data=data)
    key = stored.stderr.split("`earful account undo ")[1].split("`")[0]
    listed = earful("account", "list", "--renewals", data=data).stdout.splitlines()
    assert [json.loads(line)["contract"]["name"] for line in listed] == ["Umbrella"]
    assert key in earful("account", "imports", data=data).stdout
    assert earful("account", "undo", key, data=data).returncode == 0
    assert earful("account", "list", data=data).stdout == ""
    assert earful("account", "undo", key, data=data).stderr.startswith("earful: this import was taken back")


def test_a_cell_guarded_against_formulas_is_read_as_what_was_said(data: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    cells = ("'=Acme is +1", "'@acme, why?", "'quoted' Acme", "=Acme unguarded")
    lines = [f'"{cell}",2026-05-0{n}T10:00:00Z\n' for n, cell in enumerate(cells, 1)]
    rows.write_text("text,published_at\n" + "".join(lines))
    assert earful("import", str(rows), data=data).returncode == 0
    said = [json.loads(line)["text"] for line in earful("export", data=data).stdout.splitlines()]
    assert sorted(said) == sorted(["=Acme is +1", "@acme, why?", "'quoted' Acme", "=Acme unguarded"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "mixed"])
def test_a_file_of_any_encoding_is_read(data: Path, tmp_path: Path, encoding: str) -> None:
    head, texts = "text,published_at\r\n", ("Acme für alle", "Größe zählt, Acme", "cheap – Acme “deal”")
    text = [f'"{one}",2026-05-0{n}T10:00:00Z\r\n' for n, one in enumerate(texts, 1)]
    rows = tmp_path / "rows.csv"
    if encoding == "mixed":
        rows.write_bytes((head + text[0]).encode() + (text[1] + text[2]).encode("cp1252"))
    else:
        rows.write_bytes((head + "".join(text)).encode(encoding))
    done = earful("import", str(rows), data=data)
    assert (done.returncode, "3 new" in done.stderr) == (0, True), done.stderr
    assert ("Windows-1252" in done.stderr) == (encoding in ("cp1252", "mixed"))
    said = [json.loads(line)["text"] for line in earful("export", data=data).stdout.splitlines()]
    assert sorted(said) == sorted(texts)


def test_a_huge_file_is_read_in_little_memory(data: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    with rows.open("w") as out:
        for _ in range(300):
            out.write("x" * 1_000_000)
        out.write("\n")
        for _ in range(50):
            out.write('{"text": "' + "y" * 1_500_000 + '"}\n')
        out.write(json_lines("Acme after all that"))
    # A child of its own, because a process knows only the largest of all the children that it ever had.
    measured = (
        "import resource, subprocess, sys;"
        "told = subprocess.run(sys.argv[1:], capture_output=True, text=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); print(told.stderr, file=sys.stderr)"
    )
    command = [sys.executable, "-m", "cli", "import", str(rows), "--data", str(data)]
    done = subprocess.run(
        [sys.executable, "-c", measured, *command], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "1 new, 0 changed, 0 unchanged, 51 left out" in done.stderr
    assert "line 1" in done.stderr
    assert "line 50" in done.stderr
    assert int(done.stdout) < 200_000


def test_the_status_tells_what_waits_and_what_needs_somebody(data: Path, tmp_path: Path) -> None:
    lines = tmp_path / "mentions.jsonl"
    lines.write_text(json_lines("Acme is fine", "Acme is not"))
    earful("import", str(lines), data=data)
    well = earful("status", data=data)
    assert (well.returncode, well.stdout) == (0, "2 mentions in 2 threads\n2 wait for labels\n")
    store = open_store(f"sqlite:///{data / 'earful.db'}")
    tell(store, "broker", "the broker does not answer; workers wait", now=SystemClock().now())
    dead = SourceState(watch_id="acme", source="feed", status=SourceStatus.DEAD, reason="it is gone")
    store.save_source_state(dead)
    store.close()
    ill = earful("status", data=data)
    assert ill.returncode == 1
    assert ill.stdout.splitlines()[2:] == [
        "! the broker does not answer; workers wait",
        "! feed for acme: dead; it is gone",
    ]
