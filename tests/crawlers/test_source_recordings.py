"""`earful read` against real recorded answers: every item exact."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SOURCES = {"hackernews": "hackernews", "mastodon": "mastodon", "feeds": "feed"}


def entries(shared: Path) -> list[dict[str, Any]]:
    manifest = json.loads((shared / "recordings" / "MANIFEST.json").read_text(encoding="utf-8"))
    return [entry for entry in manifest["entries"] if entry["service"] in SOURCES]


def read(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli", "read", *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("service", sorted(SOURCES))
def test_every_item_of_a_recording_is_found_exactly(shared: Path, service: str) -> None:
    folder = shared / "recordings"
    recorded = [entry for entry in entries(shared) if entry["service"] == service]
    told = read(SOURCES[service], *(str(folder / entry["file"]) for entry in recorded))
    assert told.returncode == 0, told.stderr
    assert told.stderr == ""
    found = [json.loads(line) for line in told.stdout.splitlines()]
    files = [folder / entry["expect"]["all_items"] for entry in recorded]
    expected = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    assert [simple(one) for one in found] == [wanted(one) for one in expected]


def simple(mention: dict[str, Any]) -> tuple[object, ...]:
    text = " ".join(mention["text"].split())[:100].strip()
    at = mention["published_at"][:19]
    return (
        mention["native_id"], mention["author"]["handle"], at, mention["url"], mention["title"], text
    )  # fmt: skip


def wanted(item: dict[str, Any]) -> tuple[object, ...]:
    return (
        str(item["id"]), item.get("author"), item["created_at"][:19], item["url"], item.get("title"),
        item.get("text_start", "").strip(),
    )  # fmt: skip


def test_an_error_body_gives_no_mention_a_message_and_exit_code_0(tmp_path: Path) -> None:
    bodies = {
        "mastodon": '{"error": "Record not found"}',
        "hackernews": '{"status": 404, "error": "Not Found"}',
        "feed": "<!DOCTYPE html><html><head><title>Access denied</title></head></html>",
    }
    for source, body in bodies.items():
        file = tmp_path / f"{source}.body"
        file.write_text(body, encoding="utf-8")
        told = read(source, str(file))
        assert (told.returncode, told.stdout) == (0, ""), told.stderr
        assert "no mentions" in told.stderr


def test_a_file_without_sense_gives_exit_code_1_and_what_was_expected(tmp_path: Path) -> None:
    file = tmp_path / "nonsense"
    file.write_bytes(b"\x00\xffnothing of the kind")
    for source in SOURCES.values():
        told = read(source, str(file))
        assert (told.returncode, told.stdout) == (1, "")
        assert "expected" in told.stderr
        assert "Traceback" not in told.stderr


def test_an_unknown_source_or_file_gives_exit_code_2_and_the_names() -> None:
    told = read("nosuch", "x")
    assert told.returncode == 2
    assert "hackernews" in told.stderr
    told = read("feed", "/no/such/file")
    assert told.returncode == 2
    assert "/no/such/file cannot be read" in told.stderr
