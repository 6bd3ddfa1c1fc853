"""The recipe of docs/adding-a-source.md: one code file, one test, one fixture, and the source is there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAD = '''"""Guest books, as the recipe has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import urlencode

from scrapy.http import TextResponse

from core.mention import Author, Kind, Mention, mention_id
from core.watch import SourceSettings, Watch
from crawlers.page import Json, id_of, object_of, read_json, text_of, time_of
from crawlers.refusals import unknown
from crawlers.source import Source, names_of
from crawlers.stream import Stream

EXPECTED = "expected `entries`"


'''
TAIL = """

def _entry(item: Json) -> Mention | None:
    data = object_of(item)
    native, at, text = id_of(data.get("id")), time_of(data.get("at")), text_of(data.get("says"))
    if native is None or at is None or text is None:
        return None
    own_id = mention_id("guestbook", native)
    return Mention(
        id=own_id,
        source="guestbook",
        native_id=native,
        kind=Kind.POST,
        url=f"https://guestbook.example/{native}",
        thread_id=own_id,
        author=Author(handle=text_of(data.get("who"))),
        text=text,
        published_at=at,
    )
"""
TEST = '''"""Guest books are read exactly."""

from pathlib import Path

from click.testing import CliRunner
from scrapy.http import TextResponse

from cli.main import earful
from crawlers.catalog import source
from crawlers.handbook import handbook


def test_entries_are_read_exactly() -> None:
    body = (Path(__file__).parent / "fixtures" / "guestbook.json").read_bytes()
    page = TextResponse("https://guestbook.example/search?q=Acme", body=body)
    found = [(one.id, one.author.handle, one.text) for one in source("guestbook")().read(page)]
    assert found == [("guestbook:1", "ada", "Acme, again!")]


def test_it_is_in_the_handbook_and_on_the_command_line(tmp_path: Path) -> None:
    assert "Guest books (`guestbook`)" in handbook()
    file = Path(__file__).parent / "fixtures" / "guestbook.json"
    shown = CliRunner().invoke(earful, ["read", "guestbook", str(file)])
    assert '"guestbook:1"' in shown.output
    listed = CliRunner().invoke(earful, ["source", "list", "--data", str(tmp_path)])
    assert "guestbook: Guest books; off until a watch names what to read" in listed.output
'''
FIXTURE = (
    '{"entries": [{"id": 1, "who": "ada", "says": "Acme, again!", "at": "2026-11-20T10:00:00Z"}, {"id": 2}]}'
)


def test_a_source_is_one_code_file_one_test_and_one_fixture(tmp_path: Path) -> None:
    # A checkout by links: the packages are the real ones, only `crawlers/spiders` is a folder of its own.
    before = _checkout(tmp_path)
    recipe = (ROOT / "docs" / "adding-a-source.md").read_text("utf-8")
    code = re.search(r"```python\n(.+?)```", recipe, re.DOTALL)
    assert code is not None, "the recipe shows the class"
    (tmp_path / "crawlers" / "spiders" / "guestbook.py").write_text(HEAD + code[1].rstrip() + "\n" + TAIL)
    tests = tmp_path / "tests" / "crawlers"
    (tests / "fixtures").mkdir(parents=True)
    (tests / "test_guestbook.py").write_text(TEST)
    (tests / "fixtures" / "guestbook.json").write_text(FIXTURE)
    added = [path for path in tmp_path.rglob("*") if path.is_file() and path not in before]
    assert len(added) == 3
    done = _run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def _checkout(directory: Path) -> set[Path]:
    for package in ("core", "store", "engage", "nlp", "web", "cli"):
        (directory / package).symlink_to(ROOT / package)
    for folder in ("crawlers", "crawlers/spiders"):
        (directory / folder).mkdir()
        for path in (ROOT / folder).iterdir():
            if path.name not in ("spiders", "__pycache__"):
                (directory / folder / path.name).symlink_to(path)
    return {path for path in directory.rglob("*") if path.is_file()}


def _run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(directory), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
