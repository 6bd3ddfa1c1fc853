"""Acts on everything that matches, colleagues named in notes, versions, translation, and what is learnt."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask

from core.customers import Account, Contract, Handle, Person, person_key
from core.ports import Store
from core.query import OneOf
from core.search import Search
from core.settings import PriorityWeights
from core.thread import Status
from core.user import Role, Team, User
from engage.customers import account_item, person_item
from engage.mentioning import named, pings
from engage.ranking import rank
from engage.teams import save_team
from tests.builders import NOW, a_mention, found
from tests.web.browser import Browser, text_of
from tests.web.world import ANGRY, ANSWERED

pytestmark = pytest.mark.usefixtures("world")

MINUTE = timedelta(minutes=1)


@pytest.fixture
def bob(app: Flask, store: Store) -> Browser:
    return Browser(app, store).sign_in("bob")


def many(store: Store, count: int, text: str = "Acme is slow") -> None:
    store.put(
        [found(a_mention(native_id=f"many{n}", text=f"{text} {n}", author=f"w{n}")) for n in range(count)],
        now=NOW,
    )
    store.settle()


def open_ones(store: Store) -> int:
    store.settle()
    return store.queue(Search(node=OneOf("is", ("open",)), now=NOW), limit=1).total.value


def test_all_that_match_are_resolved_as_one_act_with_one_undo(browser: Browser, store: Store) -> None:
    many(store, 60)
    before = open_ones(store)
    shown = text_of(browser.get("/threads?q=slow").text)
    assert "All 60 that match" in shown, shown[200:400] + shown[-900:]
    page = browser.follow(browser.post("/triage/resolve", from_="q=slow", all="yes"))
    assert "Resolved: 60 threads" in text_of(page)
    assert open_ones(store) == before - 60
    browser.post("/triage/undo")
    assert open_ones(store) == before
    browser.post("/triage/resolve", from_="q=slow", all="yes")
    (other,) = store.queue(Search(node=OneOf("is", ("resolved",)), now=NOW), limit=1).rows
    browser.post("/triage/reopen", on=f"{other.triage.version}|{other.id}")
    browser.post("/triage/ignore", on=f"{other.triage.version + 1}|{other.id}")
    acts = store.kept("bulk")[-1].key
    browser.post("/triage/undo", acts=f"bulk-{acts}")
    assert store.thread(other.id).triage.status is Status.IGNORED


def test_more_than_can_be_done_at_once_is_refused(
    browser: Browser, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engage.bulk.MOST", 2)
    many(store, 3)
    before = open_ones(store)
    page = browser.post("/triage/resolve", 400, from_="q=slow", all="yes").text
    assert "at most 2 threads at once; narrow the filter" in text_of(page)
    assert open_ones(store) == before


def test_a_colleague_named_in_a_note_sees_it_until_they_looked(browser: Browser, bob: Browser) -> None:
    assert "Mentions you" not in text_of(bob.get("/threads").text)
    for _ in range(2):
        browser.post("/triage/note", thread=ANGRY, text="@bob can you look? @nobody, @admin.", note_id="n1")
    assert "Mentions you 1" in text_of(bob.get("/threads").text)
    assert [t["id"] for t in bob.get("/threads.json?view=named").get_json()["threads"]] == [ANGRY]
    assert "Mentions you" not in text_of(browser.get("/threads").text)
    bob.post("/presence/thread", 200, thread=ANGRY, doing="viewing")
    assert "Mentions you" not in text_of(bob.get("/threads").text)
    browser.post("/triage/note", thread=ANGRY, text="And again, @bob", note_id="n2")
    assert "Mentions you 1" in text_of(bob.get("/threads").text)


def test_a_team_named_in_a_note_is_every_one_of_its_people_once(
    browser: Browser, app: Flask, store: Store
) -> None:
    for name in ("mia", "gone"):
        store.save_user(User(name=name, role=Role.MARKETER, created_at=NOW, disabled=name == "gone"))
    save_team(store, Team(name="billing", people=("admin", "bob", "gone", "mia")), actor="admin", now=NOW)
    browser.post("/triage/note", thread=ANGRY, text="@Billing, who knows the price? @bob?", note_id="n1")
    browser.post("/triage/note", thread=ANGRY, text="@Billing, who knows the price? @bob?", note_id="n1")
    assert {name: len(pings(store, name)) for name in ("admin", "bob", "gone", "mia")} == {
        "admin": 0, "bob": 1, "gone": 0, "mia": 1,
    }  # fmt: skip
    assert "Mentions you" in Browser(app, store).sign_in("mia").get("/threads").text


def test_names_are_found_as_people_write_them() -> None:
    users = ["bob", "ada.l", "Mia"]
    assert named("@Bob and @ada.l. @mia! mail@bob @@bob @eve", users) == ["bob", "ada.l", "Mia"]
    assert named("bob", users) == []


def test_an_edited_mention_shows_what_it_said_before(browser: Browser, store: Store) -> None:
    old = store.mention(ANGRY).mention
    store.put([found(replace(old, text="I stay with Acme.", edited_at=NOW, labels=()))], now=NOW + MINUTE)
    page = text_of(browser.get(f"/threads/{ANGRY}").text)
    assert "1 earlier version" in page
    assert "I cancel Acme and move to Globex." in page
    assert "stay" in page


def test_a_text_in_another_language_has_a_way_to_a_translator(browser: Browser, store: Store) -> None:
    store.put([found(a_mention(native_id="de", text="Acme ist zu teuer & lahm", language="de"))], now=NOW)
    page = browser.get("/threads/hackernews:de").text
    assert "sl=de&amp;tl=en&amp;op=translate&amp;text=Acme+ist+zu+teuer+%26+lahm" in page
    assert ">Translate<" not in browser.get(f"/threads/{ANGRY}").text.replace("\n", "").replace(" ", "")


def test_a_thread_sleeps_until_they_write_again(browser: Browser, store: Store) -> None:
    browser.post("/triage/snooze", on=f"0|{ANSWERED}", until="reply")
    assert store.thread(ANSWERED).triage.status is Status.SNOOZED
    answer = a_mention(
        source="mastodon",
        id="mastodon:town.example:9",
        thread_id=ANSWERED,
        text="Thanks, Acme!",
        author="dora",
    )
    store.put([found(answer)], now=NOW + MINUTE)
    assert store.thread(ANSWERED).triage.status is Status.OPEN


def test_a_mention_leads_to_its_thread(browser: Browser) -> None:
    there = browser.get(f"/mentions/{ANGRY}", 303).headers["Location"]
    assert there.endswith(f"#m-{ANGRY}")
    browser.get("/mentions/nowhere:1", 404)


def test_not_about_us_offers_words_that_stand_nowhere_else(browser: Browser, store: Store) -> None:
    for n in range(4):
        text = f"The Acme anvil falls on the coyote, episode {n}"
        store.put([found(a_mention(native_id=f"c{n}", text=text))], now=NOW)
    many(store, 3, "Why the Acme export is on the left and falls, episode")
    assert "coyote" not in text_of(browser.get("/settings/muted").text)
    for n in range(4):
        browser.post("/triage/not-about-us", on=f"0|hackernews:c{n}")
    store.settle()
    page = text_of(browser.get("/settings/muted").text)
    assert "coyote in 4 threads marked “not about us”, in none other" in page
    assert "the in 4 threads" not in page
    browser.post("/settings/muted/teach", watch="acme", word="coyote")
    assert store.watch("acme").must_not == ("coyote",)
    assert "coyote in 4" not in text_of(browser.get("/settings/muted").text)
    browser.post("/settings/muted/teach", 400, watch="acme", word="Acme")


def test_only_an_admin_teaches_a_watch(bob: Browser, store: Store) -> None:
    bob.post("/settings/muted/teach", 403, watch="acme", word="coyote")
    assert store.watch("acme").must_not == ()


def test_a_known_customer_goes_before_others(store: Store) -> None:
    before = store.thread(ANGRY).priority.points
    account = Account(key="initech", contract=Contract(name="Initech", tier="Gold", value=100_000.0))
    handle = Handle(source="hackernews", name="ada")
    known = store.kept_one("person", person_key("hackernews", "ada"))
    person = Person(key=person_key("hackernews", "ada"), handles=(handle,), account="initech")
    told = (account_item(account, version=0, by="admin", now=NOW),
            person_item(person, version=known.version if known else 0, by="admin", now=NOW))  # fmt: skip
    assert len(store.keep_all(told)) == 2
    rank(store, PriorityWeights(), now=NOW + timedelta(hours=1))
    priority = store.thread(ANGRY).priority
    assert "Initech is a customer, Gold" in [reason.why for reason in priority.reasons], priority
    assert priority.points > before + 5
