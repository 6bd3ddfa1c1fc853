"""Credentials: taken from where only the operator reaches, handed to their source, shown to nobody."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import earful
from core.errors import ConfigError, InputError
from crawlers.keys import HidingFormatter, Keys, load_keys, save_key
from tests.crawlers.crawl_rig import Bench
from tests.crawlers.hostile import Hostile, in_turn, say

SECRET = "s3cret/token+with=signs"


def test_a_key_is_stored_for_its_owner_alone_and_read_back(tmp_path: Path) -> None:
    save_key(tmp_path / "data", "x", "bearer_token", f" {SECRET}\n")
    save_key(tmp_path / "data", "mastodon", "token@social.example", 'with "quotes" \\ and ü')
    path = tmp_path / "data" / "keys.toml"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["keys.toml"]
    keys = load_keys(tmp_path / "data", {})
    assert keys.of("x") == {"bearer_token": SECRET}
    assert keys.of("mastodon") == {"token@social.example": 'with "quotes" \\ and ü'}
    assert keys.of("github") == {}


def test_a_file_that_others_may_read_is_refused_with_what_to_do(tmp_path: Path) -> None:
    save_key(tmp_path, "x", "bearer_token", SECRET)
    path = tmp_path / "keys.toml"
    for mode in (0o644, 0o640, 0o604, 0o660):
        path.chmod(mode)
        with pytest.raises(ConfigError, match=f"chmod 600 {path}"):
            load_keys(tmp_path, {})


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    save_key(tmp_path, "github", "token", "from the file")
    keys = load_keys(
        tmp_path,
        {
            "EARFUL_KEY_GITHUB_TOKEN": "from the environment",
            "EARFUL_KEY_MASTODON_TOKEN": "social.example=abc Other.example=def",
            "EARFUL_KEY_X_BEARER_TOKEN": " ",
            "EARFUL_PORT": "1",
        },
    )
    assert keys.of("github") == {"token": "from the environment"}
    assert keys.of("mastodon") == {"token@social.example": "abc", "token@other.example": "def"}
    assert keys.of("x") == {}


@pytest.mark.parametrize(
    "variable", ["EARFUL_KEY_GITHUB_TOKN", "EARFUL_KEY_GITHB_TOKEN", "EARFUL_KEY_FEED_TOKEN", "EARFUL_KEY_"]
)
def test_a_variable_that_names_no_key_is_told(variable: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=variable):
        load_keys(tmp_path, {variable: "abc"})


@pytest.mark.parametrize(
    "text",
    [
        '[x]\nbearer_token = "secret',
        "[x]\nbearer_token = 7\n",
        '[nowhere]\nkey = "secret"\n',
        '[x]\nkey = "secret"\n',
    ],
)
def test_a_faulty_file_is_refused_without_quoting_it(text: str, tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ConfigError) as told:
        load_keys(tmp_path, {})
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("value", ["", "two\nlines", "nul\x00", "x" * 5000])
def test_what_cannot_be_a_key_is_refused(value: str, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        save_key(tmp_path, "x", "bearer_token", value)
    assert not (tmp_path / "keys.toml").exists()


@pytest.mark.parametrize(
    ("source", "field"),
    [
        ("hackernews", "key"),
        ("x", "token"),
        ("mastodon", "token"),
        ("github", "token@a.example"),
        ("y", "key"),
    ],
)
def test_a_key_that_there_is_not_is_refused(source: str, field: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        save_key(tmp_path, source, field, "abcdef")


def test_keys_show_themselves_nowhere() -> None:
    keys = Keys({"x": {"bearer_token": SECRET, "short": "abc"}})
    assert SECRET not in repr(keys)
    for form in (SECRET, "s3cret%2Ftoken%2Bwith%3Dsigns"):
        assert keys.hide(f"https://x.example/?key={form}&a=abc") == "https://x.example/?key=(key)&a=abc"
    record = logging.LogRecord("scrapy", logging.ERROR, "", 0, "<GET %s>", (f"/?key={SECRET}",), None)
    assert HidingFormatter(logging.Formatter("%(message)s"), keys).format(record) == "<GET /?key=(key)>"


def test_set_key_takes_it_from_standard_input_and_never_shows_it(tmp_path: Path) -> None:
    arguments = ["source", "set-key", "--data", str(tmp_path), "github", "token", "--no-check"]
    done = CliRunner().invoke(earful, arguments, input=f"{SECRET}\n")
    assert done.exit_code == 0, done.output
    assert SECRET not in done.output
    shown = CliRunner().invoke(earful, ["source", "list", "--data", str(tmp_path)])
    assert shown.exit_code == 0, shown.output
    assert "key token: set" in shown.output
    assert "key bearer_token: absent; it adds X reads nothing" in " ".join(shown.output.split())
    assert SECRET not in shown.output
    # It is no argument, where every process of the machine could read it.
    assert CliRunner().invoke(earful, [*arguments, SECRET], input="").exit_code != 0


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_source_without_its_key_says_so_and_the_rest_runs(bench: Bench) -> None:
    bench.watch({"x": {}, "hackernews": {}})
    with Hostile(pages={"/api/v1/search_by_date": say(200, b'{"hits": []}')}) as server:
        told = bench.crawl(base_urls={"hackernews": server.base, "x": server.base})
    states = {state["source"]: state for state in told.states}
    assert states["hackernews"]["status"] == "ok"
    assert states["x"]["status"] == "blocked"
    assert "`earful source set-key x bearer_token`" in states["x"]["reason"]


def test_a_key_in_an_address_reaches_no_state_and_no_store(bench: Bench) -> None:
    bench.watch({"stackexchange": {"sites": ["stackoverflow", "dba"]}})
    with Hostile() as server:
        answers = [say(status, b'{"error": "no"}') for status in (401, 404, 400, 500)]
        server.pages = {"/2.3/search/excerpts": in_turn(*answers)}
        keys = {"stackexchange": {"key": SECRET}}
        told = bench.crawl(base_urls={"stackexchange": server.base}, keys=keys)
        assert all("key=" in one.path for one in server.seen), "it was sent"
        assert len(server.seen) > 4
    assert told.state["errors"] == 4
    assert SECRET not in json.dumps(told.states)
    assert "s3cret" not in json.dumps(told.states)
    for file in bench.directory.glob("earful.db*"):
        assert b"s3cret" not in file.read_bytes()


def test_a_key_is_tried_with_one_request(bench: Bench) -> None:
    bench.watch({})
    good, bad = {"github": {"token": SECRET}}, {"github": {"token": "wrong-wrong"}}
    with Hostile() as server:

        def search(handler: object) -> None:
            is_good = handler.headers.get("Authorization") == f"Bearer {SECRET}"  # type: ignore[attr-defined]
            body = b'{"items": [], "total_count": 0}' if is_good else b'{"message": "Bad credentials"}'
            say(200 if is_good else 401, body)(handler)  # type: ignore[arg-type]

        server.pages = {"/search/issues": search}
        plan = {"base_urls": {"github": server.base}, "trial": "github", "for_key": True}
        assert bench.crawl(**plan, keys=good).state["error"] == []
        assert len(server.seen) == 1
        refused = bench.crawl(**plan, keys=bad).state["error"]
        assert refused[0] == "SourceBlocked"
        assert "wrong-wrong" not in refused[1]


def test_a_source_is_tried_with_one_request_and_nothing_is_stored(bench: Bench) -> None:
    bench.watch({"hackernews": {}})
    hit = {"objectID": "1", "author": "ada", "created_at": "2026-11-20T00:00:00Z", "title": "Acme is down"}
    with Hostile(pages={"/api/v1/search_by_date": say(200, json.dumps({"hits": [hit]}).encode())}) as server:
        bases = {"hackernews": server.base}
        assert bench.crawl(base_urls=bases, trial="hackernews").state == {
            "items": 1,
            "matches": 1,
            "error": [],
        }
        assert len(server.seen) == 1
        assert len(bench.crawl(base_urls=bases).mentions) == 1


def test_a_days_requests_are_a_budget_and_the_state_says_until_when(bench: Bench) -> None:
    bench.watch({"hackernews": {"daily_requests": 2}})
    with Hostile(pages={"/api/v1/search_by_date": say(200, b'{"hits": []}')}) as server:
        plan = {"base_urls": {"hackernews": server.base}}
        first = bench.crawl(**plan, now="2026-11-22T10:00:00Z")
        assert first.state["status"] == "ok", first.state
        later = bench.crawl(**plan, now="2026-11-22T11:00:00Z").state
        assert len(server.seen) == 2
        assert later["status"] == "backing off"
        assert "2 requests a day" in later["reason"]
        assert later["until"] == 1795392000.0, "midnight UTC"
        bench.crawl(**plan, now="2026-11-23T00:01:00Z")
        assert len(server.seen) == 4


def test_the_settings_file_limits_every_watch(bench: Bench) -> None:
    bench.watch({"hackernews": {}})
    with Hostile(pages={"/api/v1/search_by_date": say(200, b'{"hits": []}')}) as server:
        told = bench.crawl(
            base_urls={"hackernews": server.base}, budgets={"hackernews": {"daily_requests": 1}}
        )
        assert len(server.seen) == 1
    assert "1 requests a day" in told.state["reason"]
