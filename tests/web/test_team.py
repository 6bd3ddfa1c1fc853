"""Team figures: from their post to our answer, against the period before, with the threads behind each."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from flask import Flask
from parsel import Selector

from core.clock import SetClock
from core.ports import Store
from tests.builders import NOW, a_mention, found, some_labels
from tests.web.browser import Browser, text_of
from tests.web.world import ANGRY, ANSWERED, PRAISE, label

pytestmark = pytest.mark.usefixtures("world")
HOUR = timedelta(hours=1)


@pytest.fixture
def bob(app: Flask, store: Store) -> Browser:
    return Browser(app, store).sign_in("bob")


def test_figures_by_person_and_source_with_their_threads(
    browser: Browser, bob: Browser, store: Store, clock: SetClock
) -> None:
    browser.post("/triage/answer", on=f"0|{ANGRY}", text="The old price stays", answer_id="a")
    store.put(
        [
            found(a_mention(native_id="50", thread_id=ANGRY, parent_id=ANGRY, author="acme_team",
                            text="The old price stays", published_at=NOW + HOUR), own=True),
            found(a_mention(native_id="51", thread_id=ANGRY, parent_id=ANGRY, author="ada", text="Thanks",
                            published_at=NOW + 2 * HOUR)),
        ],
        now=NOW + 2 * HOUR,
    )  # fmt: skip
    label(store, "hackernews:51", some_labels(positive=0.9, negative=0.0))
    clock.advance(2 * HOUR)
    bob.post("/triage/resolve", on=f"{store.thread(ANGRY).triage.version}|{ANGRY}")
    bob.post("/triage/resolve", on=f"0|{ANSWERED}")
    bob.post("/triage/resolve", on=f"0|{PRAISE}")
    bob.post("/triage/undo")
    clock.advance(timedelta(minutes=1))

    data = browser.get("/reports/team.json?days=7").get_json()
    total = data["total"]
    assert (total["answered"], total["first_reply"]) == (1, 30.0)
    assert (total["resolved"], total["resolution"]) == (2, (32.0 + 7.0) / 2)
    assert (total["unhappy"], total["recovered"]) == (1, 1)
    people = {one["name"]: one for one in data["people"]}
    assert (people["admin"]["answered"], people["admin"]["resolved"]) == (1, 0)
    assert (people["bob"]["answered"], people["bob"]["resolved"]) == (0, 2)
    assert {one["name"]: one["resolved"] for one in data["sources"]} == {"hackernews": 1, "mastodon": 1}
    page = text_of(browser.get("/reports/team?days=7&show=resolved&person=bob").text)
    assert "Acme doubled its price" in page
    assert "1 of 1" in page
    assert "Acme is lovely" not in page
    rows = list(csv.reader(io.StringIO(browser.get("/reports/team.csv").text)))
    assert {row[0] for row in rows[1:]} == {ANGRY, ANSWERED}


def test_a_thread_counts_as_many_people_as_it_helped(browser: Browser, store: Store, clock: SetClock) -> None:
    later = {
        "52": ("zed", -HOUR, 0.0), "53": ("ada", HOUR, 0.9), "54": ("zed", HOUR, 0.0),
        "55": ("pia", -HOUR, 0.0), "56": ("pia", HOUR, 0.9),
    }  # fmt: skip
    said = [
        found(a_mention(native_id=key, thread_id=ANGRY, parent_id=ANGRY, author=who, text="Acme, well",
                        published_at=NOW + after))
        for key, (who, after, _) in later.items()
    ]  # fmt: skip
    ours = a_mention(native_id="50", thread_id=ANGRY, parent_id=ANGRY, author="acme_team", text="Sorry",
                     published_at=NOW)  # fmt: skip
    browser.post("/triage/answer", on=f"0|{ANGRY}", text="Sorry", answer_id="a")
    store.put([*said, found(ours, own=True)], now=NOW)
    for key, (_, _, positive) in later.items():
        label(store, f"hackernews:{key}", some_labels(positive=positive, negative=0.9 - positive))
    clock.advance(2 * HOUR)
    page = Selector(browser.get("/reports/team?days=7").text)
    recovered, unhappy = page.css("table.team-figures")[0].css("tbody tr")[0].css("td")[-1].css("a")
    assert [each.css("::text").get() for each in (recovered, unhappy)] == ["2", "3"]
    for link, count in ((recovered, "2"), (unhappy, "3")):
        behind = Selector(browser.get(link.attrib["href"].removesuffix("#threads")).text).css("table.behind")
        assert behind.css("tbody th a::attr(href)").getall() == [f"/threads/{ANGRY}"]
        assert behind.css("tbody td.num::text, tfoot td.num::text").getall()[::2] == [count, count]


def test_a_period_stands_against_the_one_before(
    app: Flask, browser: Browser, store: Store, clock: SetClock
) -> None:
    browser.post("/triage/resolve", on=f"0|{ANGRY}")
    clock.advance(timedelta(days=8))
    later = Browser(app, store, now=clock.now()).sign_in("admin")
    page = text_of(later.get("/reports/team?days=7").text)
    assert "This period 0 – 0 – 0 of 0 The one before 0 – 1 30 h 0 of 0" in page


def test_what_is_promised_is_told_as_a_share(browser: Browser, clock: SetClock) -> None:
    browser.post("/settings/promises", on="yes", urgent="4", important="8", other="240", give_back="8",
                 opens="00:00", closes="23:59", zone="UTC", version="0",
                 days=["0", "1", "2", "3", "4", "5", "6"])  # fmt: skip
    browser.post("/triage/answer", on=f"0|{ANGRY}", text="Sorry", answer_id="a")
    clock.advance(HOUR)
    page = browser.get("/reports/team?show=late").text
    assert "Within promise" in page
    assert "Answered late" in page
    assert f'href="/threads/{ANGRY}"' in page


def test_nothing_done_is_said(browser: Browser) -> None:
    assert "Nothing was answered or resolved" in text_of(browser.get("/reports/team?days=x").text)
