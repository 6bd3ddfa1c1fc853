"""The parts of the screens that take values and return values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.query_parser import parse
from core.search import Bucket, FacetValue
from core.thread import StoredMention
from tests.builders import NOW, a_mention
from web import chart, wording
from web.conversation import MAX_DEPTH, ordered
from web.facets import choices, pills, within, without_field
from web.marks import Mark, Piece, pieces
from web.page import safe_href
from web.views.search import EXCERPT, excerpt

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "marks", "expected"),
    [
        ("plain", [], [Piece("plain")]),
        ("", [Mark(0, 3, "a")], []),
        ("abc", [Mark(1, 2, "a")], [Piece("a"), Piece("b", ("a",)), Piece("c")]),
        ("abc", [Mark(-5, 99, "a")], [Piece("abc", ("a",))]),
        ("abc", [Mark(3, 9, "a"), Mark(2, 1, "b")], [Piece("abc")]),
        (
            "abcd",
            [Mark(0, 3, "a"), Mark(2, 4, "b")],
            [Piece("ab", ("a",)), Piece("c", ("a", "b")), Piece("d", ("b",))],
        ),
    ],
)
def test_marks_cut_a_text_into_pieces(text: str, marks: list[Mark], expected: list[Piece]) -> None:
    assert pieces(text, marks) == expected
    assert "".join(piece.text for piece in pieces(text, marks)) == text


@pytest.mark.parametrize(
    ("written", "value", "include", "exclude"),
    [
        ("acme", "feed", "acme source:feed", "acme -source:feed"),
        ("acme source:feed", "feed", "acme", "acme -source:feed"),
        ("source:hackernews", "feed", "source:hackernews,feed", "source:hackernews -source:feed"),
        ("-source:feed", "feed", "source:feed", ""),
        ("a OR b", "feed", "(a OR b) source:feed", "(a OR b) -source:feed"),
        ("", "two words", 'source:"two words"', '-source:"two words"'),
    ],
)
def test_a_click_on_a_facet_rewrites_the_query(written: str, value: str, include: str, exclude: str) -> None:
    found_values = [FacetValue(value=value, count=3)]
    (choice,) = [c for c in choices(parse(written).node, "source", found_values) if c.value == value]
    assert (choice.include, choice.exclude) == (include, exclude)
    assert parse(choice.include).read_as == include


def test_a_facet_is_counted_without_its_own_filter_and_with_all_others() -> None:
    node = parse("acme source:feed -source:x sentiment:negative").node
    assert without_field(node, "source") == parse("acme sentiment:negative").node


def test_every_part_of_a_query_is_a_pill() -> None:
    found_pills = pills(parse('acme "too dear" -refund (a OR b)').node)
    assert [pill.text for pill in found_pills] == ["acme", '"too dear"', "-refund", "(a OR b)"]
    assert found_pills[2].without == 'acme "too dear" (a OR b)'
    assert found_pills[2].excluded


def test_new_dates_take_the_place_of_old_ones() -> None:
    node = parse("acme last:7d after:2020-01-01").node
    day = datetime(2026, 3, 1, tzinfo=UTC)
    assert parse(within(node, day, None)).node == parse("acme after:2026-03-01").node
    assert within(node, None, None) == "acme"


@pytest.mark.parametrize("days", [0, 1, 3, 20, 60, 200, 1000, 20_000])
def test_a_chart_always_has_few_whole_bars_that_hold_every_hit(days: int) -> None:
    oldest, newest = NOW - timedelta(days=days), NOW - timedelta(minutes=5)
    window = chart.window(parse("").node, oldest=min(oldest, newest), newest=newest, now=NOW)
    bars = (window.end - window.start) / window.step
    assert bars == int(bars)
    assert 1 <= bars <= chart.MAX_BARS
    assert window.end > newest
    assert window.start <= oldest or window.step == max(chart.STEPS)


def test_a_chart_shows_the_time_that_was_asked_for() -> None:
    window = chart.window(parse("last:7d").node, oldest=NOW - HOUR, newest=NOW, now=NOW)
    assert window.start <= NOW - timedelta(days=7) < window.start + window.step
    assert window.end >= NOW


def test_a_chart_of_days_begins_them_where_the_reader_is() -> None:
    prague = ZoneInfo("Europe/Prague")
    window = chart.window(parse("last:30d").node, oldest=NOW, newest=NOW, now=NOW, zone=prague)
    assert (window.start.hour, window.step) == (0, timedelta(days=1))
    assert window.start.utcoffset() == window.end.utcoffset() == NOW.astimezone(prague).utcoffset()
    (bar,) = chart.bars([Bucket(start=window.start.astimezone(UTC), count=1)], window, now=NOW)
    assert bar.start.date() == window.start.date()


def test_bars_are_stacked_within_the_drawing_and_the_last_is_partial() -> None:
    buckets = [
        Bucket(start=NOW - 2 * HOUR, count=10, tones={"negative": 4, "neutral": 1, "positive": 3}),
        Bucket(start=NOW - HOUR, count=0),
        Bucket(start=NOW, count=5, tones={"positive": 5}),
    ]
    first, empty, last = chart.bars(
        buckets, chart.Window(start=NOW - 2 * HOUR, end=NOW + HOUR, step=HOUR), now=NOW + timedelta(minutes=1)
    )
    assert [part.kind for part in first.parts] == ["negative", "neutral", "positive", "unlabelled"]
    assert sum(part.height for part in first.parts) == pytest.approx(chart.HEIGHT)
    assert min(part.y for part in first.parts) == pytest.approx(0)
    assert empty.parts == ()
    assert (first.partial, last.partial) == (False, True)
    assert last.x + last.width <= chart.WIDTH


def test_a_conversation_is_read_depth_first_with_replies_in_order() -> None:
    mentions = [
        _stored("a", None, 0),
        _stored("b", "a", 3),
        _stored("c", "a", 1),
        _stored("d", "c", 9),
        _stored("e", "gone", 5),
    ]
    order = [(stored.mention.native_id, depth) for stored, depth in ordered(mentions)]
    assert order == [("a", 0), ("c", 1), ("d", 2), ("b", 1), ("e", 0)]


def test_a_circle_of_answers_and_an_endless_chain_are_shown_once_each() -> None:
    circle = [_stored("a", "b", 0), _stored("b", "a", 1)]
    assert sorted(stored.mention.native_id for stored, _ in ordered(circle)) == ["a", "b"]
    chain = [_stored(str(n), str(n - 1) if n else None, n) for n in range(3_000)]
    shown = list(ordered(chain))
    assert len(shown) == 3_000
    assert max(depth for _, depth in shown) == MAX_DEPTH


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=3), "under a minute"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(hours=47), "47 h"),
        (timedelta(hours=49), "2 d"),
        (timedelta(days=59), "59 d"),
        (timedelta(days=200), "6 mo"),
        (timedelta(days=900), "2 y"),
    ],
)
def test_a_length_of_time_is_told_in_one_unit(span: timedelta, words: str) -> None:
    assert wording.duration(span) == words


def test_no_probability_claims_certainty() -> None:
    assert [wording.percent(p) for p in (0.0, 0.004, 0.5, 0.996, 1.0)] == [
        "<1%",
        "<1%",
        "50%",
        ">99%",
        ">99%",
    ]


def test_an_excerpt_begins_at_a_word_before_the_first_mark() -> None:
    text = "word " * 400
    start, end = excerpt(text, 1500)
    assert text[start - 1] == " "
    assert start < 1500 < end == start + EXCERPT
    assert excerpt("short", 0) == (0, EXCERPT)


@pytest.mark.parametrize("address", ["https://a.example/x?y=1#z", "http://a.example", "HTTPS://A.EXAMPLE"])
def test_web_addresses_may_be_opened(address: str) -> None:
    assert safe_href(address) == address


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "javascript:x",
        "https:",
        "https:///x",
        "//a.example",
        "https://a .example",
        "https://[::1",
        "\thttps://a",
    ],
)
def test_other_addresses_may_not(address: str | None) -> None:
    assert safe_href(address) is None


def _stored(name: str, parent: str | None, minutes: int) -> StoredMention:
    mention = a_mention(
        native_id=name,
        thread_id="hackernews:a",
        parent_id=f"hackernews:{parent}" if parent else None,
        published_at=NOW + timedelta(minutes=minutes),
    )
    return StoredMention(
        mention=mention, revision=1, watches=("acme",), context=False, own=False, first_seen_at=NOW
    )
