from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from core.clock import SetClock
from core.errors import InputError
from core.ports import Store
from core.thread import Status
from tests.builders import NOW
from tests.web.browser import Browser, field, text_of
from tests.web.world import ANGRY, ANSWERED, PRAISE
from web.views.triage import snooze_until

PATH = f"/threads/{ANGRY}"


@pytest.mark.usefixtures("world")
def test_the_thread_shows_the_conversation_with_labels_and_why(browser: Browser) -> None:
    page = browser.get(PATH).text
    words = text_of(page)
    assert words.index("I cancel Acme") < words.index("Same here.")
    assert 'class="turn depth-1 turn-context"' in page
    assert '<mark class="mark-churn " title="moved the churn label">cancel</mark>' in page
    assert "Negative 90%" in words
    assert "Leaving 93%" in words
    assert 'rel="noopener noreferrer nofollow"' in page
    assert "may be leaving (switching): 93%" in words


@pytest.mark.usefixtures("world")
def test_our_own_replies_are_marked(browser: Browser) -> None:
    page = browser.get(f"/threads/{ANSWERED}").text
    assert "turn-own" in page
    assert " Us" in text_of(page)


@pytest.mark.parametrize("suffix", ["", ".json"])
@pytest.mark.usefixtures("world")
def test_an_id_with_slashes_dots_and_suffix_is_found(browser: Browser, suffix: str) -> None:
    for address in (f"/threads/{PRAISE}{suffix}", f"/threads/{PRAISE.replace('/', '%2F')}{suffix}"):
        answer = browser.get(address)
        assert (answer.get_json()["id"] == PRAISE) if suffix else ("Acme is lovely" in answer.text)


@pytest.mark.usefixtures("world")
def test_a_thread_as_json_holds_everything(browser: Browser) -> None:
    browser.post("/triage/note", thread=ANGRY, text="call", note_id="n1")
    data = browser.get(f"{PATH}.json").get_json()
    assert [mention["id"] for mention in data["mentions"]] == [ANGRY, "hackernews:2"]
    assert data["notes"][0]["text"] == "call"
    assert data["version"] == 0


@pytest.mark.usefixtures("world")
def test_an_unknown_thread_is_404_as_page_and_as_data(browser: Browser) -> None:
    assert "There is nothing here" in text_of(browser.get("/threads/nope", 404).text)
    assert browser.get("/threads/nope.json", 404).get_json()["error"]


ACTS = [
    ("resolve", {}, lambda t: t.status is Status.RESOLVED),
    ("ignore", {}, lambda t: t.status is Status.IGNORED),
    ("wait", {}, lambda t: t.status is Status.WAITING),
    ("not-about-us", {}, lambda t: t.not_about_us),
    ("snooze", {"until": "1h"}, lambda t: t.snoozed_until == NOW + timedelta(hours=1)),
    ("snooze", {"until": "2026-03-05"}, lambda t: t.snoozed_until == datetime(2026, 3, 5, 8, tzinfo=UTC)),
    ("assign", {}, lambda t: t.assignee == "admin"),
    ("assign", {"assignee": "bob"}, lambda t: t.assignee == "bob"),
    ("pin", {"pinned": "yes"}, lambda t: t.pinned),
    ("tag", {"tags": "Billing, renewal ,"}, lambda t: t.tags == ("billing", "renewal")),
]


@pytest.mark.parametrize(("name", "fields", "holds"), ACTS)
def test_each_button_does_its_act_and_undo_takes_it_back(
    browser: Browser, world: Store, name: str, fields: dict[str, str], holds: object
) -> None:
    assert callable(holds)
    answer = browser.post(f"/triage/{name}", on=f"0|{ANGRY}", **fields)
    assert holds(world.thread(ANGRY).triage)
    page = browser.follow(answer)
    browser.post("/triage/undo", acts=field(page, "acts"))
    after = world.thread(ANGRY).triage
    assert (after.status, after.assignee, after.pinned, after.tags) == (Status.OPEN, None, False, ())
    assert (after.snoozed_until, after.not_about_us) == (None, False)


def test_undo_without_naming_an_act_takes_back_the_last_one(browser: Browser, world: Store) -> None:
    browser.post("/triage/tag", on=f"0|{ANGRY}", tags="a")
    browser.post("/triage/resolve", on=f"1|{ANGRY}")
    browser.get("/threads")  # the message is gone, the record is not
    browser.post("/triage/undo")
    assert world.thread(ANGRY).triage.status is Status.OPEN
    assert world.thread(ANGRY).triage.tags == ("a",)
    browser.post("/triage/undo")
    assert "nothing of yours to undo" in text_of(browser.post("/triage/undo", 404).text)


@pytest.mark.usefixtures("world")
def test_after_an_act_the_next_thread_of_the_same_view_is_shown(browser: Browser) -> None:
    page = browser.get(f"{PATH}?view=all&sort=waiting").text
    following = field(page, "next")
    answer = browser.post("/triage/resolve", on=f"0|{ANGRY}", from_=field(page, "from"), next=following)
    assert answer.headers["Location"].startswith(
        f"/threads/{following.replace('/', '%2F')}?view=all&sort=waiting&done="
    )


@pytest.mark.usefixtures("world")
def test_assigning_stays_on_the_thread(browser: Browser) -> None:
    answer = browser.post("/triage/assign", on=f"0|{ANGRY}")
    assert answer.headers["Location"].startswith(f"/threads/{ANGRY}?done=")
    assert "Assigned to admin" in text_of(browser.follow(answer))


def test_the_slower_of_two_sees_the_fresh_state(app: Flask, browser: Browser, world: Store) -> None:
    Browser(app, world).sign_in("bob").post("/triage/assign", on=f"0|{ANGRY}")
    page = text_of(browser.post("/triage/resolve", 409, on=f"0|{ANGRY}").text)
    assert "Somebody was faster. bob: assigned to bob, just now" in page
    assert "Nothing of yours was applied" in page
    assert world.thread(ANGRY).triage.status is Status.OPEN
    data = browser.post("/triage/resolve", 409, json=True, on=f"0|{ANGRY}").get_json()
    assert data["fresh"]["assignee"] == "bob"
    assert data["fresh"]["version"] == 1


def test_a_double_click_is_one_act(browser: Browser, world: Store) -> None:
    for _ in range(2):
        browser.post("/triage/resolve", on=f"0|{ANGRY}")
    assert world.thread(ANGRY).triage.version == 1


def test_a_note_sent_twice_is_one_note(browser: Browser, world: Store) -> None:
    for _ in range(2):
        page = browser.follow(browser.post("/triage/note", thread=ANGRY, text="call them", note_id="n1"))
    assert [note.text for note in world.thread(ANGRY).notes] == ["call them"]
    assert "Note added" in text_of(page)


def test_a_label_is_corrected_in_one_click_and_the_rest_of_it_stays(
    browser: Browser, world: Store, clock: SetClock
) -> None:
    browser.post("/triage/correct", mention=ANGRY, brand="Acme", tone="neutral")
    clock.advance(timedelta(seconds=1))
    page = browser.follow(browser.post("/triage/correct", mention=ANGRY, brand="Acme", churn="no"))
    newest = max(world.thread(ANGRY).corrections, key=lambda correction: correction.at)
    assert "corrected by admin" in text_of(page)
    assert (newest.tone, newest.churn) == ("neutral", False)


@pytest.mark.parametrize("fields", [{"tone": "furious"}, {"churn": "perhaps"}])
@pytest.mark.usefixtures("world")
def test_a_correction_to_no_known_label_is_refused(browser: Browser, fields: dict[str, str]) -> None:
    browser.post("/triage/correct", 400, mention=ANGRY, brand="Acme", **fields)


@pytest.mark.parametrize("on", ["", "x", "1", f"x|{ANGRY}", f"-1|{ANGRY}", "1|"])
def test_a_broken_form_changes_nothing(browser: Browser, world: Store, on: str) -> None:
    assert browser.client.post("/triage/resolve", data={"csrf": browser.csrf, "on": on}).status_code == 400
    assert world.thread(ANGRY).triage.version == 0


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("snooze", {"until": "yesterday"}),
        ("snooze", {"until": "2020-01-01"}),
        ("assign", {"assignee": "nobody"}),
        ("tag", {"tags": "x" * 50}),
    ],
)
@pytest.mark.usefixtures("world")
def test_what_cannot_be_is_said_on_the_thread(browser: Browser, name: str, fields: dict[str, str]) -> None:
    page = browser.post(f"/triage/{name}", 400, on=f"0|{ANGRY}", **fields).text
    assert 'role="alert"' in page
    assert "I cancel Acme" in text_of(page)


@pytest.mark.usefixtures("world")
def test_history_tells_who_did_what(browser: Browser) -> None:
    browser.post("/triage/resolve", on=f"0|{ANGRY}")
    browser.post("/triage/undo")
    words = text_of(browser.get(PATH).text)
    assert "admin undone" in words
    assert "admin resolved" in words


def test_only_web_addresses_become_links(browser: Browser, store: Store) -> None:
    from tests.builders import a_mention, found  # noqa: PLC0415

    for n, url in enumerate(("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "https:// x")):
        store.put([found(a_mention(native_id=f"u{n}", url=url))], now=NOW)
        page = browser.get(f"/threads/hackernews:u{n}").text
        assert "Open original" not in page
        assert f'href="{url}' not in page


@pytest.mark.parametrize(
    ("written", "ends"),
    [
        ("1h", datetime(2026, 3, 2, 13, tzinfo=UTC)),
        ("tomorrow", datetime(2026, 3, 3, 8, tzinfo=UTC)),
        ("week", datetime(2026, 3, 9, 8, tzinfo=UTC)),
        ("2026-04-01", datetime(2026, 4, 1, 8, tzinfo=UTC)),
    ],
)
def test_a_snooze_is_named_in_words(written: str, ends: datetime) -> None:
    assert snooze_until(written, NOW) == ends


def test_a_snooze_that_names_nothing_is_refused() -> None:
    with pytest.raises(InputError):
        snooze_until("later", NOW)
