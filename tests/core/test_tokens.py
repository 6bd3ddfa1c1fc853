"""How texts become words: whatever a person types finds the word, however it was written."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.tokens import MAX_TOKEN, TOKEN, fold, token_texts, tokenise
from tests.core.naughty import NAUGHTY

ANY_TEXT = st.text(st.characters(codec=None), max_size=120)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Acme is DOWN", ["acme", "is", "down"]),
        ("don't e-mail_me", ["don", "t", "e", "mail", "me"]),
        ("Ärger über Straße", ["arger", "uber", "strasse"]),
        ("naïve façade Ñandú", ["naive", "facade", "nandu"]),
        ("Ελληνικά ΣΑΣ σας", ["ελληνικα", "σασ", "σασ"]),
        ("Ёлка", ["елка"]),
        ("İSTANBUL", ["istanbul"]),
        ("ﬁx ｆｕｌｌ Ⅷ", ["fix", "full", "viii"]),
        ("𝐀𝐜𝐦𝐞 ℂ", ["acme", "c"]),
        ("製品が遅い", ["製", "品", "が", "遅", "い"]),
        ("Acmeを使う", ["acme", "を", "使", "う"]),
        ("バグ", ["バ", "グ"]),
        ("한국어 지원", ["한국어", "지원"]),
        ("العربية مُحَمَّد", ["العربية", "محمد"]),
        ("محـــمد", ["محمد"]),
        ("שָׁלוֹם", ["שלום"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("தமிழ்", ["தமிழ்"]),
        ("Kündi\u00adgung", ["kundigung"]),
        ("می\u200cخواهم", ["میخواهم"]),
        ("1\ufe0f\u20e3", ["1"]),
        ("🔥 ¯\\_(ツ)_/¯ !!!", ["ツ"]),
        ("a\x00b \ud800c", ["a", "b", "c"]),
        ("", []),
    ],
)
def test_a_text_becomes_these_words(text: str, tokens: list[str]) -> None:
    assert token_texts(text) == tokens


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("caf\u00e9", "cafe\u0301"),
        ("\u00c5ngström", "A\u030angstro\u0308m"),
        ("バグ", "ハ\u3099ク\u3099"),
        ("バグ", "ﾊﾞｸﾞ"),
        ("한국어", unicodedata.normalize("NFD", "한국어")),
        ("क़लम", unicodedata.normalize("NFD", "क़लम")),
        ("STRASSE", "straße"),
        ("Việt Nam", unicodedata.normalize("NFD", "VIỆT NAM")),
        ("ПРИЙТИ", unicodedata.normalize("NFD", "прийти")),
    ],
)
def test_composed_and_decomposed_forms_find_each_other(one: str, other: str) -> None:
    assert token_texts(one) == token_texts(other)


@pytest.mark.parametrize(("one", "other"), [("バグ", "ハグ"), ("की", "का"), ("เกา", "เก่า"), ("tea", "the")])
def test_marks_that_tell_words_apart_stay(one: str, other: str) -> None:
    assert token_texts(one) != token_texts(other)


@pytest.mark.parametrize(
    "text", ["ภาษาไทย", "ພາສາລາວ", "မြန်မာ", "ភាសាខ្មែរ", "中文", "𠜎𠜱", "ひらがな", "カタカナ"]
)
def test_scripts_without_spaces_are_found_by_any_stretch_of_them(text: str) -> None:
    whole, part = token_texts(text), token_texts(text[1:])
    assert len(whole) > 1
    assert whole[-len(part) :] == part


def test_a_very_long_word_is_cut_at_the_same_place_in_text_and_query() -> None:
    assert token_texts("x" * 1_000_000) == ["x" * MAX_TOKEN]
    assert token_texts("é" * 500) == ["e" * MAX_TOKEN]


def test_a_megabyte_without_a_break_and_a_thousand_accents_on_one_letter_are_read() -> None:
    assert len(tokenise("製" * 1_000_000)) == 1_000_000
    assert token_texts("a" + "\u0301" * 100_000 + "b") == ["ab"]


def test_words_made_of_tokens_are_read_as_the_same_tokens() -> None:
    assert token_texts("0〸") == ["0", "十"]
    for code in range(sys.maxunicode + 1):
        once = token_texts(f"0{chr(code)}")
        assert token_texts(" ".join(once)) == once, hex(code)


def test_folding_any_single_character_twice_is_folding_it_once() -> None:
    for code in range(sys.maxunicode + 1):
        folded = fold(chr(code))
        assert fold(folded) == folded, hex(code)


def _check(text: str) -> None:
    place = (0, 0)
    for token in tokenise(text):
        # Words that one sign stands for share its place; all others follow one another.
        assert (token.start, token.end) == place or place[1] <= token.start < token.end <= len(text)
        assert token.text in TOKEN.findall(fold(text[token.start : token.end]))
        assert 0 < len(token.text) <= MAX_TOKEN
        token.text.encode()
        place = (token.start, token.end)


@settings(max_examples=500, deadline=None)
@given(ANY_TEXT)
def test_every_token_lies_in_the_text_and_is_what_stands_there_folded(text: str) -> None:
    _check(text)


def test_naughty_strings_become_tokens_that_lie_in_them() -> None:
    for text in NAUGHTY:
        _check(text)


@settings(max_examples=500, deadline=None)
@given(ANY_TEXT)
def test_tokens_written_down_with_spaces_are_the_same_tokens(text: str) -> None:
    tokens = token_texts(text)
    assert token_texts(" ".join(tokens)) == tokens


@settings(max_examples=500, deadline=None)
@given(ANY_TEXT)
def test_case_and_normal_form_change_nothing_that_is_found(text: str) -> None:
    text = "".join(character for character in text if not "\ud800" <= character <= "\udfff")
    assert "".join(token_texts(unicodedata.normalize("NFD", text))) == "".join(
        token_texts(unicodedata.normalize("NFC", text))
    )
