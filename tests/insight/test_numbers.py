"""Every number of the reports is what the page behind its link counts, and what the export says."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

import pytest
from parsel import Selector

from core.clock import SetClock
from core.ports import Store
from core.settings import Settings
from core.user import Role, User
from engage.answering import answer
from engage.desk import last_act, resolve, undo
from engage.insight.predicting import predict
from engage.promises import Policy, save_policy
from tests.insight.story import STORY_NOW
from tests.web.browser import Browser
from web import create_app

pytestmark = pytest.mark.timeout(1200)
#: A link whose whole text is a number.
NUMBER = re.compile(r'<a href="([^"]+)">([\d,]+)</a>')
#: A sum of money, which the sheet behind it adds up; its test is its own.
MONEY = "/plays/effort"


@pytest.fixture(scope="module")
def reader(told: Store) -> Browser:
    predict(told, now=STORY_NOW)
    answer_some(told)
    told.save_user(User(name="admin", role=Role.ADMIN, created_at=STORY_NOW))
    app = create_app(told, Settings(), clock=SetClock(STORY_NOW))
    return Browser(app, told, now=STORY_NOW).sign_in("admin")


def answer_some(store: Store) -> None:
    """Let a team of two answer and settle, in this month and the last, under a promise; some of it undone."""
    save_policy(store, Policy(), on=True, version=0, actor="admin", now=STORY_NOW - timedelta(days=61))
    begun = {one.mention.thread_id for one in store.mentions() if not one.context and not one.own}
    ours = [one.mention.thread_id for one in store.mentions() if one.own and one.mention.thread_id in begun]
    threads = list(dict.fromkeys((*ours[-40:], *sorted(begun))))[:120]
    for place, thread_id in enumerate(threads):
        at, actor = STORY_NOW - timedelta(days=60) + timedelta(hours=12 * place), ("ada", "bob")[place % 2]
        version = store.thread(thread_id).triage.version
        answer(store, thread_id, version, "We look.", answer_id=f"told{place}", actor=actor, now=at)
        if place % 3:
            resolve(store, thread_id, store.thread(thread_id).triage.version, actor="bob", now=at)
        if place % 7 == 1:
            undo(store, last_act(store, "bob").id, actor="bob", now=at)


def counted(reader: Browser, address: str) -> int:
    """How many things stand behind a number's link."""
    if address.startswith("/reports/team"):
        rows = [Selector(page).css("table.behind tbody tr") for page in pages(reader, address)]
        return next(iter(together(reader, address)), sum(map(len, rows)))
    if address.startswith("/search"):
        return int(json.loads(reader.get(address.replace("/search", "/search.json", 1)).text)["count"])
    return sum(page.count('<tr><th scope="row">') for page in pages(reader, address))


def pages(reader: Browser, address: str) -> Iterator[str]:
    """Yield a list page by page."""
    while address:
        page = reader.get(address).text
        yield page
        address = Selector(page).css(".paging a::attr(href)").get() or ""


def together(reader: Browser, address: str) -> list[int]:
    """What the list behind a link adds up to, then and now, where it adds up: on each of its pages."""
    if not address.startswith(("/reports/accounts", "/reports/team")):
        return []
    sums, shown = set[tuple[int, ...]](), [0, 0]
    for page in map(Selector, pages(reader, address)):
        sums.add(tuple(number(each) for each in page.css("tfoot td.num")))
        for row in page.xpath("//table[tfoot]/tbody/tr"):
            for place, cell in enumerate(row.css("td.num")[:2]):
                shown[place] += number(cell)
    (told,) = sums
    assert list(told) == shown[: len(told)], address
    return list(told)


def number(cell: Selector) -> int:
    """Return the number that a cell begins with, 0 for none."""
    written = re.match(r"\s*([\d,]+)", "".join(cell.css("::text").getall()))
    return int(written[1].replace(",", "")) if written else 0


@pytest.mark.parametrize(
    "page", ["/reports?days=90", "/reports?days=730", "/reports/retention", "/reports/team?days=30"]
)
def test_every_number_is_what_stands_behind_its_link(reader: Browser, page: str) -> None:
    found = {(unescape(link), int(n.replace(",", ""))) for link, n in NUMBER.findall(reader.get(page).text)}
    found = {(link, n) for link, n in found if not link.startswith(MONEY)}
    assert len(found) > 20
    wrong = {link: n for link, n in found if n not in (counted(reader, link), *together(reader, link))}
    assert wrong == {}


def test_the_figures_of_the_team_are_those_of_the_threads_in_its_exports(reader: Browser) -> None:
    page = Selector(reader.get("/reports/team?days=30").text)
    for place, period in enumerate(("", "&period=last")):
        total = json.loads(reader.get(f"/reports/team.json?days=30{period}").text)["total"]
        rows = list(csv.DictReader(io.StringIO(reader.get(f"/reports/team.csv?days=30{period}").text)))
        answered = [row for row in rows if row["first_reply_hours"]]
        told = {
            "answered": len(answered),
            "promised": sum(row["within_promise"] != "" for row in answered),
            "kept": sum(row["within_promise"] == "True" for row in answered),
            "resolved": sum(row["resolution_hours"] != "" for row in rows),
            "unhappy": sum(int(row["unhappy"]) for row in answered),
            "recovered": sum(int(row["recovered"]) for row in answered),
        }
        assert told == {name: total[name] for name in told}
        assert told["answered"] > told["resolved"] > 0, period
        assert told["unhappy"] >= told["recovered"], period
        links = page.css("table.team-figures")[0].css("tbody tr")[place].css("td.num a")
        behind = {
            "answered": told["answered"],
            "promised": told["promised"],
            "late": told["promised"] - told["kept"],
        }
        asked = [str(link.re_first(r"show=(\w+)")) for link in links]
        assert asked == [
            "answered",
            "answered",
            "promised",
            "late",
            "resolved",
            "resolved",
            "recovered",
            "unhappy",
        ]
        for link, what in zip(links, asked, strict=True):
            assert counted(reader, link.attrib["href"]) == (told | behind)[what], (period, what)
    assert len(list(pages(reader, links[0].attrib["href"]))) > 1


def test_the_sums_agree_with_the_export(reader: Browser) -> None:
    data = json.loads(reader.get("/reports.json?days=730").text)
    rows = list(csv.DictReader(io.StringIO(reader.get("/reports.csv?days=730").text)))
    (voices,) = data["share_of_voice"].values()
    assert {row["brand"]: int(row["mentions"]) for row in rows} == {
        one["brand"]: one["mentions"] for one in voices
    }
    card = data["scorecard"]
    revenue = list(csv.DictReader(io.StringIO(reader.get("/reports.csv?days=730&of=revenue").text)))
    then, now = (sum(float(row[f"value_{at}"]) for row in revenue) for at in ("then", "now"))
    assert now / then == card["net_revenue_retention"] >= card["gross_revenue_retention"] > 0
    assert {row["key"] for row in revenue} == {one["key"] for one in card["began"]}
    assert len(card["kept"]) + len(card["lost"]) == len(card["began"]) > 0
    bars = list(csv.DictReader(io.StringIO(reader.get("/reports.csv?days=730&of=chart").text)))
    for bar in (bars[0], bars[len(bars) // 2], bars[-1]):
        assert counted(reader, f"/search?{urlencode({'q': bar['query']})}") == int(bar["mentions"]), bar
    figures = dict(csv.reader(io.StringIO(reader.get("/reports.csv?days=730&of=scorecard").text)))
    assert {name: int(figures[name]) for name in ("began", "kept", "lost", "grown", "saves")} == {
        name: len(card[name]) if name != "saves" else card[name]
        for name in ("began", "kept", "lost", "grown", "saves")
    }
    assert float(figures["value_now"]) == now
    told = json.loads(reader.get("/reports/retention.json").text)
    effects = list(csv.DictReader(io.StringIO(reader.get("/reports/retention.csv").text)))
    assert [float(row["hazard_ratio"]) for row in effects] == [one["ratio"] for one in told["effects"]]
    assert sum(point["lost"] for point in told["curves"][0]["points"] if "lost" in point) == told["lost"]


@pytest.mark.parametrize("of", ["began", "present"])
def test_accounts_behind_a_figure_are_listed_page_by_page_and_exported_whole(
    reader: Browser, of: str
) -> None:
    listed = list(pages(reader, f"/reports/accounts?of={of}&days=90"))
    assert len(listed) > 1
    keys = [
        key for page in listed for key in Selector(page).css("tbody th a::attr(href)").re(r"/accounts/(.+)")
    ]
    rows = list(csv.DictReader(io.StringIO(reader.get(f"/reports/accounts.csv?of={of}&days=90").text)))
    data = json.loads(reader.get(f"/reports/accounts.json?of={of}&days=90").text)
    assert keys == [row["key"] for row in rows] == [one["key"] for one in data]
    assert any(one["reasons"] for one in data)
    for page in listed:
        assert f"<h1>{len(rows)} accounts</h1>" in page
    if of == "began":
        (foot,) = {tuple(Selector(page).css("tfoot .num .num::text").getall()) for page in listed}
        sums = (sum(float(row[f"value_{at}"] or 0) for row in rows) for at in ("then", "now"))
        assert [int(each.replace(",", "")) for each in foot] == [round(each) for each in sums]


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


PAGES = (
    "/renewals", "/renewals/neglected", "/renewals/new", "/renewals/win-back", "/renewals/owed", "/rivals",
    "/goals", "/plays", "/plays/effort", "/people", "/accounts", "/advocates", "/referrals", "/matches",
    "/reports", "/reports/retention", "/reports/team",
)  # fmt: skip
#: What a number may stand in together with the link to what is behind it, the innermost first.
PLACES = " or ".join(f"self::{name}" for name in ("a", "tr", "li", "dd", "section", "details"))


@pytest.mark.parametrize("page", PAGES)
def test_no_number_stands_without_a_way_to_what_is_behind_it(reader: Browser, page: str) -> None:
    main = Selector(reader.get(page).text).css("main")
    assert main
    alone = [
        "".join(each.css("::text").getall())
        for each in main.css("td.num, span.num, dd, .count")
        if re.search(r"\d", "".join(each.css("::text").getall()))
        and not each.xpath(f"ancestor-or-self::*[{PLACES}][1]//@href | ancestor::a")
    ]
    assert alone == []


def test_renewals_page_by_page_are_what_the_export_lists(reader: Browser) -> None:
    rows = json.loads(reader.get("/renewals.json").text)
    shown: list[tuple[str, int]] = []
    for page in pages(reader, "/renewals"):
        for card in Selector(page).css("ol.cards > li"):
            key = card.css("h2 a::attr(href)").re_first(r"/accounts/(.+)")
            shown.append((str(key), int("".join(card.css(".num::text").getall()).replace(",", "") or 0)))
            quotes = len(card.css("blockquote a[href^='/threads/']"))
            told = next(row["reasons"] for row in rows if row["key"] == key)
            assert quotes == sum(len(reason["quotes"]) for reason in told), key
    assert shown == [(row["key"], round(row["value"] or 0)) for row in rows]
    assert len(shown) > 25


def test_the_neglected_and_the_new_are_counted_and_listed_alike(reader: Browser) -> None:
    rows = list(csv.DictReader(io.StringIO(reader.get("/renewals/neglected.csv?days=30").text)))
    page = reader.get("/renewals/neglected?days=30").text
    assert f"<span>{len(rows)} accounts</span>" in page
    assert page.count('<tr><th scope="row">') == len(rows) > 0


def test_the_people_board_counts_whom_its_lists_and_the_export_hold(reader: Browser) -> None:
    data = Counter(one["stage"] for one in json.loads(reader.get("/people.json").text))
    board = Selector(reader.get("/people").text)
    heads = {
        str(each.css("a::attr(href)").get()): int("".join(each.css(".count::text").getall()).replace(",", ""))
        for each in board.css(".column h2")
    }
    assert {link.partition("stage=")[2]: count for link, count in heads.items() if count} == data
    for link, count in heads.items():
        assert sum(page.count('<tr><th scope="row">') for page in pages(reader, link)) == count, link
    for link, moved in ((each.attrib["href"], each.css("::text").get()) for each in board.css("td.num a")):
        assert sum(page.count('<li><p class="meta">') for page in pages(reader, link)) == int(str(moved)), (
            link
        )


def test_the_sheet_of_effort_adds_up_the_plays_behind_its_links(reader: Browser) -> None:
    told = json.loads(reader.get("/plays/effort.json").text)
    rows = list(csv.DictReader(io.StringIO(reader.get("/plays/effort.csv").text)))
    assert {row["figure"]: float(row["value"] or 0) for row in rows} == {k: v or 0 for k, v in told.items()}
    sheet = Selector(reader.get("/plays/effort").text)
    assert sheet.css('a[href$="ended=1"]::text').getall()[:2] == [str(told["plays"]), f"{told['hours']:g}"]
    saved = {name: f"result=saved&grade={name}" for name in ("confirmed", "claimed")}
    for name, link in (*saved.items(), ("lost", "result=lost")):
        plays = json.loads(reader.get(f"/plays.json?{link}").text)
        assert sum(play["value"] for play in plays) == told[name] > 0
        assert f"{told[name]:,.0f}" in sheet.css(f'a[href$="{link}"]::text').getall()
        assert counted(reader, f"/plays?{link}") == len(plays)
    ended = json.loads(reader.get("/plays.json?ended=1").text)
    assert (len(ended), sum(play.get("hours", 0) for play in ended)) == (told["plays"], told["hours"])
    assert told["confirmed_return"] == told["confirmed"] / told["cost"]
    for outcome, name in (("won", "referrals_won"), ("closed", "referrals_closed")):
        assert counted(reader, f"/referrals?outcome={outcome}") == told[name], outcome


def test_goals_tell_the_figures_of_their_history_and_of_the_export(reader: Browser) -> None:
    told = {one["title"] + one.get("account", ""): one for one in json.loads(reader.get("/goals.json").text)}
    cards = Selector(reader.get("/goals").text).css("section.card")
    assert len(cards) == len(told) > 1
    for card in cards:
        account = card.css("a::attr(href)").re_first(r"/accounts/(.+)") or ""
        goal = told[str(card.css("h2 bdi::text").get()) + account]
        points = [float(each) for each in card.css("details .meta").re(r"<span>([\d.]+)</span>")]
        assert points == [point["value"] for point in reversed(goal["points"])]
        assert goal["current"] == points[0]
        share = (goal["current"] - goal["baseline"]) / (goal["target"] - goal["baseline"])
        assert float(str(card.css("progress::attr(value)").get())) == pytest.approx(goal["progress"]) == share


def test_comparisons_with_rivals_are_the_words_behind_their_links(reader: Browser) -> None:
    links = Selector(reader.get("/rivals").text).css("td.num a")
    assert any(int(str(link.css("::text").get())) for link in links)
    for link in links:
        address, count = link.attrib["href"].removesuffix("#said"), int(str(link.css("::text").get()))
        assert len(json.loads(reader.get(address.replace("?", ".json?")).text)) == count, address
