"""Passwords, users, sessions, and every route for every role."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask

from core.clock import SetClock
from core.ports import Store
from core.user import Role, User
from engage import passwords
from tests.builders import NOW
from tests.web.browser import Browser, field, text_of
from tests.web.world import ANGRY

GOOD = "a sentence is good"


def sign_in(guest: Browser, name: str, password: str, status: int) -> str:
    guest.csrf = field(guest.get("/sign-in").text, "csrf")
    return guest.post("/sign-in", status, name=name, password=password).text


@pytest.fixture
def ada(store: Store) -> User:
    """An agent with a password."""
    user = User(name="ada", role=Role.AGENT, created_at=NOW, password_hash=passwords.hashed(GOOD))
    store.save_user(user)
    return user


@pytest.mark.usefixtures("ada", "world")
def test_a_password_signs_in_and_the_audit_knows(guest: Browser, store: Store) -> None:
    sign_in(guest, "ada", GOOD, 303)
    assert "Queue" in guest.get("/threads").text
    assert store.audit(target="user:ada")[0].action == "session.start"


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong"), ("nobody", GOOD), ("bob", ""), ("", GOOD)])
@pytest.mark.usefixtures("ada")
def test_a_wrong_word_is_refused_the_same_way(guest: Browser, name: str, password: str) -> None:
    assert "Name or password is wrong." in sign_in(guest, name, password, 403)


@pytest.mark.usefixtures("ada")
def test_after_five_failures_even_the_right_password_waits(guest: Browser, clock: SetClock) -> None:
    for _ in range(passwords.TRIES):
        sign_in(guest, "ada", "wrong", 403)
    assert "wait 15 minutes" in sign_in(guest, "ada", GOOD, 429)
    clock.advance(timedelta(minutes=15, seconds=1))
    sign_in(guest, "ada", GOOD, 303)


def test_a_disabled_user_is_out_at_once(guest: Browser, browser: Browser, ada: User) -> None:
    sign_in(guest, ada.name, GOOD, 303)
    browser.post("/settings/people/disable", name="ada")
    assert guest.get("/threads", 303).headers["Location"].endswith("/sign-in")
    sign_in(guest, ada.name, GOOD, 403)
    browser.post("/settings/people/enable", name="ada")
    sign_in(guest, ada.name, GOOD, 303)


def test_a_password_is_chosen_and_ends_other_sessions(app: Flask, store: Store) -> None:
    here, there = Browser(app, store).sign_in("bob"), Browser(app, store).sign_in("bob")
    assert "at least" in text_of(here.get("/settings").text).lower()
    assert "10 to 1,024" in here.post("/settings/password", 400, new="short").text
    here.post("/settings/password", new=GOOD)
    assert here.get("/settings").status_code == 200
    there.get("/settings", 303)
    assert "another one" in here.post("/settings/password", 400, old="wrong", new=GOOD + "!").text
    here.post("/settings/password", old=GOOD, new=GOOD + "!")


def test_sessions_are_listed_and_the_others_ended(app: Flask, store: Store) -> None:
    here, there = Browser(app, store).sign_in("bob"), Browser(app, store).sign_in("bob")
    page = text_of(here.get("/settings").text)
    assert "This browser" in page
    assert "Another browser" in page
    here.post("/settings/sessions/end")
    there.get("/settings", 303)
    assert "Another browser" not in here.get("/settings").text


def test_an_admin_adds_somebody_whose_link_works_once(browser: Browser, guest: Browser, store: Store) -> None:
    page = browser.post("/settings/people/add", 200, name="zoë", role="viewer").text
    found = re.search(r"/sign-in/[\w-]+", page)
    assert found
    assert guest.client.get(found.group()).status_code == 303
    assert next(user for user in store.users() if user.name == "zoë").role is Role.VIEWER
    browser.post("/settings/people/role", name="zoë", role="agent")
    page = browser.post("/settings/people/reset", 200, name="zoë").text
    guest.get("/settings", 303)
    assert "/sign-in/" in page


@pytest.mark.parametrize("name", ["", "a b", "earful", "<b>", "x" * 41, "ADMIN"])
def test_a_name_that_cannot_be_one_is_refused(browser: Browser, name: str) -> None:
    browser.post("/settings/people/add", 400, name=name, role="agent")


def test_the_last_admin_stays(browser: Browser) -> None:
    assert "must stay admin" in browser.post("/settings/people/role", 400, name="admin", role="agent").text
    browser.post("/settings/people/disable", 400, name="admin")


@pytest.fixture
def mia(app: Flask, store: Store) -> Browser:
    """A marketer."""
    store.save_user(User(name="mia", role=Role.MARKETER, created_at=NOW))
    return Browser(app, store).sign_in("mia")


@pytest.mark.usefixtures("world")
def test_a_marketer_works_on_threads_and_does_not_answer_or_settle_for_everybody(
    mia: Browser, store: Store
) -> None:
    page = mia.get(f"/threads/{ANGRY}").text
    assert 'id="answer"' not in page
    assert "Mute for everybody" not in page
    assert "Agents answer." in page
    for name in ("answer", "mute", "resolve"):
        told = mia.post(
            f"/triage/{name}", 403, thread=ANGRY, on=f"0|{ANGRY}", text="Hi", what="thread", all="yes"
        )
        assert "Only agents and admins" in told.text
    assert store.thread(ANGRY).triage.version == 0
    mia.post("/triage/note", thread=ANGRY, text="Ask her for a quote once this is solved")
    mia.post("/triage/assign", on=f"0|{ANGRY}", assignee="bob")
    assert store.thread(ANGRY).triage.assignee == "bob"


@pytest.mark.usefixtures("world")
def test_an_agent_nominates_for_the_programme_and_a_marketer_looks_after_it(
    app: Flask, store: Store, mia: Browser
) -> None:
    bob = Browser(app, store).sign_in("bob")
    place = bob.post("/advocates", person="hackernews:ada").headers["Location"]
    assert "Marketers look after the programme" in text_of(bob.get(place).text)
    bob.post(place, 403, do="ask", what="A case study")
    mia.post(place, do="reward", what="Flowers")
    assert "Flowers" in mia.get(place).text
    assert 'action="/advocates/' not in bob.get(place).text
