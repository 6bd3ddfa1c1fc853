"""Alerts: found once, told as one message, kept for a sink that is down, and the same on each try."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engage import desk
from engage.alerting import write_alerts
from engage.muting import Mutable, mute
from engage.promises import Policy, save_policy
from engage.rules import GROUP_WAIT, Every, Rule, messages
from engage.sending import LEASE
from tests.builders import NOW, a_mention, found, some_labels
from tests.engage.alert_rig import Mailbox, Team, mail
from tests.engage.scripted_server import Asked, Scripted, scripted
from tests.web.browser import text_of
from tests.web.payloads import PAYLOADS
from tests.web.world import label

ROOT = Path(__file__).parents[2]
KEY = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
BACKLOG = int(os.environ.get("EARFUL_BACKLOG", "1500"))
MINUTE = timedelta(minutes=1)
PROMISE = {
    "key": "r", "name": "N", "query": "is:open", "way": "webhook@robot", "every": "5m", "hour": "08:00",
    "zone": "UTC",
}  # fmt: skip


@pytest.fixture
def sink() -> Iterator[Scripted]:
    with scripted() as told:
        told.on("POST", "/room", lambda asked: (200, "ok") if asked.json.get("text") else (400, "no_text"))
        told.on("POST", "/robot", {"taken": True})
        yield told


@pytest.fixture
def robot(team: Team, sink: Scripted) -> Team:
    """The team with a program to tell."""
    team.connect("webhook", room="robot", url=f"{sink.base}/robot", secret=f"whsec_{KEY}")
    sink.asked.clear()
    return team


def told(sink: Scripted) -> list[dict[str, Any]]:
    return [asked.json["data"] for asked in sink.asked if asked.path == "/robot"]


def test_a_match_is_told_once_and_signed(robot: Team, sink: Scripted) -> None:
    robot.rule()
    robot.said("Acme lost my data")
    assert robot.pass_time(timedelta(seconds=5)) == []
    robot.pass_time()
    robot.pass_time(timedelta(hours=5))
    (asked,) = sink.asked
    assert asked.json["type"] == "alert"
    assert told(sink)[0]["mentions"][0]["text"] == "Acme lost my data"
    signed = f"{asked.headers['webhook-id']}.{asked.headers['webhook-timestamp']}.".encode() + asked.body
    digest = hmac.digest(base64.b64decode(KEY), signed, hashlib.sha256)
    assert asked.headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert asked.headers["webhook-id"] == "alert:r:1"
    page = text_of(robot.browser.get(told(sink)[0]["link"].removeprefix("https://earful.example")).text)
    assert "Acme lost my data" in page
    assert "· 200" in text_of(robot.browser.get("/settings/alerts/edit?key=r").text)


def test_what_was_there_before_the_rule_is_not_told_and_is_previewed(robot: Team, sink: Scripted) -> None:
    robot.said("Acme was slow", "Acme was down")
    form = {
        "key": "r",
        "name": "N",
        "query": "acme",
        "way": "webhook@robot",
        "every": "1h",
        "hour": "08:00",
        "zone": "UTC",
    }
    robot.browser.sign_in("admin")
    page = text_of(robot.browser.post("/settings/alerts/preview", 200, **form).text)
    assert "2 mentions would have made 1 message" in page
    assert robot.store.kept("rule") == []
    robot.clock.advance(MINUTE)
    robot.rule()
    robot.pass_time(timedelta(hours=2))
    assert sink.asked == []


def test_a_backlog_is_one_message(robot: Team, sink: Scripted) -> None:
    robot.rule()
    robot.said(*(f"Acme trouble number {n}" for n in range(BACKLOG)))
    robot.pass_time()
    robot.pass_time(timedelta(hours=2))
    (only,) = told(sink)
    assert only["count"] == BACKLOG
    assert len(only["mentions"]) == 10


def test_a_sink_that_was_down_for_an_hour_gets_everything_in_two_messages(
    robot: Team, sink: Scripted
) -> None:
    robot.rule(every="5m")
    sink.on("POST", "/robot", lambda _: (503, {}))
    for n in range(60):
        robot.said(f"Acme trouble {n}")
        robot.pass_time(MINUTE)
    tries = len(sink.asked)
    assert 3 <= tries <= 12
    assert {asked.headers["webhook-id"] for asked in sink.asked} == {"alert:r:1"}
    log = text_of(robot.browser.get("/settings/alerts/edit?key=r").text)
    assert "waiting: 127.0.0.1 asks us to wait" in log
    sink.on("POST", "/robot", {})
    for _ in range(80):
        robot.pass_time(MINUTE)
    after = told(sink)[tries:]
    assert len(after) == 2
    assert sum(one["count"] for one in after) == 60


def test_killed_between_send_and_ack_the_same_id_goes_out_again(robot: Team, sink: Scripted) -> None:
    robot.rule()
    robot.said("Acme lost my data")
    robot.clock.advance(GROUP_WAIT)
    write_alerts(robot.store, now=robot.clock.now())
    taken, let_go = threading.Event(), threading.Event()

    def slow(_: Asked) -> tuple[int, object]:
        taken.set()
        let_go.wait(60)
        return 200, {}

    sink.on("POST", "/robot", slow)
    robot.store.send_again("alert:r:1", now=datetime(2026, 1, 1, tzinfo=UTC))
    sender = subprocess.Popen(
        [sys.executable, "-m", "cli", "send", "--data", str(robot.directory)],
        cwd=ROOT, env={"PATH": "/usr/bin", "EARFUL_ALLOW_NETWORKS": "127.0.0.0/8"},
    )  # fmt: skip
    assert taken.wait(60)
    sender.kill()
    sender.wait()
    let_go.set()
    # The dead sender's lease is of the real time, far ahead of the test's.
    robot.clock.advance(datetime.now(UTC) - robot.clock.now() + 2 * LEASE)
    robot.pass_time()
    ids = [asked.headers["webhook-id"] for asked in sink.asked]
    assert ids == ["alert:r:1", "alert:r:1"]


def test_two_senders_write_an_alert_once(robot: Team) -> None:
    robot.rule()
    robot.said("Acme lost my data")
    robot.clock.advance(GROUP_WAIT)
    assert write_alerts(robot.store, now=robot.clock.now()) == 1
    assert write_alerts(robot.store, now=robot.clock.now()) == 0


def test_quiet_hours_and_silence_collect(robot: Team, sink: Scripted) -> None:
    robot.rule(quiet_from="11:00", quiet_to="14:00")
    robot.said("Acme one")
    robot.pass_time(timedelta(hours=1))
    robot.said("Acme two")
    assert sink.asked == []
    robot.pass_time(timedelta(hours=1, minutes=1))
    assert [one["count"] for one in told(sink)] == [2]
    robot.browser.post("/settings/alerts/silence", key="r", span="24h")
    robot.said("Acme three")
    robot.pass_time(timedelta(hours=5))
    assert len(told(sink)) == 1
    robot.browser.post("/settings/alerts/silence", key="r", span="")
    robot.pass_time()
    assert len(told(sink)) == 2


def test_a_daily_digest_comes_at_its_hour_in_its_zone(robot: Team, sink: Scripted) -> None:
    robot.rule(every="day", hour="08:00", zone="America/New_York")
    robot.said("Acme one", "Acme two")
    robot.pass_time(timedelta(minutes=30))
    assert sink.asked == []
    robot.pass_time(timedelta(minutes=40))
    assert [one["count"] for one in told(sink)] == [2]
    robot.said("Acme three")
    robot.pass_time(timedelta(hours=20))
    assert len(told(sink)) == 1
    robot.pass_time(timedelta(hours=4))
    assert len(told(sink)) == 2


def test_a_label_that_comes_later_is_told(robot: Team, sink: Scripted) -> None:
    robot.rule(query="churn:yes")
    robot.said("Acme, I am leaving")
    robot.pass_time(timedelta(hours=3))
    assert sink.asked == []
    (mention,) = [one.mention for one in robot.store.mentions()]
    label(robot.store, mention.id, some_labels(negative=0.9, churn=0.9))
    robot.store.settle()
    robot.pass_time()
    assert told(sink)[0]["summary"] == "1 on hackernews, 1 negative, 1 leaving"


def test_an_alert_follows_its_view(robot: Team, sink: Scripted) -> None:
    robot.browser.post("/views/save", key="v", title="Money", from_="q=price")
    robot.rule(follows="v", query="price")
    robot.browser.post("/views/save", key="v", title="Money", from_="view=v&q=invoice")
    robot.said("Acme price", "Acme invoice and price")
    robot.pass_time()
    assert [line["text"] for line in told(sink)[0]["mentions"]] == ["Acme invoice and price"]


def test_a_room_is_told_and_nobody_in_it_called(team: Team, sink: Scripted) -> None:
    team.connect("slack", room="#support", url=f"{sink.base}/room")
    team.rule(way="slack@#support", name="<!channel> & co")
    team.said("Acme <!channel> <https://evil.example|Earful> is down")
    team.pass_time()
    text = sink.asked[-1].json["text"]
    assert "&lt;!channel&gt; &lt;https://evil.example|Earful&gt;" in text
    assert "<!channel>" not in text
    wrong = team.connect("slack", 400, room="x", url=f"{sink.base}/nowhere")
    assert "Nothing was kept" in text_of(wrong)
    assert "nowhere" not in wrong


def test_people_are_told_by_mail(team: Team, mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    mail(team, port)
    way = "email@earful@acme.example"
    refused = team.rule(400, way=way, target="nobody")
    assert "write 1 to 20 e-mail addresses" in text_of(refused)
    team.rule(way=way, target="ada@acme.example, bob@acme.example", name="Leaving\r\nBcc: eve@evil.example")
    team.said("Acme lost my data\r\n.\r\nQUIT", *(f"Acme {payload[:300]}" for payload in PAYLOADS[:8]))
    team.pass_time()
    (message,) = box.mail
    assert message["To"] == "ada@acme.example, bob@acme.example"
    assert message["Bcc"] is None
    assert message["Subject"] == "[Earful] Leaving Bcc: eve@evil.example: 9 new"
    assert message["Message-ID"] == "<alert.r.1@acme.example>"
    plain, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert "Acme lost my data . QUIT" in plain.get_content()
    assert "https://earful.example/alerts/r/1" in plain.get_content()
    assert html is not None
    for tag in ("<script", "<img", "<svg", "<iframe", 'onerror="'):
        assert tag not in html.get_content().lower()


def test_a_wrong_mail_password_is_told_and_nothing_kept(team: Team, mailbox: tuple[Mailbox, int]) -> None:
    told = mail(team, mailbox[1], 400, password="wrong-password")
    assert "refuses the user name and password" in text_of(told)
    assert "wrong-password" not in told
    assert not (team.directory / "connections.toml").exists()
    assert "Nothing was kept" in text_of(mail(team, 1, 400))


def test_a_test_message_is_sent_at_once_and_its_failure_told(
    team: Team, mailbox: tuple[Mailbox, int], sink: Scripted
) -> None:
    mail(team, mailbox[1])
    team.rule(way="email@earful@acme.example", target="ada@acme.example")
    team.browser.post("/settings/alerts/test", key="r")
    assert "a test" in mailbox[0].mail[0]["Subject"]
    team.connect("webhook", room="robot", url=f"{sink.base}/robot", secret=f"whsec_{KEY}")
    team.rule(key="s", way="webhook@robot")
    sink.on("POST", "/robot", lambda _: (410, {}))
    page = team.browser.post("/settings/alerts/test", 409, key="s").text
    assert "wants no more of this (410)" in text_of(page)


def test_what_was_erased_meanwhile_is_in_no_message(robot: Team, sink: Scripted) -> None:
    robot.rule()
    robot.said("Acme lost my data")
    robot.clock.advance(GROUP_WAIT)
    write_alerts(robot.store, now=robot.clock.now())
    (mention,) = [one.mention for one in robot.store.mentions()]
    gone = a_mention(id=mention.id, native_id=mention.native_id, text="", deleted=True, published_at=NOW)
    robot.store.put([found(gone)], now=robot.clock.now())
    robot.pass_time()
    assert "lost my data" not in str(told(sink))


WRONG = (
    {"name": ""}, {"name": "x" * 61}, {"query": " "}, {"query": "x" * 513}, {"way": "nowhere"},
    {"every": "2h"}, {"hour": "25:00"}, {"zone": "Nowhere"}, {"quiet_from": "10:00"},
)  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_is_no_rule_is_refused_and_its_words_kept(robot: Team, wrong: dict[str, str]) -> None:
    page = robot.rule(400, **wrong)
    assert robot.store.kept("rule") == []
    if "name" not in wrong:
        assert 'value="Leaving"' in page


def test_messages_of_a_rule_are_counted_as_it_would_have_made_them() -> None:
    rule = Rule(key="r", name="N", query="q", way="w", every=Every.HOUR, since=NOW)
    moments = [NOW + n * MINUTE for n in range(121)]
    assert messages(rule, moments) == 3
    assert messages(rule, []) == 0
    daily = Rule(key="r", name="N", query="q", way="w", every=Every.DAY, hour="08:00", since=NOW)
    assert messages(daily, [NOW, NOW + timedelta(hours=2), NOW + timedelta(days=1)]) == 2


ALWAYS = Policy(urgent=4, important=4, other=4, opens="00:00", closes="23:59", days=tuple(range(7)))


@pytest.mark.parametrize(
    ("when", "hours", "title"), [("soon", 3, "about to be broken"), ("late", 4, "broken")]
)
def test_a_promise_is_told_of_when_it_breaks_or_before_and_once(
    robot: Team, sink: Scripted, when: str, hours: int, title: str
) -> None:
    robot.said("Acme lost my data, long ago")
    robot.clock.advance(timedelta(hours=6))
    save_policy(robot.store, ALWAYS, on=True, version=0, actor="admin", now=robot.clock.now())
    robot.rule(when=when, query="is:open", every="5m")
    robot.said("Acme is down", "Globex is up")
    robot.pass_time(timedelta(hours=hours, minutes=-2))
    assert sink.asked == []
    robot.pass_time(timedelta(minutes=4))
    (message,) = told(sink)
    assert message["title"] == f"Leaving: 2 promises {title}"
    assert {one["text"] for one in message["mentions"]} == {"Acme is down", "Globex is up"}
    robot.pass_time(timedelta(hours=5))
    assert len(told(sink)) == 1
    page = text_of(robot.browser.post("/settings/alerts/preview", 200, **PROMISE | {"when": when}).text)
    assert "Just now 3 mentions would have made" in page


def test_who_was_answered_or_is_muted_or_does_not_match_is_not_told_of(robot: Team, sink: Scripted) -> None:
    save_policy(robot.store, ALWAYS, on=True, version=0, actor="admin", now=robot.clock.now())
    robot.rule(when="late", query="author:ada", every="5m")
    names = ("ada", "ada", "eve")
    mentions = [a_mention(text=f"Acme {n}", author=name, published_at=NOW) for n, name in enumerate(names)]
    robot.store.put([found(one) for one in mentions], now=NOW)
    desk.resolve(robot.store, mentions[0].thread_id, 0, actor="bob", now=NOW)
    robot.store.settle()
    robot.pass_time(timedelta(hours=5))
    (message,) = told(sink)
    assert [one["text"] for one in message["mentions"]] == ["Acme 1"]
    mute(robot.store, Mutable.WORD, "acme", actor="bob", now=NOW)
    robot.clock.advance(timedelta(hours=1))
    robot.store.put(
        [found(a_mention(text="Acme again", author="ada", published_at=robot.clock.now()))],
        now=robot.clock.now(),
    )
    robot.pass_time(timedelta(hours=9))
    assert len(told(sink)) == 1


def test_an_alert_of_nothing_known_is_refused(robot: Team) -> None:
    assert "choose what to tell of" in robot.rule(400, when="sometimes")
