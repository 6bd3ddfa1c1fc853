"""Customers' pages: every number leads to what it counts, every form takes one wrong input in plain words."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

from core.ports import Store
from engage.accounts import plan_import, save_import
from engage.customers import find_account, find_person
from engage.matching import suggest_for_all
from tests.builders import NOW
from tests.customers.saying import LEAVES, PRAISE, RECOMMENDS, say
from tests.web.browser import Browser, text_of

ANGRY = "We leave Acme for Globex <i>."
PAGES = ("renewals", "renewals/neglected", "renewals/new", "renewals/win-back", "rivals")
TABLE = (
    "key,name,domain,owner,value,start,renewal\n"
    "umbrella,Umbrella <b>,umbrella.example,ada,48000,2026-02-20,2026-03-22\n"
    "hooli,Hooli,hooli.example,bob,90000,2022-02-01,2026-12-01\n"
)


@pytest.fixture
def crowd(store: Store) -> Store:
    """Two accounts; one person at risk in the first, one fan who waits, one who named a rival."""
    save_import(store, plan_import(store, [TABLE.encode()]), file="t.csv", actor="ada", now=NOW)
    say(
        store,
        "bill@umbrella.example",
        LEAVES,
        days=2,
        source="mastodon",
        text="We leave Acme for Globex <i>.",
    )
    say(store, "bill", PRAISE, days=9, text="Acme was nice.")
    for days in (200, 120, 20):
        say(store, "grace", PRAISE, days=days, text="Acme just works.")
    say(store, "grace", RECOMMENDS, days=3)
    say(store, "grace", RECOMMENDS, days=2)
    store.settle()
    suggest_for_all(store, now=NOW)
    return store


@pytest.mark.usefixtures("crowd")
def test_import_match_and_see_who_is_at_risk_before_the_renewal(browser: Browser) -> None:
    page = browser.get("/matches").text
    assert "They show the domain umbrella.example." in page
    key = re.search(r'name="key" value="([0-9a-f]+)"(?s:.*?)belongs to', page)
    assert key is not None
    browser.post("/matches", key=key[1], do="accepted", state="open")
    renewals = browser.get("/renewals").text
    assert "in 20 days" in renewals
    assert "Somebody talks about leaving." in renewals
    assert "We leave Acme for Globex &lt;i&gt;." in renewals
    first = browser.get("/renewals.json").json
    assert first is not None
    assert (first[0]["key"], first[0]["stage"]) == ("umbrella", "at_risk")
    assert first[0]["reasons"][0]["quotes"][0]["thread_id"] in browser.get("/accounts/umbrella").text
    board = text_of(browser.get("/accounts").text)
    assert "At risk 1 48,000 a year" in board
    assert "Unknown 1 90,000 a year" in board


@pytest.mark.usefixtures("crowd")
def test_every_number_of_a_board_is_the_length_of_what_it_leads_to(browser: Browser) -> None:
    for noun in ("accounts", "people"):
        page = browser.get(f"/{noun}").text
        data = browser.get(f"/{noun}.json").json
        table = list(csv.DictReader(io.StringIO(browser.get(f"/{noun}.csv").text)))
        assert data is not None
        assert [row["key"] for row in table] == [one["key"] for one in data]
        stages = re.findall(rf'href="(/{noun}\?stage=(\w+))">.*?<span class="count">(\d+)</span>', page)
        assert len(stages) == 6
        for address, stage, count in stages:
            shown = browser.get(address).text
            assert sum(one["stage"] == stage for one in data) == int(count)
            assert len(re.findall(r'<th scope="row">', shown)) == int(count)
        for address, count in re.findall(r'href="(/moves\?[^"]+)">(\d+)</a>', page):
            moved = browser.get(address.replace("&amp;", "&")).text
            assert len(re.findall(r"<li><p class=", moved)) == int(count), address


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/renewals/neglected", "never"),
        ("/renewals/neglected?days=999999", "Hooli"),
        ("/renewals/new", "Umbrella &lt;b&gt;"),
        ("/renewals/win-back", "Nobody yet."),
        ("/renewals/owed", "grace"),
        ("/rivals", "Globex"),
        ("/matches?state=declined", "Nothing waits here."),
        ("/accounts-import", "t.csv"),
        ("/people/hackernews:grace", "Speaks for us or helps others in public."),
        ("/accounts?stage=nonsense", "Hooli"),
    ],
)
def test_a_page_says_what_there_is(browser: Browser, address: str, said: str) -> None:
    assert said in browser.get(address).text


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_data_too(browser: Browser, name: str) -> None:
    data = json.loads(browser.get(f"/{name}.json").text)
    rows = list(csv.reader(io.StringIO(browser.get(f"/{name}.csv").text)))
    assert len(rows) == len(data) + 1


def test_a_person_decides_with_a_reason_and_can_be_wrong_in_a_form(crowd: Store, browser: Browser) -> None:
    person = find_person(crowd, "hackernews:grace").person
    browser.post(f"/people/{person.key}/stage", status=400, stage="loyal", reason=" ")
    browser.post(f"/people/{person.key}/stage", stage="loyal", reason="Met her.")
    assert "Met her." in browser.get(f"/people/{person.key}").text
    assert "write an address" in browser.post(f"/people/{person.key}/email", status=400, email="x").text
    browser.post("/matches/place", person=person.key, account="umbrella", seat="sponsor")
    assert find_account(crowd, "umbrella").account.standing.stage == "loyal"
    browser.post("/accounts/umbrella/contact", note="On the phone")
    assert "On the phone" in browser.get("/accounts/umbrella").text
    wrong = browser.post("/accounts/umbrella/contract", status=400, name="U", renewal="1900-01-01")
    assert "outside the years" in wrong.text
    browser.post("/accounts/umbrella/contract", status=409, name="U", version="1")
    browser.post("/accounts/none/contact", status=404, note="x")


def test_a_table_is_looked_at_stored_and_taken_back_on_the_page(crowd: Store, browser: Browser) -> None:
    table = "name,tier\nInitech,gold\nUmbrella,x,y\n"
    looked = browser.post("/accounts-import", status=200, table=table).text
    assert "3 cells where the first line names 2 columns" in looked
    assert len(crowd.kept("account")) == 2
    refused = browser.post("/accounts-import", status=400, table=table, do="save")
    assert "nothing was stored" in refused.text
    browser.post("/accounts-import", table=table, do="save", leave_out="yes")
    assert len(crowd.kept("account")) == 3
    page = browser.get("/accounts-import").text
    key = re.search(r'name="key" value="([0-9a-f]+)"><span><bdi>pasted', page)
    assert key is not None
    browser.post("/accounts-import/undo", key=key[1])
    assert len(crowd.kept("account")) == 2
    assert browser.post("/accounts-import", status=400, table="").status_code == 400


def test_a_viewer_changes_nothing(crowd: Store, browser: Browser) -> None:
    viewer = browser.sign_in("vera")
    viewer.get("/accounts/umbrella")
    viewer.post("/accounts/umbrella/contact", status=403, note="x")
    viewer.post("/accounts-import", status=403, table="name\nA\n", do="save")
    assert len(crowd.kept("account")) == 2


def test_a_play_is_started_ended_and_moves_ledger_and_sheet(crowd: Store, browser: Browser) -> None:
    begun = {"account": "umbrella", "title": "Call <b>", "steps": "One\nTwo", "due": "2026-03-20"}
    browser.post("/plays", **begun)
    page = browser.get("/plays?account=umbrella").text
    assert "Call &lt;b&gt;" in page
    key = re.search(r'id="p-([0-9a-f]+)"', page)
    assert key is not None
    browser.post("/plays/step", key=key[1], step="1")
    refused = browser.post(
        "/plays/end", status=400, key=key[1], result="saved", grade="confirmed", value="48000"
    )
    assert "needs its proof" in refused.text
    done = {"key": key[1], "result": "saved", "grade": "confirmed", "value": "48000", "hours": "2"}
    browser.post("/plays/end", **done, proof="https://crm.example/1")
    ledger = text_of(browser.get("/plays").text)
    assert "Saved: 1, 48,000 a year" in ledger
    sheet = text_of(browser.get("/plays/effort").text)
    assert "Kept, confirmed 48,000 a year" in sheet
    assert "400.0 times by proof alone" in sheet
    names = ("hour", "points", "lift", "acquisition", "retention", "profit", "leads", "closed")
    values = dict.fromkeys(names, "10") | {"ratio": "500", "version": "0"}
    assert "1 to 100 times" in browser.post("/plays/effort", status=400, **values).text
    browser.post("/plays/effort", **(values | {"ratio": "20"}))
    assert "winning" in browser.get("/plays/effort").text
    assert browser.post("/plays", status=400, account="umbrella", title=" ").status_code == 400
    assert len(crowd.kept("play")) == 1


def test_an_advocate_is_found_asked_accepted_and_quoted(crowd: Store, browser: Browser) -> None:
    key = find_person(crowd, "hackernews:grace").person.key
    browser.post("/advocates", person=key)
    address = f"/advocates/{key}"
    browser.post(address, do="ask", what="A call")
    page = browser.get(address).text
    assert "Asked lately" in page
    asked = re.search(r'name="key" value="([0-9a-f]+)"', page)
    mention = re.search(r'name="mention" value="([^"]+)"', page)
    assert asked is not None
    assert mention is not None
    browser.post(address, do="answer", key=asked[1], answer="yes")
    browser.post(address, do="quote", mention=mention[1])
    assert "Accepted" in text_of(browser.get(address).text)
    for wrong in ({"do": "ask", "what": "x"}, {"do": "nothing"}, {"do": "change", "state": "x"}):
        browser.post(address, status=400, **wrong)
    assert "grace" in browser.get("/advocates").text
    assert browser.get("/advocates.csv").text.count("\n") == 2
    browser.post(address, do="change", state="accepted", programme="advisory_board", tags="")
    assert "grace" in browser.get("/advocates?programme=advisory_board").text
    members = browser.get("/advocates?programme=community").text
    assert "grace" not in members
    assert "Nobody takes part" in members
    assert [one["programme"] for one in browser.get("/advocates.json?programme=advisory_board").json] == [
        "advisory_board"
    ]
    assert browser.get("/advocates.csv?programme=community").text.count("\n") == 1


@pytest.mark.usefixtures("crowd")
def test_a_goal_is_set_measured_and_reviewed(browser: Browser) -> None:
    goal = {"title": "Hours", "account": "umbrella", "baseline": "10", "target": "4", "due": "2026-06-01"}
    browser.post("/goals", **goal)
    page = browser.get("/goals?account=umbrella").text
    key = re.search(r'name="key" value="([0-9a-f]+)"', page)
    assert key is not None
    browser.post("/goals/measure", key=key[1], value="7", note="half way")
    assert "50 %" in text_of(browser.get("/goals").text)
    assert "Hours" in browser.get("/reviews/umbrella").text
    assert "write a number" in browser.post("/goals/measure", status=400, key=key[1], value="x").text
    browser.post("/goals", status=400, **(goal | {"target": "10"}))
    assert len(browser.get("/goals.csv").text.splitlines()) == 2
