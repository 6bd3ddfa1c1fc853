"""Tokens, the API that they open, and feeds for readers that cannot sign in."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from core.clock import SetClock
from core.errors import InputError
from core.ports import Store
from core.token import Scope
from engage import people
from engage.tokens import make_token, tokens, use_token
from tests.builders import NOW
from tests.web.browser import Browser, text_of
from tests.web.world import ANGRY, SEARCH

DAY = timedelta(days=1)


class Program:
    """A program with a token and no cookie."""

    def __init__(self, app: Flask, store: Store, scope: Scope = Scope.READ, owner: str = "admin") -> None:
        self.client = app.test_client()
        self.token, self.text = make_token(store, owner=owner, name="a script", scope=scope, days=30, now=NOW)

    def call(self, method: str, address: str, status: int = 200, json: object = None) -> Any:
        headers = {"Authorization": f"Bearer {self.text}"}
        answer: TestResponse = self.client.open(
            f"/api/v1{address}", method=method, headers=headers, json=json
        )
        assert answer.status_code == status, answer.text
        return answer.get_json()


@pytest.mark.usefixtures("world")
def test_a_token_reads_mentions_threads_and_watches(app: Flask, store: Store) -> None:
    program = Program(app, store)
    found = program.call("GET", "/mentions?q=cancel&limit=1")
    assert (found["count"], found["mentions"][0]["id"]) == (1, ANGRY)
    assert program.call("GET", f"/mentions/{ANGRY}")["author"]["handle"] == "ada"
    first = program.call("GET", "/threads?limit=1")
    assert first["count"] == 3
    rest = program.client.get(first["next"], headers={"Authorization": f"Bearer {program.text}"}).get_json()
    assert first["threads"][0]["id"] != rest["threads"][0]["id"]
    assert len(program.call("GET", f"/threads/{ANGRY}")["mentions"]) == 2
    assert program.call("GET", "/watches")["watches"][0]["product"]["name"] == "Acme"
    assert "error" in program.call("GET", "/mentions?sort=nonsense", 400)
    assert program.call("GET", "/mentions?q=churn:maybe")["problems"][0]["start"] == 0
    program.call("GET", "/threads/nowhere", 404)


@pytest.mark.usefixtures("world")
def test_a_token_works_the_queue_by_compare_and_set(app: Flask, store: Store) -> None:
    program = Program(app, store, Scope.TRIAGE, "bob")
    act = {"thread": ANGRY, "version": 0, "act": "assign", "assignee": "bob"}
    assert program.call("POST", "/triage", json=act)["assignee"] == "bob"
    assert "error" in program.call("POST", "/triage", 409, json={**act, "assignee": "vera"})
    program.call("POST", "/triage", json={"thread": ANGRY, "version": 1, "act": "tag", "tags": ["vip"]})
    until = (NOW + DAY).isoformat()
    program.call("POST", "/triage", json={"thread": ANGRY, "version": 2, "act": "snooze", "until": until})
    note = {"thread": ANGRY, "text": "Seen", "id": "n1"}
    program.call("POST", "/notes", json=note)
    program.call("POST", "/notes", json=note)
    thread = store.thread(ANGRY)
    assert (thread.triage.status.value, thread.triage.tags, len(thread.notes)) == ("snoozed", ("vip",), 1)
    assert store.audit(target=f"thread:{ANGRY}")[0].actor == "bob"


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"thread": ANGRY},
        {"thread": ANGRY, "version": "0", "act": "resolve"},
        {"thread": ANGRY, "version": True, "act": "resolve"},
        {"thread": ANGRY, "version": 0, "act": "explode"},
        {"thread": ANGRY, "version": 0, "act": "snooze", "until": "soon"},
        {"thread": ANGRY, "version": 0, "act": "tag", "tags": [1]},
        {"thread": ANGRY, "version": 0, "act": "pin", "pinned": "yes"},
        {"thread": ANGRY, "version": 0, "act": "assign", "assignee": "nobody"},
    ],
)
@pytest.mark.usefixtures("world")
def test_a_body_that_cannot_be_read_says_why_and_changes_nothing(
    app: Flask, store: Store, body: object
) -> None:
    program = Program(app, store, Scope.TRIAGE)
    assert len(program.call("POST", "/triage", 400, json=body)["error"]) > 10
    assert store.thread(ANGRY).triage.version == 0


def test_an_admin_token_changes_a_watch(app: Flask, store: Store) -> None:
    program = Program(app, store, Scope.ADMIN)
    watch = program.call("GET", "/watches/acme")
    changed = program.call("PUT", "/watches/acme", json={**watch, "must_not": ["dynamite"]})
    assert store.watch("acme").must_not == ("dynamite",)
    assert changed["version"] == watch["version"] + 1
    program.call("PUT", "/watches/acme", 409, json=watch)
    program.call("PUT", "/watches/acme", 400, json={"product": 3})
    program.call("PUT", "/watches/acme", 400, json={**watch, "product": {"name": ""}})


def test_accounts_are_brought_in_kept_in_step_and_read(app: Flask, store: Store) -> None:
    program = Program(app, store, Scope.TRIAGE, "bob")
    told = {"name": "Initech", "domains": ["initech.example"], "value": 12000.5, "renewal": "2026-09-30"}
    new = program.call("PUT", "/accounts/initech", json=told)
    assert (new["value"], new["domains"], new["stage"]) == (12000.5, ["initech.example"], "unknown")
    changed = program.call("PUT", "/accounts/initech", json={"value": 15000, "outcome": "lost"})
    assert (changed["name"], changed["stage"]) == ("Initech", "former")
    assert [one["value"] for one in changed["values"]] == [12000.5, 15000]
    assert program.call("GET", "/accounts/initech") == changed
    assert program.call("GET", "/accounts?stage=loyal") == {"count": 0, "accounts": [], "next": None}
    assert [one["key"] for one in program.call("GET", "/accounts?limit=1&stage=former")["accounts"]] == [
        "initech"
    ]
    program.call("PUT", "/accounts/initech", 409, json={"version": new["version"], "tier": "gold"})
    program.call("PUT", "/accounts/initech", json={"version": changed["version"], "tier": "gold"})
    assert program.call("PUT", "/accounts/initech", json={"value": None})["value"] is None
    assert store.audit(target="account:initech")[0].actor == "bob"
    Program(app, store).call("PUT", "/accounts/initech", 403, json={"tier": "x"})
    program.call("GET", "/accounts/nobody", 404)


@pytest.mark.parametrize(
    ("key", "body", "said"),
    [
        ("a", [], "one JSON object"),
        ("a", {}, "needs a name"),
        ("a", {"name": "A", "colour": "red"}, "no field 'colour'"),
        ("a", {"name": "A", "key": "b"}, "no field 'key'"),
        ("a", {"name": "=1+1"}, "formula"),
        ("a", {"name": "A\x00"}, "NUL"),
        ("a", {"name": "A", "value": True}, "“value” must be"),
        ("a", {"name": "A", "value": -1}, "begins like a formula"),
        ("a", {"name": "A", "value": 1e300}, "lies between"),
        ("a", {"name": "A", "renewal": "1900-01-01"}, "outside the years"),
        ("a", {"name": "A", "domains": [1]}, "“domains” must be"),
        ("a", {"name": "A", "domains": ["hooli.example"]}, "belongs to the account hooli already"),
        ("a", {"name": "A", "value_before": 1}, "value_since"),
        ("a", {"name": "A", "version": "1"}, "“version” must be"),
        ("x" * 81, {"name": "A"}, "is no key"),
    ],
)
def test_an_account_that_cannot_be_is_refused_as_in_a_table(
    app: Flask, store: Store, key: str, body: object, said: str
) -> None:
    program = Program(app, store, Scope.TRIAGE)
    program.call("PUT", "/accounts/hooli", json={"name": "Hooli", "domains": "hooli.example"})
    assert said in program.call("PUT", f"/accounts/{key}", 400, json=body)["error"]
    assert program.call("GET", "/accounts")["count"] == 1


@pytest.mark.parametrize(
    ("scope", "allowed"), [(Scope.READ, set()), (Scope.TRIAGE, {"notes"}), (Scope.ADMIN, {"notes", "watch"})]
)
@pytest.mark.usefixtures("world")
def test_a_scope_is_a_limit(app: Flask, store: Store, scope: Scope, allowed: set[str]) -> None:
    program = Program(app, store, scope)
    note = {"thread": ANGRY, "text": "x"}
    program.call("POST", "/notes", 200 if "notes" in allowed else 403, json=note)
    watch = program.call("GET", "/watches/acme")
    program.call("PUT", "/watches/acme", 200 if "watch" in allowed else 403, json=watch)


@pytest.mark.parametrize("text", ["", "x", "earful_", "earful_0123456789abcdef_" + "x" * 43, "é" * 50])
def test_a_text_that_is_no_token_opens_nothing(app: Flask, text: str) -> None:
    answer = app.test_client().get("/api/v1/watches", headers={"Authorization": f"Bearer {text}"})
    assert answer.status_code == 401
    assert "token" in answer.get_json()["error"]


def test_a_token_ends_by_time_by_hand_and_with_its_owner(app: Flask, store: Store, clock: SetClock) -> None:
    program = Program(app, store, Scope.TRIAGE, "bob")
    program.call("GET", "/watches")
    people.give_role(store, "bob", people.Role.VIEWER, actor="admin", now=NOW)
    program.call("GET", "/watches", 401)
    people.give_role(store, "bob", people.Role.AGENT, actor="admin", now=NOW)
    people.set_disabled(store, "bob", disabled=True, actor="admin", now=NOW)
    program.call("GET", "/watches", 401)
    people.set_disabled(store, "bob", disabled=False, actor="admin", now=NOW)
    program.call("GET", "/watches")
    clock.advance(30 * DAY)
    program.call("GET", "/watches", 401)


def test_only_the_hash_and_the_last_use_are_kept(app: Flask, store: Store, clock: SetClock) -> None:
    program = Program(app, store)
    assert tokens(store)[0].last_used_at is None
    clock.advance(DAY)
    program.call("GET", "/watches")
    (kept,) = store.kept("token")
    assert program.text not in str(kept)
    assert tokens(store)[0].last_used_at == NOW + DAY
    assert [record.action for record in store.audit(target=f"token:{kept.key}")] == ["token.save"]


def test_a_cookie_opens_no_api_and_a_token_no_page(app: Flask, store: Store, browser: Browser) -> None:
    browser.get("/api/v1/watches", 401)
    program = Program(app, store, Scope.ADMIN)
    page = app.test_client().get("/threads", headers={"Authorization": f"Bearer {program.text}"})
    assert page.status_code == 303
    form = app.test_client().post("/watches/acme", headers={"Authorization": f"Bearer {program.text}"})
    assert form.status_code == 403


def test_a_token_is_made_shown_once_and_ended_on_the_page(browser: Browser, store: Store) -> None:
    page = browser.post("/settings/tokens", 200, name="Nightly report", scope="read", days="7").text
    text = re.search(r"earful_[0-9a-f]{16}_[\w-]{43}", page)
    assert text
    assert use_token(store, text.group(), now=NOW)
    listed = browser.get("/settings/tokens").text
    assert "Nightly report" in listed
    assert text.group() not in listed
    browser.post("/settings/tokens/end", id=tokens(store)[0].id)
    assert use_token(store, text.group(), now=NOW) is None
    browser.post("/settings/tokens", 400, name="", scope="read", days="7")
    browser.post("/settings/tokens", 400, name="x", scope="read", days="9999")
    browser.post("/settings/tokens", 400, name="x", scope="feed", days="7")


def test_nobody_gets_more_than_their_role_or_ends_anothers(app: Flask, store: Store) -> None:
    vera, bob = Browser(app, store).sign_in("vera"), Browser(app, store).sign_in("bob")
    vera.post("/settings/tokens", 400, name="x", scope="triage", days="7")
    bob.post("/settings/tokens", 200, name="bob's", scope="triage", days="7")
    vera.post("/settings/tokens/end", 404, id=tokens(store)[0].id)
    assert "bob's" not in unescape(vera.get("/settings/tokens").text)
    with pytest.raises(InputError, match="role"):
        make_token(store, owner="bob", name="x", scope=Scope.ADMIN, days=1, now=NOW)


@pytest.mark.usefixtures("world")
def test_a_feed_reader_reads_one_saved_search_and_nothing_else(
    app: Flask, browser: Browser, store: Store
) -> None:
    page = unescape(browser.post("/settings/tokens/feed", 200, search=SEARCH).text)
    addresses = re.findall(r"http://localhost(/feeds/[\w.-]+)", page)
    reader = app.test_client()
    atom, feed = (reader.get(address) for address in addresses)
    entries = ET.fromstring(atom.data).findall("{http://www.w3.org/2005/Atom}entry")  # noqa: S314 - our own
    assert len(entries) == 1
    assert [item["id"] for item in feed.get_json()["items"]] == [ANGRY]
    text = addresses[0].removeprefix("/feeds/").removesuffix(".atom")
    refused = reader.get("/api/v1/watches", headers={"Authorization": f"Bearer {text}"})
    assert refused.status_code == 401
    browser.post("/settings/tokens/end", id=tokens(store)[0].id)
    assert reader.get(addresses[0]).status_code == 404
    again = unescape(browser.post("/settings/tokens/feed", 200, search=SEARCH).text)
    browser.post(f"/searches/{SEARCH}/remove")
    assert reader.get(re.findall(r"(/feeds/[\w.-]+)", again)[0]).status_code == 404


@pytest.mark.usefixtures("world")
def test_a_read_token_is_no_feed(app: Flask, store: Store) -> None:
    program = Program(app, store, Scope.ADMIN)
    assert program.client.get(f"/feeds/{program.text}.atom").status_code == 404


@pytest.mark.usefixtures("world")
def test_the_audit_log_is_filtered_and_paged(app: Flask, browser: Browser, store: Store) -> None:
    for number in range(60):
        store.record(actor="bob", action="session.start", target="user:bob", now=NOW + timedelta(number))
    browser.post("/triage/resolve", on=f"0|{ANGRY}")
    assert "admin Resolved thread:hackernews:1" in text_of(browser.get("/settings/audit?action=triage").text)
    assert "Resolved" not in text_of(browser.get("/settings/audit?actor=bob").text)
    first = browser.get("/settings/audit.json?actor=bob&action=session").get_json()
    rest = browser.get(first["next"]).get_json()
    assert (len(first["records"]), len(rest["records"]), rest["next"]) == (50, 10, None)
    ids = [record["id"] for record in (*first["records"], *rest["records"])]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 60
    assert len(browser.get("/settings/audit.csv?target=user:bob").text.splitlines()) >= 61
    assert "Nothing of that kind" in text_of(browser.get("/settings/audit?target=nothing").text)
    Browser(app, store).sign_in("bob").get("/settings/audit", 403)
