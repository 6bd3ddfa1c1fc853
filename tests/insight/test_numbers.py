"""Every number of the reports is what the page behind its link counts, and what the export says."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from html import unescape

import pytest

from core.clock import SetClock
from core.ports import Store
from core.settings import Settings
from core.user import Role, User
from engage.insight.predicting import predict
from tests.insight.story import STORY_NOW
from tests.web.browser import Browser
from web import create_app

pytestmark = pytest.mark.timeout(1200)
#: A link whose whole text is a number.
NUMBER = re.compile(r'<a href="([^"]+)">([\d,]+)</a>')


@pytest.fixture(scope="module")
def reader(told: Store) -> Browser:
    predict(told, now=STORY_NOW)
    told.save_user(User(name="admin", role=Role.ADMIN, created_at=STORY_NOW))
    app = create_app(told, Settings(), clock=SetClock(STORY_NOW))
    return Browser(app, told, now=STORY_NOW).sign_in("admin")


def counted(reader: Browser, address: str) -> int:
    """How many things stand behind a number's link."""
    if address.startswith("/search"):
        return int(json.loads(reader.get(address.replace("/search", "/search.json", 1)).text)["count"])
    page = reader.get(address).text
    return page.count('<tr><th scope="row">')


@pytest.mark.parametrize("page", ["/reports?days=90", "/reports?days=730", "/reports/retention"])
def test_every_number_is_what_stands_behind_its_link(reader: Browser, page: str) -> None:
    found = {(unescape(link), int(n.replace(",", ""))) for link, n in NUMBER.findall(reader.get(page).text)}
    found = {(link, n) for link, n in found if not link.startswith("/plays")}
    assert len(found) > 20
    assert {link: n for link, n in found if counted(reader, link) != n} == {}


def test_the_sums_agree_with_the_export(reader: Browser) -> None:
    data = json.loads(reader.get("/reports.json?days=730").text)
    rows = list(csv.DictReader(io.StringIO(reader.get("/reports.csv?days=730").text)))
    (voices,) = data["share_of_voice"].values()
    assert {row["brand"]: int(row["mentions"]) for row in rows} == {
        one["brand"]: one["mentions"] for one in voices
    }
    card = data["scorecard"]
    assert len(card["kept"]) + len(card["lost"]) == len(card["began"]) > 0
    told = json.loads(reader.get("/reports/retention.json").text)
    effects = list(csv.DictReader(io.StringIO(reader.get("/reports/retention.csv").text)))
    assert [float(row["hazard_ratio"]) for row in effects] == [one["ratio"] for one in told["effects"]]
    assert sum(point["lost"] for point in told["curves"][0]["points"] if "lost" in point) == told["lost"]


def test_the_planted_outage_and_release_are_seen(reader: Browser) -> None:
    impacts = {one["what"]: one for one in json.loads(reader.get("/reports.json").text)["impact"]}
    assert impacts["Two days without boards"]["low"] > 0
    assert impacts["Plinthly 8: live boards"]["high"] < 0.1


def test_a_happening_that_cannot_be_is_refused_and_a_good_one_is_compared(reader: Browser) -> None:
    wrong = reader.post("/reports/happenings", 400, kind="release", name="x", begin="2026-13-40")
    assert "2026-01-31" in wrong.text
    reader.post("/reports/happenings", kind="release", name="Plinthly 9", begin="2026-05-04", end="")
    assert "Plinthly 9" in reader.get("/reports").text


def test_the_board_counts_and_sums_what_its_columns_and_the_export_list(reader: Browser) -> None:
    board = reader.get("/accounts").text
    rows = list(csv.DictReader(io.StringIO(reader.get("/accounts.csv").text)))
    columns = re.findall(
        r'href="(/accounts\?stage=(\w+))".*?class="count">([\d,]+)<.*?<p class="meta">([\d,]+) a year',
        board,
        re.DOTALL,
    )
    assert sum(int(count.replace(",", "")) for _, _, count, _ in columns) == len(rows) == 60
    for link, stage, count, value in columns:
        there = [row for row in rows if row["stage"] == stage]
        assert int(count.replace(",", "")) == len(there) == counted(reader, link), stage
        assert int(value.replace(",", "")) == round(sum(float(row["value"] or 0) for row in there)), stage


def test_the_moves_of_accounts_are_what_stands_behind_their_links(reader: Browser) -> None:
    links = re.findall(r'href="(/moves\?[^"]+)"[^>]*>([\d,]+)</a>', reader.get("/accounts").text)
    assert any(int(count) for _, count in links)
    for link, count in links:
        assert reader.get(unescape(link)).text.count('<li><p class="meta">') == int(count), link


def test_the_ledger_of_plays_sums_what_its_links_and_the_export_list(reader: Browser) -> None:
    rows = list(csv.DictReader(io.StringIO(reader.get("/plays.csv").text)))
    sums = re.findall(
        r'<a href="(/plays\?[^"]*result=(\w+))">[^<:]+: ([\d,]+), ([\d,]+) a year</a>',
        reader.get("/plays").text,
    )
    assert {row["grade"] for row in rows if row["result"]} == {"claimed", "confirmed"}
    assert {result for _, result, _, _ in sums} >= {"saved", "lost"}
    for link, result, count, value in sums:
        there = [row for row in rows if row["result"] == result]
        assert int(count.replace(",", "")) == len(there) == counted(reader, unescape(link)), result
        assert int(value.replace(",", "")) == round(sum(float(row["value"]) for row in there)), result


def test_the_programme_counts_whom_the_export_lists(reader: Browser) -> None:
    rows = list(csv.DictReader(io.StringIO(reader.get("/advocates.csv").text)))
    groups = re.findall(r'<h2>(\w+) <span class="count">(\d+)</span></h2>', reader.get("/advocates").text)
    assert groups
    assert {state.lower(): int(count) for state, count in groups} == Counter(row["state"] for row in rows)
