"""`earful user` and `earful token`, as a person runs them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from click.testing import CliRunner, Result

from cli.main import earful
from core.clock import SystemClock
from store import open_store


def run(data: Path, *args: str, code: int = 0) -> Result:
    result = CliRunner().invoke(earful, [*args, "--data", str(data)])
    assert result.exit_code == code, result.output
    return result


def refused(data: Path, *args: str) -> str:
    """Return what a command that cannot do what it is asked says."""
    return str(run(data, *args, code=1).exception)


def test_a_person_is_added_changed_and_let_in_again(tmp_path: Path) -> None:
    added = run(tmp_path, "user", "add", "ada", "--role", "admin").stdout
    assert re.fullmatch(r"/sign-in/[\w-]{43}\n", added)
    run(tmp_path, "user", "add", "bob")
    run(tmp_path, "user", "role", "bob", "viewer")
    run(tmp_path, "user", "disable", "bob")
    listed = [line.split("\t")[:3] for line in run(tmp_path, "user", "list").stdout.splitlines()]
    assert listed == [["ada", "admin", "link only"], ["bob", "viewer", "disabled"]]
    run(tmp_path, "user", "enable", "bob")
    assert run(tmp_path, "user", "reset", "bob").stdout.startswith("/sign-in/")
    assert run(tmp_path, "user", "link", "bob").stdout.startswith("/sign-in/")


def test_what_cannot_be_done_says_why(tmp_path: Path) -> None:
    run(tmp_path, "user", "add", "ada", "--role", "admin")
    assert "already" in refused(tmp_path, "user", "add", "ADA")
    assert "no spaces" in refused(tmp_path, "user", "add", "a b")
    assert "must stay admin" in refused(tmp_path, "user", "role", "ada", "agent")
    assert "no user" in refused(tmp_path, "user", "link", "nobody")
    assert "no token" in refused(tmp_path, "token", "end", "nothing")
    assert "no user" in refused(tmp_path, "token", "add", "x", "--user", "nobody")


def test_a_token_is_printed_once_listed_without_itself_and_ended(tmp_path: Path) -> None:
    run(tmp_path, "user", "add", "ada", "--role", "admin")
    text = run(tmp_path, "token", "add", "nightly", "--user", "ada", "--scope", "triage").stdout.strip()
    listed = run(tmp_path, "token", "list").stdout
    token_id, owner, scope, *_ = listed.split("\t")
    assert (owner, scope) == ("ada", "triage")
    assert text not in listed
    store = open_store(f"sqlite:///{tmp_path / 'earful.db'}", clock=SystemClock())
    (kept,) = store.kept("token")
    store.close()
    assert kept.body["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert "ended nightly" in run(tmp_path, "token", "end", token_id).output
    assert run(tmp_path, "token", "list").stdout == ""
