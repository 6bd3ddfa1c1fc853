"""Reports by e-mail: sent once for each week or month, to a real mail server, with links that hold."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from engage.report_mail import Order, Span, write_reports
from tests.builders import NOW, some_labels
from tests.engage.alert_rig import Mailbox, Team, mail
from tests.web.browser import text_of
from tests.web.world import label

WAY = "email@earful@acme.example"
GOOD = {"way": WAY, "target": "ada@acme.example", "span": "week", "hour": "08:00", "zone": "UTC"}
DAY = timedelta(days=1)


@pytest.fixture
def ordered(team: Team, mailbox: tuple[Mailbox, int]) -> Team:
    """A team that ordered its week by mail, on a Monday after the hour for it."""
    mail(team, mailbox[1])
    team.browser.post("/reports/mail", 303, **GOOD)
    return team


def test_a_week_is_mailed_once_on_monday_and_its_links_hold(
    ordered: Team, mailbox: tuple[Mailbox, int]
) -> None:
    ordered.clock.advance(5 * DAY)
    ordered.said("Acme lost my data", "Acme is fine", "Globex beats Acme")
    for one in list(ordered.store.mentions()):
        negative = 0.9 if "lost" in one.mention.said else 0.1
        label(ordered.store, one.mention.id, some_labels(negative=negative))
    ordered.store.settle()
    ordered.pass_time(DAY)
    assert mailbox[0].mail == []
    ordered.pass_time(timedelta(hours=20))
    ordered.pass_time(DAY)
    (message,) = mailbox[0].mail
    monday = ordered.clock.now().date() - DAY
    assert message["Subject"] == f"[Earful] Report, {monday - 7 * DAY} to {monday - DAY}"
    plain = message.get_body(("plain",))
    assert plain is not None
    said = re.findall(r"^(\w+): ([\d,]+) (mentions?|negative).*\n +https://earful\.example(/search\S+)$",
                      plain.get_content().replace("\r", ""), re.MULTILINE)  # fmt: skip
    assert ("Acme", "3", "mentions") in {each[:3] for each in said}
    assert ("Acme", "1", "negative") in {each[:3] for each in said}
    ordered.browser.now = ordered.clock.now()
    ordered.browser.sign_in("admin")
    for _, count, _, link in said:
        found = ordered.browser.get(link.replace("/search", "/search.json", 1)).get_json()
        assert found["count"] == int(count.replace(",", ""))
    assert "Sent" in text_of(ordered.browser.get("/reports/mail").text)
    ordered.pass_time(7 * DAY)
    assert len(mailbox[0].mail) == 2


def test_two_senders_write_a_report_once(ordered: Team) -> None:
    ordered.clock.advance(7 * DAY)
    assert [write_reports(ordered.store, now=ordered.clock.now()) for _ in range(2)] == [1, 0]


def test_a_removed_order_sends_nothing(ordered: Team, mailbox: tuple[Mailbox, int]) -> None:
    ordered.clock.advance(7 * DAY)
    write_reports(ordered.store, now=ordered.clock.now())
    (key,) = (item.key for item in ordered.store.kept("report_mail"))
    ordered.browser.now = ordered.clock.now()
    ordered.browser.sign_in("admin")
    ordered.browser.post("/reports/mail/remove", 303, key=key)
    ordered.pass_time()
    ordered.pass_time(7 * DAY)
    assert mailbox[0].mail == []


@pytest.mark.parametrize(
    ("span", "zone", "now", "day", "begin"),
    [
        (Span.MONTH, "UTC", "2026-03-01T08:00:00", date(2026, 3, 1), date(2026, 2, 1)),
        (Span.MONTH, "UTC", "2026-03-01T07:59:00", date(2026, 2, 1), date(2026, 1, 1)),
        (Span.WEEK, "America/New_York", "2026-11-23T12:59:00", date(2026, 11, 16), date(2026, 11, 9)),
        (Span.WEEK, "America/New_York", "2026-11-23T13:00:00", date(2026, 11, 23), date(2026, 11, 16)),
    ],
)
def test_a_turn_comes_at_its_hour_in_its_zone(
    span: Span, zone: str, now: str, day: date, begin: date
) -> None:
    order = Order(key="r", way=WAY, span=span, zone=zone, since=NOW)
    found, _ = order.turn(datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert (found, order.begin(found)) == (day, begin)


WRONG = ({"way": "nowhere"}, {"target": "nobody"}, {"span": "year"}, {"hour": "25:00"}, {"zone": "Nowhere"})


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_cannot_be_sent_is_refused_and_its_words_kept(ordered: Team, wrong: dict[str, str]) -> None:
    page = ordered.browser.post("/reports/mail", 400, **{**GOOD, "target": "bob@acme.example", **wrong}).text
    assert "Not kept" in text_of(page)
    assert f'value="{wrong.get("target", "bob@acme.example")}"' in page
    assert len(ordered.store.kept("report_mail")) == 1
