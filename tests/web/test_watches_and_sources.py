from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from core.errors import ModelRefused, StoreReadOnly, StoreUnavailable
from core.ports import Store
from core.settings import Settings
from engage.parts import tell, troubles
from tests.builders import NOW
from tests.web.browser import Browser, text_of
from web import create_app

FORM = {
    "product": "Acme",
    "aliases": "acme.io\n",
    "rivals": "Globex: GBX, globex.io\nInitech",
    "own_handles": "mastodon:acme",
    "every_minutes": "30",
    "source.hackernews": "yes",
    "source.mastodon": "yes",
    "setting.mastodon.servers": "mastodon.social\nfosstodon.org",
    "version": "1",
}


def test_a_watch_is_edited_through_fields(browser: Browser, store: Store) -> None:
    page = browser.follow(browser.post("/watches/acme", **FORM))
    watch = store.watch("acme")
    assert watch.product.aliases == ("acme.io",)
    assert [rival.names for rival in watch.rivals] == [("Globex", "GBX", "globex.io"), ("Initech",)]
    assert watch.sources == {
        "hackernews": {},
        "mastodon": {"servers": ["mastodon.social", "fosstodon.org"]},
    }
    assert (watch.every_minutes, watch.version) == (30, 2)
    assert "Saved." in text_of(page)
    assert "Globex: GBX, globex.io" in page


def test_settings_that_the_form_cannot_show_are_kept(browser: Browser, store: Store) -> None:
    sources = {
        "mastodon": {"servers": ["a.example"], "depth": 3, "lists": {"x": 1}},
        "usenet": {"groups": ["alt.acme"]},
    }
    store.save_watch(replace(store.watch("acme"), sources=sources), actor="x", now=NOW)
    page = browser.get("/watches/acme").text
    assert "alt.acme" in page
    shown = {
        "version": "2",
        "source.usenet": "yes",
        "setting.usenet.groups": "alt.acme\nalt.other",
        "setting.mastodon.servers": "a.example",
        "shown": "mastodon.servers mastodon.tags usenet.groups",
        "shown_sources": "hackernews mastodon feed usenet",
    }
    browser.post("/watches/acme", **{**FORM, **shown})
    saved = store.watch("acme").sources
    assert saved["mastodon"] == {"servers": ["a.example"], "depth": 3, "lists": {"x": 1}}
    assert saved["usenet"] == {"groups": ["alt.acme", "alt.other"]}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("product", ""),
        ("product", "!!"),
        ("product", "x" * 200),
        ("aliases", "\n".join(f"n{n}" for n in range(101))),
        ("rivals", "Acme"),
        ("must_not", "?"),
        ("every_minutes", "often"),
        ("every_minutes", "0"),
    ],
)
def test_a_mistake_is_said_beside_its_field_and_nothing_typed_is_lost(
    browser: Browser, store: Store, name: str, value: str
) -> None:
    page = browser.post("/watches/acme", 400, **{**FORM, name: value}).text
    assert "Not saved." in text_of(page)
    assert page.count('aria-invalid="true"') == 1
    assert "fosstodon.org" in page
    assert store.watch("acme").version == 1


def test_the_slower_of_two_editors_is_asked_again(browser: Browser, store: Store) -> None:
    store.save_watch(replace(store.watch("acme"), every_minutes=99), actor="bob", now=NOW)
    page = browser.post("/watches/acme", 409, **FORM).text
    assert "Somebody saved another version first." in text_of(page)
    assert "fosstodon.org" in page
    assert store.watch("acme").every_minutes == 99
    browser.post("/watches/acme", **{**FORM, "version": "2"})
    assert store.watch("acme").every_minutes == 30


def test_a_new_watch_gets_an_id_and_a_second_one_of_the_name_is_refused(
    browser: Browser, store: Store
) -> None:
    browser.get("/watches/new")
    answer = browser.post("/watches/new", **{**FORM, "product": "Überwald Cloud", "version": "0"})
    assert answer.headers["Location"].startswith("/watches/")
    assert len(store.watches()) == 2
    page = browser.post("/watches/new", 400, **{**FORM, "version": "0"}).text
    assert "There is a watch for this product already" in page


def test_a_preview_tries_the_watch_on_what_is_stored(browser: Browser, world: Store) -> None:
    page = browser.post("/watches/acme", 200, **{**FORM, "must": "price", "do": "preview"}).text
    assert "1 of the last 3 stored mentions" in text_of(page)
    assert world.watch("acme").version == 1


@pytest.mark.usefixtures("world")
def test_sources_say_how_they_are_in_words(browser: Browser) -> None:
    words = text_of(browser.get("/sources").text)
    assert "Blocked it answers 403" in words
    assert "OK" in words
    data = browser.get("/sources.json").get_json()["sources"]
    assert {(each["source"], each["status"]) for each in data} == {
        ("hackernews", "ok"),
        ("mastodon", "blocked"),
    }


def test_what_is_wrong_with_a_part_is_told_until_it_is_well(browser: Browser, store: Store) -> None:
    trouble = "the broker does not answer; workers wait, and nothing is lost"
    tell(store, "broker", trouble, now=NOW)
    tell(store, "broker", trouble, now=NOW)
    assert browser.get("/sources").text.count(trouble) == 1
    tell(store, "broker", "", now=NOW)
    assert trouble not in browser.get("/sources").text
    assert troubles(store) == []


def test_fetch_now_asks_once_however_often_it_is_pressed(browser: Browser, world: Store) -> None:
    for _ in range(3):
        browser.post("/sources/fetch", watch="acme", source="hackernews")
    (work,) = world.work()
    assert (work.kind, work.payload) == ("crawl", {"watch": "acme", "source": "hackernews"})
    browser.post("/sources/fetch")
    assert world.work()[0].payload == {} or len(world.work()) == 2
    browser.post("/sources/fetch", 404, watch="acme", source="nowhere")


def test_a_source_is_paused_and_goes_on(browser: Browser, world: Store) -> None:
    browser.post("/sources/pause", watch="acme", source="mastodon", paused="yes")
    assert [state.paused for state in world.source_states()] == [False, True]
    assert "Paused" in text_of(browser.get("/sources").text)
    browser.post("/sources/pause", watch="acme", source="mastodon", paused="no")
    assert not any(state.paused for state in world.source_states())


def test_colours_and_keys_are_kept_in_the_browser(browser: Browser) -> None:
    page = browser.follow(browser.post("/settings", theme="dark"))
    assert 'data-theme="dark">' in page
    assert '<body data-keys="off">' in page
    page = browser.follow(browser.post("/settings", theme="neon", keys="on"))
    assert 'data-theme="dark"' in page
    assert '<body data-keys="on">' in page


def test_health_is_told_without_a_session(guest: Browser) -> None:
    assert guest.get("/healthz").get_json() == {"status": "ok"}
    assert guest.get("/readyz").get_json()["checks"] == {"store": "ok"}


def test_a_broken_model_is_not_ready(store: Store) -> None:
    def probe() -> None:
        raise ModelRefused("model.onnx is cut short; run ./earful again to fetch it")

    answer = create_app(store, Settings(), probes={"model": probe}).test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["checks"] == {"store": "ok", "model": "ModelRefused"}


@pytest.mark.parametrize(
    "error", [StoreUnavailable("the database is busy"), StoreReadOnly("the disk is full")]
)
@pytest.mark.usefixtures("app")
def test_a_store_that_is_away_is_said_on_a_page_of_its_own(
    browser: Browser, store: Store, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def away(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(store, "session", away)
    page = browser.get("/threads", 503).text
    assert str(error) in text_of(page)
    assert "Traceback" not in page
    assert browser.get("/threads.json", 503).get_json()["request_id"]
    assert browser.get("/healthz").status_code == 200


def test_a_mistake_of_ours_is_one_page_with_an_id_and_no_trace(
    browser: Browser, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(store, "queue", broken)
    answer = browser.get("/threads", 500)
    assert "secret detail" not in answer.text
    assert answer.headers["X-Request-Id"] in answer.text
    assert answer.headers["X-Request-Id"] in caplog.text


def test_a_wrong_method_is_405_in_the_same_design(browser: Browser) -> None:
    answer = browser.get("/triage/resolve", 405)
    assert "POST" in answer.headers["Allow"]
    assert 'class="side"' in answer.text


def test_a_watch_is_tried_on_one_live_page_before_it_is_saved(browser: Browser, store: Store) -> None:
    form = {"product": "Zebra", "source.hackernews": "yes", "every_minutes": "15", "live": "hackernews"}
    page = browser.post("/watches/new", 200, do="live", **form).text
    assert [watch.id for watch in store.watches()] == ["acme"]
    (work,) = store.work()
    assert (work.kind, work.payload["source"]) == ("test_source", "hackernews")
    assert f'data-try="/watches/tries/{work.id}.json"' in page
    assert browser.get(f"/watches/tries/{work.id}.json").get_json()["state"] == "waiting"
    store.claim_work(owner="scheduler", lease=timedelta(minutes=1), now=NOW)
    store.finish_work(work.id, outcome="hackernews: 20 items; 3 match\n  <b>Zebra</b> is down")
    seen = browser.post("/watches/new", 200, do="look", **{**form, "try": work.id}).text
    assert "20 items; 3 match" in seen
    assert "&lt;b&gt;Zebra" in seen
    assert 'value="Zebra"' in seen


def test_a_try_is_only_its_owners_and_only_of_a_source_that_is_on(
    app: Flask, browser: Browser, store: Store
) -> None:
    form = {"product": "Zebra", "source.hackernews": "yes", "every_minutes": "15"}
    browser.post("/watches/new", 200, do="live", live="nonsense", **form)
    assert store.work() == []
    browser.post("/watches/new", 200, do="live", live="hackernews", **form)
    Browser(app, store).sign_in("bob").get(f"/watches/tries/{store.work()[0].id}.json", 404)
    browser.get("/watches/tries/nothing.json", 404)
