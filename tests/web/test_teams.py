"""Teams: made by admins, given threads by everybody, seen under “Mine” of who is in them."""

from __future__ import annotations

import pytest
from flask import Flask

from core.ports import Store
from engage.teams import teams
from tests.web.browser import Browser, text_of
from tests.web.world import ANGRY, ANSWERED, PRAISE

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def bob(app: Flask, store: Store) -> Browser:
    """A browser signed in as an agent."""
    return Browser(app, store).sign_in("bob")


@pytest.fixture
def billing(browser: Browser) -> str:
    """A team of bob alone."""
    browser.post("/settings/teams", name="billing", people=["bob"], version="0")
    return "billing"


def on(store: Store, thread_id: str) -> str:
    return f"{store.thread(thread_id).triage.version}|{thread_id}"


def test_a_teams_thread_is_mine_for_who_is_in_it(
    browser: Browser, bob: Browser, store: Store, billing: str
) -> None:
    assert f'<option value="{billing}">' in browser.get(f"/threads/{ANGRY}").text
    browser.post("/triage/assign", on=on(store, ANGRY), assignee=billing)
    assert store.thread(ANGRY).triage.assignee == billing
    assert "Acme doubled its price" in text_of(bob.get("/threads?view=mine").text)
    assert "Acme doubled its price" not in text_of(browser.get("/threads?view=mine").text)
    found = bob.get("/threads.json?q=assignee:Billing").get_json()["threads"]
    assert [row["id"] for row in found] == [ANGRY]
    assert "assigned to billing" in text_of(bob.get(f"/threads/{ANGRY}").text)


def test_an_act_on_many_gives_them_to_a_team_and_is_undone(
    browser: Browser, store: Store, billing: str
) -> None:
    browser.post("/triage/assign", all="yes", assignee=billing, from_="view=all")
    given = [ANGRY, ANSWERED, PRAISE]
    assert {store.thread(each).triage.assignee for each in given} == {billing}
    assert {store.audit(target=f"thread:{each}")[0].action for each in given} == {"triage.assign"}
    browser.post("/triage/undo")
    assert {store.thread(each).triage.assignee for each in given} == {None}


def test_who_leaves_a_team_sees_its_threads_as_mine_no_longer(
    browser: Browser, bob: Browser, store: Store, billing: str
) -> None:
    browser.post("/triage/assign", on=on(store, ANGRY), assignee=billing)
    browser.post("/settings/teams", name=billing, people=["admin"], version="1")
    assert "Acme doubled its price" not in text_of(bob.get("/threads?view=mine").text)
    assert "Acme doubled its price" in text_of(browser.get("/threads?view=mine").text)
    assert store.audit(target=f"team:{billing}")[0].action == "team.save"


def test_a_team_with_threads_to_do_stays(browser: Browser, store: Store, billing: str) -> None:
    browser.post("/triage/assign", on=on(store, ANGRY), assignee=billing)
    refused = browser.post("/settings/teams/remove", 409, name=billing)
    assert "1 thread is still with billing" in text_of(refused.text)
    browser.post("/triage/resolve", on=on(store, ANGRY))
    browser.post("/settings/teams/remove", name=billing)
    assert teams(store) == []
    browser.post("/triage/assign", 400, on=on(store, ANSWERED), assignee=billing)


def test_who_saves_an_older_team_is_told(browser: Browser, store: Store, billing: str) -> None:
    browser.post("/settings/teams", name=billing, people=["admin", "bob"], version="1")
    browser.post("/settings/teams", 409, name=billing, people=["admin"], version="1")
    assert teams(store)[0].people == ("admin", "bob")


@pytest.mark.parametrize(
    ("name", "people"),
    [("", ["bob"]), ("two words", ["bob"]), ("BOB", ["bob"]), ("earful", ["bob"]), ("Billing", ["bob"]),
     ("night", []), ("night", ["nobody"])],
)  # fmt: skip
def test_a_team_that_cannot_be_is_refused(
    browser: Browser, store: Store, billing: str, name: str, people: list[str]
) -> None:
    browser.post("/settings/teams", 400, name=name, people=people, version="0")
    assert [team.name for team in teams(store)] == [billing]


def test_nobody_new_takes_the_name_of_a_team(browser: Browser, billing: str) -> None:
    browser.post("/settings/people/add", 400, name=billing.upper(), role="agent")


def test_everybody_sees_the_teams_and_only_an_admin_changes_them(bob: Browser, billing: str) -> None:
    page = bob.get("/settings/teams").text
    assert billing in text_of(page)
    assert '<input type="checkbox"' not in page
    bob.post("/settings/teams", 403, name=billing, people=["bob"], version="1")
