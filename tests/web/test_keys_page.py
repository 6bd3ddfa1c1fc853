"""`/settings/keys`: a credential goes in, is tried, and never comes out."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from cli.keyring import FileKeys
from core.clock import SetClock
from core.ports import Store
from core.settings import Settings
from crawlers.catalog import source_forms
from crawlers.keys import load_keys
from tests.web.browser import Browser, text_of
from web import create_app

SECRET = "s3cret-bearer-token"


@pytest.fixture
def keys(tmp_path: Path) -> FileKeys:
    return FileKeys(tmp_path / "data")


@pytest.fixture
def admin(store: Store, clock: SetClock, keys: FileKeys) -> Browser:
    app = create_app(store, Settings(), clock=clock, sources=source_forms, keys=keys)
    return Browser(app, store).sign_in("admin")


def test_a_key_is_kept_for_nobody_else_and_tried_at_once(
    admin: Browser, store: Store, keys: FileKeys
) -> None:
    page = admin.follow(admin.post("/settings/keys", source="x", field="bearer_token", value=f" {SECRET}\n"))
    assert "Kept." in text_of(page)
    assert SECRET not in page
    file = keys.data_dir / "keys.toml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load_keys(keys.data_dir, {}).of("x") == {"bearer_token": SECRET}
    (work,) = store.work()
    assert (work.kind, work.payload) == ("test_key", {"source": "x", "host": ""})
    (entry,) = store.audit(target="source:x:bearer_token")
    assert entry.actor == "admin"
    for told in (page, admin.get("/settings/keys").text, str(work), str(entry), admin.get("/sources").text):
        assert SECRET not in told


def test_a_key_of_one_server_names_it_and_both_halves_are_awaited(admin: Browser, store: Store) -> None:
    admin.post("/settings/keys", source="mastodon", field="token", server="Town.Example", value=SECRET)
    assert "set for town.example" in text_of(admin.get("/settings/keys").text)
    assert store.work()[0].payload == {"source": "mastodon", "host": "town.example"}
    admin.post("/settings/keys", source="bluesky", field="handle", value="acme.example")
    assert len(store.work()) == 1, "a handle without its password cannot be tried"
    admin.post("/settings/keys", source="bluesky", field="app_password", value=SECRET)
    assert store.work()[0].payload["source"] == "bluesky"


@pytest.mark.parametrize(
    "sent",
    [
        {"source": "x", "field": "bearer_token", "value": ""},
        {"source": "x", "field": "bearer_token", "value": "two\nlines"},
        {"source": "x", "field": "bearer_token", "value": "x" * 5_000},
        {"source": "x", "field": "nothing", "value": SECRET},
        {"source": "hackernews", "field": "token", "value": SECRET},
        {"source": "nowhere", "field": "token", "value": SECRET},
        {"source": "mastodon", "field": "token", "value": SECRET},
        {"source": "mastodon", "field": "token", "server": "a b/../c", "value": SECRET},
        {"source": "x", "field": "bearer_token", "server": "x.example", "value": SECRET},
    ],
)
def test_what_is_no_key_is_said_and_nothing_is_kept(
    admin: Browser, store: Store, keys: FileKeys, sent: dict[str, str]
) -> None:
    page = admin.post("/settings/keys", 400, **sent).text
    assert "Not kept." in text_of(page)
    assert SECRET not in page
    assert (dict(keys.names()), store.work()) == ({}, [])


def test_a_file_that_others_may_read_is_told_and_not_used(admin: Browser, keys: FileKeys) -> None:
    admin.post("/settings/keys", source="x", field="bearer_token", value=SECRET)
    (keys.data_dir / "keys.toml").chmod(0o644)
    page = admin.get("/settings/keys").text
    assert "others may read" in text_of(page)
    assert SECRET not in page


@pytest.mark.parametrize("name", ["bob", "vera"])
def test_only_an_admin_sees_or_sets_keys(store: Store, clock: SetClock, keys: FileKeys, name: str) -> None:
    app = create_app(store, Settings(), clock=clock, sources=source_forms, keys=keys)
    browser = Browser(app, store).sign_in(name)
    browser.get("/settings/keys", 403)
    browser.post("/settings/keys", 403, source="x", field="bearer_token", value=SECRET)
    assert dict(keys.names()) == {}


def test_a_server_without_a_key_file_says_where_keys_go(browser: Browser) -> None:
    page = browser.post("/settings/keys", 400, source="x", field="bearer_token", value=SECRET).text
    assert "set that of x where the crawler runs" in text_of(page)


def test_a_source_is_tried_from_its_card(browser: Browser, world: Store) -> None:
    page = browser.follow(browser.post("/sources/test", watch="acme", source="hackernews"))
    assert "Hacker News is asked once" in text_of(page)
    assert [(work.kind, work.payload["source"]) for work in world.work()] == [("test_source", "hackernews")]
    browser.post("/sources/test", 404, watch="acme", source="nowhere")
    browser.post("/sources/test", 404)
