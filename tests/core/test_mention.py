from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.mention import (
    MAX_TEXT,
    Author,
    Engagement,
    Kind,
    Mention,
    clean_text,
    mention_from_json,
    mention_id,
    mention_to_json,
)
from tests.builders import NOW, a_mention, some_labels
from tests.core.naughty import NAUGHTY
from tests.core.test_labels import JSON, LABELS

TEXT = st.text(st.characters(codec=None), max_size=30)
FIGURE = st.none() | st.integers()
MOMENTS = st.datetimes(timezones=st.just(UTC))
MENTIONS = st.builds(
    Mention,
    id=TEXT.map(lambda text: f"x:{text}"),
    source=st.just("x"),
    native_id=TEXT.map(lambda text: f"1{text}"),
    kind=st.sampled_from(Kind),
    url=st.none() | TEXT,
    thread_id=TEXT.map(lambda text: f"x:{text}"),
    parent_id=st.none() | TEXT,
    author=st.builds(
        Author,
        id=st.none() | TEXT,
        handle=st.none() | TEXT,
        name=st.none() | TEXT,
        url=st.none() | TEXT,
        followers=FIGURE,
    ),
    title=st.none() | TEXT,
    text=TEXT.map(lambda text: f"said {text}"),
    language=st.none() | TEXT,
    published_at=MOMENTS,
    published_known=st.booleans(),
    edited_at=st.none() | MOMENTS,
    deleted=st.booleans(),
    engagement=st.builds(Engagement, score=FIGURE, replies=FIGURE, shares=FIGURE, views=FIGURE),
    rating=st.none() | st.integers(1, 5),
    labels=st.lists(LABELS, max_size=2).map(tuple),
)


@pytest.mark.parametrize("name", ["id", "source", "native_id", "thread_id"])
@pytest.mark.parametrize("empty", ["", " \n", "\x00"])
def test_a_mention_without_an_id_does_not_construct(name: str, empty: str) -> None:
    with pytest.raises(ValueError, match=f"needs a {name}"):
        replace(a_mention(), **{name: empty})


@pytest.mark.parametrize("name", ["published_at", "edited_at"])
def test_a_mention_of_a_time_without_a_zone_does_not_construct(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        replace(a_mention(), **{name: datetime(2026, 1, 1)})  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize("rating", [0, 6, -1])
def test_a_rating_out_of_range_does_not_construct(rating: int) -> None:
    with pytest.raises(ValueError, match="rating"):
        a_mention(rating=rating)


@pytest.mark.parametrize("text", ["", "  \n\t ", "\x00\x00"])
def test_a_mention_that_says_nothing_does_not_construct(text: str) -> None:
    with pytest.raises(ValueError, match="says nothing"):
        a_mention(text=text)


def test_a_title_alone_is_something_said() -> None:
    assert a_mention(text="", title="Acme is down").said == "Acme is down"


def test_title_and_text_are_said_in_this_order_with_a_gap() -> None:
    assert a_mention(title="Acme", text="is down").said == "Acme\n\nis down"


def test_times_are_kept_in_utc() -> None:
    zone = timezone(timedelta(hours=2))
    assert (
        a_mention(published_at=datetime(2026, 1, 1, 2, tzinfo=zone)).published_at.isoformat()
        == "2026-01-01T00:00:00+00:00"
    )


def test_a_deleted_mention_says_nothing_any_more() -> None:
    deleted = a_mention(title="Acme", text="secret", deleted=True)
    assert (deleted.text, deleted.title, deleted.said) == ("", None, "")
    assert "secret" not in json.dumps(mention_to_json(deleted))


def test_two_revisions_differ_exactly_when_what_was_said_does() -> None:
    mention = a_mention(title="Acme", text="is down", rating=1)
    same = replace(mention, engagement=Engagement(score=9), edited_at=NOW, labels=(some_labels(),))
    assert same.content_hash == mention.content_hash
    others = [
        replace(mention, text="is up"),
        replace(mention, title=None),
        replace(mention, rating=2),
        replace(mention, deleted=True),
        replace(mention, title="Acme is", text="down"),
    ]
    assert len({other.content_hash for other in others} | {mention.content_hash}) == 6


def test_an_id_names_the_home_server_where_ids_are_per_server() -> None:
    assert mention_id("hackernews", "1") == "hackernews:1"
    assert mention_id("mastodon", "1", "a.example") == "mastodon:a.example:1"


def test_every_field_of_the_contract_is_written_and_no_other() -> None:
    data = mention_to_json(a_mention())
    assert list(data) == [
        *("id", "source", "native_id", "kind", "url", "thread_id", "parent_id", "author", "title", "text"),
        *("language", "published_at", "edited_at", "deleted", "engagement", "rating", "labels"),
    ]
    assert list(data["author"]) == ["id", "handle", "name", "url", "followers"]  # type: ignore[call-overload]
    assert list(data["engagement"]) == ["score", "replies", "shares", "views"]  # type: ignore[call-overload]
    assert data["published_at"] == "2026-03-02T12:00:00Z"


@settings(deadline=None)
@given(MENTIONS)
def test_a_mention_is_read_back_from_json_as_it_was_written(mention: Mention) -> None:
    assert mention_from_json(json.loads(json.dumps(mention_to_json(mention)).encode())) == mention


@settings(deadline=None)
@given(MENTIONS)
def test_whatever_a_service_says_a_mention_can_be_stored(mention: Mention) -> None:
    texts = [
        mention.id,
        mention.native_id,
        mention.thread_id,
        mention.url,
        mention.parent_id,
        mention.language,
    ]
    author = mention.author
    for text in [*texts, mention.title, mention.text, author.id, author.handle, author.name, author.url]:
        assert "\x00" not in (text or "")
        (text or "").encode()
    figures = [
        author.followers,
        mention.engagement.score,
        mention.engagement.replies,
        mention.engagement.views,
    ]
    assert all(figure is None or abs(figure) <= 2**53 for figure in figures)
    assert mention.engagement.total >= 0
    assert len(mention.content_hash) == 32


def test_a_figure_that_cannot_be_is_taken_as_not_told() -> None:
    assert Author(followers=-5).followers is None
    assert Author(followers=10**30).followers is None
    assert Engagement(score=-12).score == -12
    assert Engagement(views=10**30).views is None


def test_engagement_counts_what_took_somebody_a_click() -> None:
    assert Engagement(score=3, replies=2, shares=1, views=1000).total == 6
    assert Engagement(score=-3, replies=2).total == 2
    assert Engagement().total == 0


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""},
        {"id": 7},
        {"kind": "tweet"},
        {"published_at": "yesterday"},
        {"published_at": "2026-01-01T00:00:00"},
        {"published_at": "0001-01-01T00:00:00+14:00"},
        {"published_at": 1_700_000_000},
        {"edited_at": 5},
        {"text": ["a"]},
        {"text": "", "title": None},
        {"author": "ada"},
        {"author": {"followers": "many"}},
        {"author": {"followers": True}},
        {"engagement": {"score": 1.5}},
        {"rating": 9},
        {"labels": {"sentiment": 1}},
        {"labels": [{"brand": "Acme"}]},
    ],
)
def test_json_with_a_field_not_of_its_type_is_refused_in_words(change: dict[str, object]) -> None:
    with pytest.raises(InputError):
        mention_from_json(mention_to_json(a_mention()) | change)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(mention_to_json(a_mention()))), JSON))
def test_whatever_json_is_handed_in_it_is_a_mention_or_an_input_error(change: dict[str, object]) -> None:
    with contextlib.suppress(InputError):
        assert mention_from_json(mention_to_json(a_mention()) | change).id


def _as_documented(text: str) -> str:
    text = text.replace("\x00", " ").replace("\r\n", "\n").replace("\r", "\n")
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text).strip()


@given(st.text(st.characters(codec=None, exclude_categories=["Cs"])))
def test_every_character_but_the_documented_ones_is_kept(text: str) -> None:
    assert clean_text(text) == _as_documented(text)


def test_naughty_strings_are_kept_but_for_the_documented_replacements() -> None:
    for text in NAUGHTY:
        assert clean_text(text) == _as_documented(text)


@given(st.text(st.characters(codec=None)))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)


def test_lone_surrogates_are_replaced_and_pairs_are_the_character_they_mean() -> None:
    assert clean_text("a\ud83db") == "a\ufffdb"
    assert clean_text("a\ude00") == "a\ufffd"
    assert clean_text("a\ud83d") == "a\ufffd"
    assert clean_text("a\ud83d\ude00b") == "a😀b"


def test_a_text_beyond_the_limit_is_cut_and_says_so() -> None:
    cut = clean_text("a" * (MAX_TEXT + 5))
    assert len(cut) == MAX_TEXT
    assert cut.endswith("a…")
    assert clean_text("a" * MAX_TEXT) == "a" * MAX_TEXT


def test_a_megabyte_in_one_line_is_kept_up_to_the_limit() -> None:
    assert len(a_mention(text="製" * 1_000_000).text) == MAX_TEXT
