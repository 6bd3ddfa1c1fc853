from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from core.clock import SetClock
from core.ports import Store
from core.user import Role, User
from engage.access import token_hash
from tests.builders import NOW
from tests.web.browser import Browser, field
from web.sessions import ABSOLUTE, IDLE


def signed_in(browser: Browser) -> bool:
    return browser.client.get("/threads").status_code == 200


def cookie(browser: Browser, name: str = "earful_session") -> str:
    found = browser.client.get_cookie(name)
    return found.value if found else ""


def test_the_printed_link_signs_in_and_leads_to_the_queue(guest: Browser) -> None:
    answer = guest.get(guest.link(), 303)
    assert answer.headers["Location"] == "/threads"
    assert signed_in(guest)


def test_a_link_works_once(app: Flask, store: Store, guest: Browser) -> None:
    link = guest.link()
    guest.get(link, 303)
    other = Browser(app, store)
    other.get(link, 410)
    assert not signed_in(other)


def test_a_used_link_opened_again_in_the_same_browser_leads_on(guest: Browser) -> None:
    link = guest.link()
    guest.get(link, 303)
    assert guest.get(link, 303).headers["Location"] == "/threads"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X_Moz": "prefetch"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"},
        {"Sec_Fetch_Site": "none", "Sec_Fetch_Mode": "no-cors"},
    ],
)
def test_a_prefetch_or_foreign_click_gets_a_button_and_burns_nothing(
    guest: Browser, headers: dict[str, str]
) -> None:
    link = guest.link()
    page = guest.get(link, 200, **headers)
    assert not signed_in(guest)
    guest.csrf = field(page.text, "csrf")
    guest.post(link, 303)
    assert signed_in(guest)


def test_head_burns_nothing(guest: Browser) -> None:
    link = guest.link()
    assert guest.client.head(link).status_code == 200
    guest.get(link, 303)


def test_a_client_elsewhere_without_fetch_metadata_gets_the_button(guest: Browser) -> None:
    link = guest.link()
    answer = guest.client.get(link, environ_base={"REMOTE_ADDR": "203.0.113.9"})
    assert answer.status_code == 200
    guest.get(link, 200, X_Forwarded_For="203.0.113.9")
    assert not signed_in(guest)


def test_the_button_needs_the_token_of_its_own_form(guest: Browser) -> None:
    link = guest.link()
    guest.post(link, 403)
    guest.get(link, 303)


def test_the_store_holds_only_the_hash_of_a_session(guest: Browser, store: Store) -> None:
    guest.get(guest.link(), 303)
    token = cookie(guest)
    assert len(token) >= 43
    assert store.session(token) is None
    assert store.session(token_hash(token)) is not None


def test_every_sign_in_has_a_new_token(guest: Browser) -> None:
    guest.get(guest.link(), 303)
    first = cookie(guest)
    guest.get(guest.link(), 303)
    assert cookie(guest) != first


def test_a_token_of_ones_own_choice_is_no_session(guest: Browser) -> None:
    guest.client.set_cookie("earful_session", "chosen")
    assert not signed_in(guest)


def test_signing_out_ends_the_session_in_the_store(browser: Browser, store: Store) -> None:
    token = cookie(browser)
    browser.post("/sign-out")
    assert store.session(token_hash(token)) is None
    browser.client.set_cookie("earful_session", token)
    assert not signed_in(browser)


def test_a_session_ends_after_twelve_idle_hours(browser: Browser, clock: SetClock) -> None:
    clock.advance(IDLE + timedelta(seconds=1))
    assert not signed_in(browser)


def test_use_keeps_a_session_but_not_beyond_seven_days(browser: Browser, clock: SetClock) -> None:
    for _ in range(int(ABSOLUTE / timedelta(hours=11))):
        clock.advance(timedelta(hours=11))
        assert signed_in(browser)
    clock.advance(timedelta(hours=11))
    assert not signed_in(browser)


def test_a_disabled_user_is_out_at_once(browser: Browser, store: Store) -> None:
    store.save_user(User(name="admin", role=Role.ADMIN, created_at=NOW, disabled=True))
    assert not signed_in(browser)


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(guest: Browser) -> None:
    set_cookie = guest.get(guest.link(), 303).headers["Set-Cookie"]
    assert "HttpOnly" in set_cookie
    assert "SameSite=Lax" in set_cookie
    assert "Secure" not in set_cookie


def test_over_tls_the_cookie_is_bound_to_the_host_and_hsts_is_sent(guest: Browser) -> None:
    answer = guest.client.get(guest.link(), base_url="https://localhost")
    set_cookie = answer.headers["Set-Cookie"]
    assert set_cookie.startswith("__Host-earful_session=")
    assert "Secure" in set_cookie
    assert "Domain" not in set_cookie
    assert int(answer.headers["Strict-Transport-Security"].partition("=")[2].partition(";")[0]) >= 31_536_000


def test_signing_in_and_out_is_recorded(browser: Browser, store: Store) -> None:
    browser.post("/sign-out")
    acts = [record.action for record in store.audit(target="user:admin")]
    assert acts[:2] == ["session.end", "session.start"]
