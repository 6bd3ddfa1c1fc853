from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest

from core.labelling import LabelRequest
from core.labels import Intent
from core.ports import Store
from core.settings import PriorityWeights
from core.thread import Status
from core.watch import Brand
from engage.desk import note
from engage.ranking import rank
from nlp import open_labeller
from tests.builders import NOW, a_mention, found, some_labels
from tests.web.browser import Browser, text_of
from tests.web.world import ANGRY, ANSWERED, PRAISE, label
from web.folding import MAX_TURNS
from web.page import STATIC
from web.queue_view import QueueView


@pytest.mark.usefixtures("store")
def test_the_first_page_says_what_is_tried_and_what_would_widen_it(browser: Browser) -> None:
    page = text_of(browser.get("/threads").text)
    assert "Earful listens for Acme" in page
    assert "What would widen it" in page


def test_without_a_watch_the_first_page_leads_to_one(guest: Browser, store: Store) -> None:
    store.save_watch(store.watch("acme"), actor="x", now=NOW)
    guest.sign_in("admin")
    assert "/watches" in guest.get("/threads").text


@pytest.mark.usefixtures("world")
def test_the_queue_is_ranked_with_reasons(browser: Browser) -> None:
    page = browser.get("/threads").text
    assert page.index("Acme doubled its price") < page.index("How do I export")
    words = text_of(page)
    assert "may be leaving (switching): 93%" in words
    assert "Leaving 93%" in words
    assert "Negative 90%" in words
    assert "Answered" in words


@pytest.mark.usefixtures("world")
def test_the_queue_as_json_has_the_shape_of_the_contract(browser: Browser) -> None:
    data = browser.get("/threads.json").get_json()
    first = data["threads"][0]
    assert {"id", "priority", "reasons", "status", "labels", "mentions"} <= set(first)
    assert first["id"] == ANGRY
    assert first["priority"] == pytest.approx(sum(reason["points"] for reason in first["reasons"]), abs=0.1)
    assert set(first["reasons"][0]) == {"points", "why", "span"}
    assert first["reasons"][0]["span"] == {"mention_id": ANGRY, "start": 26, "end": 32}
    assert first["labels"][0]["churn"]["p"] == 0.93
    assert (first["status"], first["mention_count"], first["size"]) == ("open", 1, 2)
    (mention,) = first["mentions"]
    assert (mention["id"], mention["text"]) == (ANGRY, "I cancel Acme and move to Globex.")
    assert mention["labels"][0]["brand"] == "Acme"
    assert data["total"] == 3


@pytest.mark.usefixtures("world")
def test_the_accept_header_asks_for_data_too(browser: Browser) -> None:
    assert browser.get("/threads", Accept="application/json").get_json()["total"] == 3
    assert browser.get("/threads", Accept="text/html,*/*").text.startswith("<!doctype html>")


@pytest.mark.usefixtures("world")
def test_the_queue_as_csv(browser: Browser) -> None:
    answer = browser.get("/threads.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert rows[0]["id"] == ANGRY
    assert {row["id"] for row in rows} == {ANGRY, ANSWERED, PRAISE}
    assert "\r\n" in answer.text


@pytest.mark.parametrize(
    ("address", "ids"),
    [
        ("?view=unanswered", {ANGRY, PRAISE}),
        ("?view=mine", set()),
        ("?view=all&q=export", {ANSWERED}),
        ("?sentiment=negative", {ANGRY}),
        ("?churn=yes", {ANGRY}),
        ("?source=feed", {PRAISE}),
        ("?q=-price+-lovely", {ANSWERED}),
        ("?view=nonsense&sort=nonsense&sentiment=nonsense", {ANGRY, ANSWERED, PRAISE}),
    ],
)
@pytest.mark.usefixtures("world")
def test_the_address_holds_view_filter_and_query(browser: Browser, address: str, ids: set[str]) -> None:
    data = browser.get(f"/threads.json{address}").get_json()
    assert {thread["id"] for thread in data["threads"]} == ids
    assert data["total"] == len(ids)
    browser.get(f"/threads{address}")


@pytest.mark.usefixtures("world")
def test_the_longest_waiting_comes_first_where_asked(browser: Browser) -> None:
    data = browser.get("/threads.json?sort=waiting").get_json()
    assert [thread["id"] for thread in data["threads"]][:2] == [PRAISE, ANGRY]


@pytest.mark.usefixtures("world")
def test_counts_stand_beside_every_view(browser: Browser) -> None:
    browser.post("/triage/resolve", on=f"0|{ANGRY}")
    words = text_of(browser.get("/threads").text)
    assert "Open 2" in words
    assert "Resolved 1" in words
    assert "All 3" in words


@pytest.mark.usefixtures("world")
def test_a_misread_filter_is_underlined_and_still_filters(browser: Browser) -> None:
    page = browser.get("/threads?q=churn:maybe+price").text
    assert '<mark class="mark-bad "' in page
    assert "Acme doubled its price" in page
    assert "How do I export" not in page


@pytest.mark.usefixtures("clock")
def test_pages_follow_each_other_without_gap_or_repeat(
    browser: Browser,
    store: Store,
) -> None:
    store.put([found(a_mention(native_id=f"n{n}")) for n in range(95)], now=NOW)
    store.settle()
    seen: list[str] = []
    address = "/threads.json?limit=40"
    while address:
        data = browser.get(address).get_json()
        seen += [thread["id"] for thread in data["threads"]]
        address = data["next"]
    assert len(seen) == len(set(seen)) == 95
    assert 'rel="next"' in browser.get("/threads").text


def test_an_address_is_the_same_after_reading_it() -> None:
    args = {"view": "mine", "q": "price", "sort": "waiting", "source": "feed", "after": "x"}
    assert QueueView.read(args).args() == args
    assert QueueView.read({}).args() == {}


@pytest.mark.usefixtures("world")
def test_an_empty_view_says_so(browser: Browser) -> None:
    assert "Nothing is assigned to you." in text_of(browser.get("/threads?view=mine").text)
    assert "No thread fits this filter." in text_of(browser.get("/threads?q=nosuchword").text)


LIMIT = 150_000


def weight(browser: Browser, address: str) -> int:
    """Return the bytes of a page with all that it loads, uncompressed."""
    page = browser.get(address).text
    assets = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page))
    modules = {path.name for path in STATIC.glob("js/*.js")} - {"app.js", "keys.js"}
    assets |= {f"/static/js/{name}" for name in modules}
    return len(page.encode()) + sum(len(browser.get(asset).data) for asset in assets)


def test_a_full_page_stays_light(browser: Browser, store: Store) -> None:
    long = "Acme is slow and we may cancel it for Globex. " * 400
    thread = "hackernews:n0"
    for number in range(60):
        store.put([found(a_mention(native_id=f"n{number}", text=long, title="t" * 200))], now=NOW)
        inner = a_mention(native_id=f"m{number}", text=long, thread_id=thread, parent_id=thread)
        store.put([found(inner)], now=NOW)
        label(
            store,
            inner.id,
            some_labels(negative=0.9, churn=0.9, intents=dict.fromkeys(list(Intent)[:3], 0.9)),
        )
    rank(store, PriorityWeights(), now=NOW)
    store.settle()
    for address in ("/threads", f"/threads/{thread}", "/search?q=acme", "/watches/acme", "/help"):
        assert weight(browser, address) < LIMIT, address


def test_a_long_conversation_can_be_shown_whole(browser: Browser, store: Store) -> None:
    thread = "hackernews:n0"
    store.put([found(a_mention(native_id="n0"))], now=NOW)
    around = [
        a_mention(native_id=f"m{n}", text=f"post {n}.", thread_id=thread, parent_id=thread) for n in range(99)
    ]
    store.put([found(mention, context=True) for mention in around], now=NOW)
    page = browser.get(f"/threads/{thread}").text
    assert page.count('class="turn ') == MAX_TURNS
    assert "Show all 100 posts" in page
    seen: list[str] = []
    address = f"/threads/{thread}?part=1"
    while address:
        page = browser.get(address).text
        assert weight(browser, address) < LIMIT
        seen += re.findall(r"post \d+\.", page)
        later = re.search(r'rel="next" href="([^"]+)">Later', page)
        address = unescape(later[1]) if later else ""
    assert len(seen) == len(set(seen)) == 99
    last = browser.get("/mentions/hackernews:m98", 303).headers["Location"]
    assert "post 98." in browser.get(last).text
    assert "post 98." in browser.get(f"/threads/{thread}?part=99999").text
    assert browser.get(f"/threads/{thread}?part=-3").text.count('class="turn ') == MAX_TURNS


def test_whatever_stands_in_a_thread_its_page_stays_light(browser: Browser, store: Store) -> None:
    thread, sharp = "hackernews:n0", '<&"日本' * 4_000
    mentions = [
        a_mention(native_id=f"n{number}", text=sharp, title=sharp[:300], thread_id=thread)
        for number in range(40)
    ]
    for edit in range(3):
        at = NOW + timedelta(minutes=edit)
        store.put([found(replace(one, text=f"{edit} {sharp}", edited_at=at)) for one in mentions], now=NOW)
    for number in range(12):
        note(store, thread, sharp[:9_000], note_id=str(number), actor="bob", now=NOW)
    store.settle()
    for more in ("", "?part=1", "?part=3"):
        assert weight(browser, f"/threads/{thread}{more}") < LIMIT, more
    page = browser.get(f"/threads/{thread}").text
    assert "2 earlier versions" in page
    assert "Show them whole" in page
    assert "Show all 12 notes whole" in page
    assert browser.get(f"/threads/{thread}?notes=all").text.count('class="note"') == 12


def test_a_selection_is_resolved_in_one_click_and_undone_in_one(browser: Browser, world: Store) -> None:
    answer = browser.post("/triage/resolve", on=[f"0|{ANGRY}", f"0|{ANSWERED}"], at="queue")
    page = browser.follow(answer)
    assert "Resolved: 2 threads" in text_of(page)
    assert world.thread(ANSWERED).triage.status is Status.RESOLVED
    acts = answer.headers["Location"].partition("done=")[2].replace("%2C", ",")
    browser.post("/triage/undo", acts=acts)
    assert {world.thread(name).triage.status for name in (ANGRY, ANSWERED)} == {Status.OPEN}


def test_of_a_selection_only_the_unchanged_threads_are_touched(browser: Browser, world: Store) -> None:
    browser.post("/triage/tag", on=f"0|{ANGRY}", tags="seen")
    page = browser.follow(browser.post("/triage/resolve", on=[f"0|{ANGRY}", f"0|{ANSWERED}"], at="queue"))
    assert "1 left alone" in text_of(page)
    assert world.thread(ANGRY).triage.status is Status.OPEN


def test_a_text_in_a_language_without_a_model_says_so_on_queue_and_search(
    browser: Browser, store: Store
) -> None:
    text = "Acme er gået i stykker igen, og ingen svarer mig når jeg skriver til dem."
    store.put([found(a_mention(native_id="91", title="", text=text, published_at=NOW))], now=NOW)
    request = LabelRequest(text=text, brand=Brand(name="Acme"))
    (labels,) = open_labeller().label([request])
    label(store, "hackernews:91", labels)
    store.settle()
    for address in ("/threads?q=stykker", "/search?q=stykker"):
        page = browser.get(address).text
        assert "Not labelled: language" in text_of(page), address
        assert 'title="language: da is not one the model was trained for"' in page, address
