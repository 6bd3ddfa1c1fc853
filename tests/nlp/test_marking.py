from __future__ import annotations

from collections.abc import Callable

import pytest

from core.labelling import LabelRequest
from nlp.marking import MAX_WINDOWS, OTHER, TARGET, WINDOW, marked_windows

Ask = Callable[..., LabelRequest]


def words(request: LabelRequest) -> list[str]:
    (text,) = marked_windows(request)
    return text.split()


def test_the_target_and_the_others_get_different_marks(ask: Ask) -> None:
    assert words(ask("left Globex for Acme", "Globex", "Acme")) == ["left", TARGET, "for", OTHER]
    assert words(ask("left Globex for Acme", "Acme", "Globex")) == ["left", OTHER, "for", TARGET]


@pytest.mark.parametrize("text", ["ACME rocks", "#acme rocks", "@Acme rocks", "acme rocks"])
def test_a_brand_is_found_whatever_its_case_and_sign(ask: Ask, text: str) -> None:
    assert words(ask(text, "Acme")) == [TARGET, "rocks"]


def test_a_handle_that_is_no_brand_becomes_a_user_and_a_link_one_word(ask: Ask) -> None:
    assert words(ask("@joe see https://a.b/c Acme", "Acme")) == ["@user", "see", "http", TARGET]


def test_the_longer_of_two_overlapping_names_counts(ask: Ask) -> None:
    assert words(ask("my iPhone X broke", "iPhone X", "iPhone")) == ["my", TARGET, "broke"]
    assert words(ask("my iPhone X broke", "iPhone", "iPhone X"))[:2] == [TARGET, ":"]


def test_a_shortened_name_is_found_where_the_full_one_is_not(ask: Ask) -> None:
    assert words(ask("my iPhone X broke", "Apple iPhone X")) == ["my", TARGET, "broke"]


def test_a_gloss_in_brackets_is_not_part_of_the_name(ask: Ask) -> None:
    assert words(ask("@acme lost my bag", "Acme (the airline)")) == [TARGET, "lost", "my", "bag"]
    assert words(ask("Acme or Orbit (beta)?", "Acme", "Orbit (beta)"))[2:] == ["[unused2]", "(beta)?"]


def test_camel_case_is_found_when_written_apart(ask: Ask) -> None:
    assert words(ask("git hub is down", "GitHub")) == [TARGET, "is", "down"]


def test_a_brand_that_is_not_named_is_still_asked_about(ask: Ask) -> None:
    assert words(ask("it broke", "Acme")) == [TARGET, ":", "it", "broke"]


def test_a_text_as_a_whole_has_no_mark(ask: Ask) -> None:
    assert words(ask("it broke")) == ["it", "broke"]


def test_a_word_that_holds_the_name_is_not_the_brand(ask: Ask) -> None:
    assert words(ask("a notional idea", "Notion"))[0] == TARGET
    assert words(ask("a notional idea", "Notion"))[-2:] == ["notional", "idea"]


def test_a_long_text_is_cut_around_the_brand_and_bounded(ask: Ask) -> None:
    text = ("word " * 400 + "Acme ") * 10
    windows = marked_windows(ask(text, "Acme"))
    assert len(windows) == MAX_WINDOWS
    assert all(TARGET in window and len(window) < 2 * WINDOW for window in windows)
    assert not windows[0].startswith("rd")


def test_an_emoji_becomes_its_name(ask: Ask) -> None:
    assert "pouting face" in marked_windows(ask("Acme \U0001f621", "Acme"))[0]
