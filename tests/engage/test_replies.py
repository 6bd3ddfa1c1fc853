"""Replies through a source's own API: sent once, undone in time, recognised, reopened by an answer."""

from __future__ import annotations

import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from core.thread import Status
from tests.builders import some_labels
from tests.engage.desk_rig import Desk
from tests.engage.mastodon_server import TOKEN, Town
from tests.web.browser import text_of
from tests.web.world import label

ROOT = Path(__file__).parents[2]


@pytest.fixture
def desk(desk: Desk, town: Town) -> Desk:
    """A desk that has read the town and may answer there."""
    desk.connect("mastodon", server=town.base, token=TOKEN)
    return desk


def page(desk: Desk) -> str:
    return text_of(desk.browser.get(f"/threads/{desk.thread('doubled').id}").text)


def test_reply_recognise_waiting_reopen(desk: Desk, town: Town) -> None:
    thread = desk.thread("doubled")
    assert "Send as acme" in page(desk)
    desk.answer(thread, "We are sorry, the old price stays for you.")
    assert "Leaves in a moment" in page(desk)
    assert desk.store.thread(thread.id).triage.status is Status.WAITING
    assert desk.send(after=timedelta(seconds=2)) == []
    desk.send()
    assert town.by("acme") == ["<p>@ada We are sorry, the old price stays for you.</p>"]
    assert f'href="{town.statuses[-1]["url"]}"' in desk.browser.get(f"/threads/{thread.id}").text
    assert " Sent " in page(desk)

    desk.crawl()
    ours = [one for one in desk.thread("doubled").mentions if one.own]
    assert [one.mention.url for one in ours] == [town.statuses[-1]["url"]]
    assert " Sent " not in page(desk)
    assert desk.store.thread(thread.id).triage.status is Status.WAITING

    town.write("Thanks Acme, then I stay", by="ada", under=town.statuses[-1]["id"])
    desk.crawl()
    assert desk.store.thread(thread.id).triage.status is Status.OPEN


def test_a_sender_killed_between_send_and_ack_posts_nothing_twice(desk: Desk, town: Town) -> None:
    town.remembers_keys = False
    desk.answer(desk.thread("doubled"), "We look into it.")
    desk.store.send_again(desk.item().id, now=desk.clock.now())
    town.let_go.clear()
    sender = subprocess.Popen(
        [sys.executable, "-m", "cli", "send", "--data", str(desk.directory)],
        cwd=ROOT, env={"PATH": "/usr/bin", "EARFUL_ALLOW_NETWORKS": "127.0.0.0/8"},
    )  # fmt: skip
    assert town.taken.wait(60)
    sender.kill()
    sender.wait()
    town.let_go.set()
    assert desk.item().sent_at is None
    assert desk.send() == []
    desk.send_after_a_kill()
    assert town.by("acme") == ["<p>@ada We look into it.</p>"]
    assert desk.item().outcome == town.statuses[-1]["url"]


@pytest.mark.parametrize("remembers", [True, False])
def test_an_answer_whose_line_went_dead_is_tried_again_and_is_one_post(
    desk: Desk, town: Town, remembers: bool  # noqa: FBT001
) -> None:  # fmt: skip
    town.remembers_keys = remembers
    town.faults = ["drop", 503]
    desk.answer(desk.thread("doubled"), "We look into it.")
    desk.send()
    assert "Not sent yet" in page(desk)
    assert "127.0.0.1 does not answer" in page(desk)
    desk.send_after_a_kill()
    assert len(town.by("acme")) == 1
    assert len({one["key"] for one in town.tries}) == 1
    assert desk.item().outcome == town.statuses[-1]["url"]


def test_a_reply_is_taken_back_before_it_leaves_and_not_after(desk: Desk, town: Town) -> None:
    thread = desk.thread("doubled")
    desk.answer(thread, "Too hasty")
    desk.browser.post("/triage/undo")
    after = desk.store.thread(thread.id)
    assert (after.triage.status, after.notes, desk.store.outbox()) == (Status.OPEN, (), [])
    assert desk.send() == []
    desk.answer(after, "Better", answer_id="two")
    desk.send()
    refused = desk.browser.post("/triage/undo", 409).text
    assert "the reply has left already" in text_of(refused)
    assert len(town.by("acme")) == 1


def test_a_resent_form_is_one_reply(desk: Desk, town: Town) -> None:
    thread = desk.thread("doubled")
    desk.answer(thread, "Once")
    desk.answer(thread, "Once")
    desk.send()
    desk.send_after_a_kill()
    assert len(town.by("acme")) == 1


def test_a_colleague_who_was_faster_keeps_the_reply_from_leaving(desk: Desk, town: Town) -> None:
    thread = desk.thread("doubled")
    desk.browser.post("/triage/assign", on=f"0|{thread.id}")
    assert "Too late</textarea>" in desk.answer(thread, "Too late", status=409)
    assert desk.send() == []
    assert town.tries == []


def test_a_dead_token_is_told_and_the_reply_tried_again_by_hand(desk: Desk, town: Town) -> None:
    desk.answer(desk.thread("doubled"), "We look into it.")
    town.faults = [401]
    desk.send()
    told = page(desk)
    assert "Not sent" in told
    assert "refuses our account (401): not now; test it in the settings." in told
    assert desk.send_after_a_kill() == []
    (note,) = desk.thread("doubled").notes
    desk.browser.post("/triage/answer/again", thread=desk.thread("doubled").id, note=note.id)
    desk.send()
    assert len(town.by("acme")) == 1
    assert " Sent " in page(desk)


def test_too_long_a_reply_is_refused_with_its_words_kept(desk: Desk) -> None:
    refused = desk.answer(desk.thread("doubled"), "x" * 501, status=400)
    assert "Mastodon takes 500 characters; these are 501" in text_of(refused)
    assert "x" * 501 in refused
    assert desk.store.outbox() == []


def test_our_own_handle_is_known_and_whether_it_helped_is_told(desk: Desk, town: Town) -> None:
    assert desk.store.watch("acme").is_own("mastodon", "acme")
    desk.answer(desk.thread("doubled"), "The old price stays for you.")
    desk.send()
    thanks = town.write("Thanks Acme!", by="ada", under=town.statuses[-1]["id"])
    desk.crawl()
    for one in desk.thread("doubled").mentions:
        if not one.own:
            glad = one.mention.url == thanks["url"]
            tone = some_labels(positive=0.9, negative=0.0) if glad else some_labels(negative=0.9)
            label(desk.store, one.mention.id, tone)
    assert "ada was negative before our answer and is positive after it. It helped." in page(desk)


def test_a_credential_is_kept_from_everybody(desk: Desk, town: Town) -> None:
    file = desk.directory / "connections.toml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert TOKEN in file.read_text()
    settings = desk.browser.get("/settings/connections").text
    form = desk.browser.get("/settings/connections?channel=mastodon").text
    assert TOKEN not in settings + form
    assert "acme" in text_of(settings)
    assert TOKEN not in repr(desk.store.audit(limit=100))
    refused = desk.connect("mastodon", 400, server=town.base, token="wrong-token")
    assert "Nothing was kept" in text_of(refused)
    assert "wrong-token" not in refused
    assert TOKEN in file.read_text()
    desk.browser.post("/settings/connections/test", key=f"mastodon@{town.base.rpartition('/')[2]}")
    file.chmod(0o644)
    assert "chmod 600" in text_of(desk.browser.get("/settings/connections").text)
    assert "Send as" not in page(desk)


def test_an_account_taken_away_answers_no_more(desk: Desk, town: Town) -> None:
    desk.answer(desk.thread("doubled"), "We look into it.")
    desk.browser.post("/settings/connections/remove", key=f"mastodon@{town.base.rpartition('/')[2]}")
    desk.send()
    assert "is no longer connected" in page(desk)
    assert town.tries == []
