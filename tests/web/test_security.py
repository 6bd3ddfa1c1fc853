"""Every route, every method: who gets in, what a form must bring, what each answer carries."""

from __future__ import annotations

import pytest
from flask import Flask

from core.ports import Store
from core.settings import Settings
from tests.web.access import routes
from tests.web.browser import Browser
from tests.web.world import ANGRY
from web import create_app
from web.security import CSP

PUBLIC = {"static", "sign_in.show", "sign_in.by_password", "sign_in.link", "health.healthz", "health.readyz"}


@pytest.mark.usefixtures("world")
def test_every_page_asks_for_a_session(app: Flask, guest: Browser) -> None:
    seen = 0
    for route in routes(app, "GET", "HEAD"):
        if route.endpoint in PUBLIC or route.blueprint == "feeds":
            continue
        address = route.address
        answer = guest.client.open(address, method=route.method, buffered=True)
        if address.endswith((".json", ".csv", ".jsonl", ".atom")) or route.blueprint == "api":
            assert answer.status_code == 401, address
        else:
            assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in"), address
        assert b"Acme" not in answer.data
        seen += 1
    assert seen > 20


def test_every_change_asks_for_a_session(app: Flask, guest: Browser) -> None:
    for route in routes(app, "POST", "PUT", "PATCH", "DELETE"):
        assert guest.client.open(route.address, method=route.method).status_code in (401, 403), route


@pytest.mark.parametrize("token", ["", "wrong", "0" * 64])
def test_every_change_refuses_a_missing_or_foreign_csrf_token(
    app: Flask, world: Store, browser: Browser, token: str
) -> None:
    before = world.audit(limit=1)
    for route in routes(app, "POST", "PUT", "PATCH", "DELETE"):
        answer = browser.client.open(
            route.address, method=route.method, data={"csrf": token, "on": f"0|{ANGRY}"}
        )
        assert answer.status_code == 403, route
    assert world.audit(limit=1) == before


def test_a_change_from_another_site_is_refused_even_with_the_token(world: Store, browser: Browser) -> None:
    answer = browser.client.post(
        "/triage/resolve",
        data={"csrf": browser.csrf, "on": f"0|{ANGRY}"},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code == 403
    assert world.thread(ANGRY).triage.version == 0


def test_no_get_changes_anything(app: Flask, world: Store, browser: Browser) -> None:
    before, triage = world.audit(limit=1), world.thread(ANGRY).triage
    for route in routes(app, "GET", "HEAD"):
        if route.endpoint != "sign_in.link":
            browser.client.open(route.address, method=route.method, buffered=True)
    assert (world.audit(limit=1), world.thread(ANGRY).triage) == (before, triage)


@pytest.mark.usefixtures("world")
def test_every_answer_carries_the_security_headers(app: Flask, browser: Browser) -> None:
    addresses = [route.address for route in routes(app, "GET")]
    for address in (*addresses, "/nowhere", "/threads/nowhere", "/static/nowhere.js"):
        headers = browser.client.get(address, buffered=True).headers
        assert headers["Content-Security-Policy"] == CSP, address
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Request-Id"]
        assert "Strict-Transport-Security" not in headers
        if not address.startswith("/static"):
            assert headers["Cache-Control"] == "no-store", address


def test_the_policy_has_no_way_around_it() -> None:
    assert "unsafe" not in CSP
    assert "default-src 'none'" in CSP
    assert "*" not in CSP


@pytest.mark.usefixtures("world")
def test_no_page_holds_inline_script_or_style_or_another_origin(app: Flask, browser: Browser) -> None:
    for route in routes(app, "GET"):
        address = route.address
        page = browser.client.get(address, buffered=True).text
        if "<!doctype html>" not in page:
            continue
        assert " style=" not in page, address
        assert "<style" not in page, address
        assert " onclick" not in page, address
        assert page.count("<script") == page.count('<script type="module" src="/static/'), address
        for part in page.split(' src="')[1:]:
            assert part.startswith("/static/"), address


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "[::2]:80", "[::1].evil.example"],
)
def test_a_foreign_host_header_is_refused(browser: Browser, host: str) -> None:
    answer = browser.client.get("/threads", headers={"Host": host})
    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8710", "localhost:8710", "listen.example", "[::1]:8710", "[::1]"]
)
def test_hosts_that_the_operator_named_are_answered(store: Store, host: str) -> None:
    app = create_app(store, Settings(host="0.0.0.0", trusted_hosts=("listen.example",)))
    assert app.test_client().get("/healthz", headers={"Host": host}).status_code == 200


def test_a_viewer_changes_nothing(app: Flask, world: Store) -> None:
    viewer = Browser(app, world).sign_in("vera")
    viewer.get("/threads")
    for route in routes(app, "POST"):
        if "viewer" in route.may:
            continue
        data = {"csrf": viewer.csrf, "on": f"0|{ANGRY}"}
        answer = viewer.client.open(route.address, method=route.method, data=data)
        assert answer.status_code == (401 if route.blueprint == "api" else 403), route
    assert world.thread(ANGRY).triage.version == 0


def test_an_agent_works_the_queue_but_does_not_change_what_is_listened_to(app: Flask, world: Store) -> None:
    agent = Browser(app, world).sign_in("bob")
    agent.post("/triage/resolve", on=f"0|{ANGRY}")
    agent.post("/watches/acme", 403, product="Other")
    agent.post("/sources/fetch", 403)


def test_a_body_beyond_the_limit_is_refused(browser: Browser) -> None:
    browser.post("/triage/note", 413, thread=ANGRY, text="x" * (1024 * 1024 + 1))


def test_assets_are_cached_under_an_address_that_changes_with_them(browser: Browser) -> None:
    page = browser.get("/help").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    assert "?v=" in address
    assert "immutable" in browser.get(address).headers["Cache-Control"]
