"""What a watch hears: its brands in every spelling and script, and nothing that only looks like them."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.watch import MAX_LIST, MAX_NAME, Brand, Watch, name_pattern, watch_id
from tests.builders import a_watch
from tests.core.naughty import NAUGHTY


def watch(
    name: str,
    *aliases: str,
    must: tuple[str, ...] = (),
    must_not: tuple[str, ...] = (),
    own: tuple[str, ...] = (),
) -> Watch:
    return Watch(
        id="x", product=Brand(name=name, aliases=aliases), must=must, must_not=must_not, own_handles=own
    )


HEARD = [
    ("Acme", "Acme is down"),
    ("Acme", "is ACME down?"),
    ("Acme", "Acme's support"),
    ("Acme", "Acme’s support"),
    ("Acme", "(acme)"),
    ("Acme", "@acme help"),
    ("Acme", "#Acme"),
    ("Acme", "https://acme.example/status"),
    ("Acme", "support@acme.example"),
    ("Acme", "non-Acme tools"),
    ("Acme", "Acme-based"),
    ("Acme", "Ａｃｍｅ"),
    ("Acme", "𝐀𝐜𝐦𝐞"),
    ("Acme Cloud", "acme cloud"),
    ("Acme Cloud", "Acme-Cloud"),
    ("Acme Cloud", "acme_cloud"),
    ("Acme Cloud", "#AcmeCloud"),
    ("Acme Cloud", "Acme \n  Cloud"),
    ("T-Mobile", "T Mobile"),
    ("T-Mobile", "tmobile"),
    ("Café", "cafe\u0301 is nice"),
    ("Cafe\u0301", "CAFÉ"),
    ("C++", "I like C++."),
    ("C#", "C# and F#"),
    (".NET", "use .NET here"),
    ("Yahoo!", "Yahoo! is back"),
    ("3M", "by 3M"),
    # scripts without spaces
    ("製品", "この製品を使う"),
    ("製品クラウド", "この製品クラウドは遅い"),
    ("飞书", "我用飞书办公"),
    ("กรุงไทย", "ธนาคารกรุงไทยดี"),
    ("Acme", "Acmeを使う"),
    ("Acme", "昨日Acmeが落ちた"),
    ("Acme", "我用Acme办公"),
    ("Acme", "ใช้Acmeดี"),
    # particles, clitics and endings of another script on a Latin name
    ("Acme", "Acme는 좋다"),
    ("Acme", "والAcme"),
    ("Acme", "Acmeом"),
    # Korean particles on a Korean name
    ("카카오", "카카오가 좋다"),
    ("Яндекс", "люблю Яндекс!"),
    ("Яндекс", "ЯНДЕКС"),
    ("हिन्दी", "हिन्दी में"),
]

NOT_HEARD = [
    ("Acme", "acmeist poetry"),
    ("Acme", "placme"),
    ("Acme", "acme2"),
    ("Acme", "acme_bot"),
    ("Acme", "Acmé"),
    ("Acme", "Acme\u0301 x"),
    ("Acme", ""),
    ("Acme Cloud", "Acme and Cloud"),
    ("Acme Cloud", "acme.cloud"),
    ("C++", "C is fine"),
    ("Яндекс", "Яндексович"),
    ("카카오", "한카카오"),
    ("製品", "製造品"),
]


@pytest.mark.parametrize(("name", "text"), HEARD)
def test_a_name_is_heard_in_every_spelling(name: str, text: str) -> None:
    assert watch(name).matches(text)


@pytest.mark.parametrize(("name", "text"), NOT_HEARD)
def test_a_word_that_only_looks_like_the_name_is_not_heard(name: str, text: str) -> None:
    assert not watch(name).matches(text)


def test_an_alias_is_heard_like_the_name() -> None:
    assert watch("Acme", "Acme Inc", "AKME").matches("akme is down")


def test_a_name_made_of_signs_of_the_pattern_language_is_only_text() -> None:
    assert watch("a.c").matches("a.c")
    assert not watch("a.c").matches("abc")
    assert watch("(a|b)+x").matches("so (a|b)+x it is")


def test_at_least_one_must_word_is_demanded_where_there_are_any() -> None:
    heard = watch("Apple", must=("iPhone", "Mac"))
    assert heard.matches("my Apple Mac")
    assert not heard.matches("apple pie")


def test_a_must_not_word_silences_the_text() -> None:
    heard = watch("Apple", must_not=("pie", "apple juice"))
    assert heard.matches("Apple event")
    assert heard.matches("Apple is pieced together")
    assert not heard.matches("Apple Pie")
    assert not heard.matches("Apple, apple-juice")


def test_must_words_alone_are_not_about_the_product() -> None:
    assert not watch("Acme", must=("billing",)).matches("billing is broken")


def test_the_product_is_named_before_its_rivals_whatever_the_text_says_first() -> None:
    heard = a_watch(product="Acme", rivals=("Globex", "Initech"))
    assert [brand.name for brand in heard.brands_in("from Initech to Acme")] == ["Acme", "Initech"]
    assert heard.brands_in("neither") == ()
    assert heard.matches("only Globex here")


@pytest.mark.parametrize(
    ("own", "source", "handle", "ours"),
    [
        ("acme", "reddit", "acme", True),
        ("@Acme", "reddit", "acme", True),
        ("acme", "reddit", "@ACME", True),
        ("reddit:acme", "reddit", "acme", True),
        ("reddit:@acme", "reddit", "acme", True),
        ("Reddit:Acme", "reddit", "acme", True),
        ("reddit:acme", "hackernews", "acme", False),
        ("help@a.example", "mastodon", "help@a.example", True),
        ("@help@a.example", "mastodon", "help@a.example", True),
        ("mastodon:@help@a.example", "mastodon", "@help@a.example", True),
        ("mastodon:help@a.example", "mastodon", "help@b.example", False),
        ("acme", "reddit", "acme2", False),
        ("acme", "reddit", None, False),
        ("acme", "reddit", "", False),
    ],
)
def test_our_own_handle_is_known_with_and_without_at_and_source(
    own: str, source: str, handle: str | None, *, ours: bool
) -> None:
    assert watch("Acme", own=(own,)).is_own(source, handle) is ours


NAMES = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=MAX_NAME).filter(
    lambda name: any(character.isalnum() for character in name)
)


@given(NAMES)
def test_every_name_makes_an_id_that_a_watch_can_have(name: str) -> None:
    assert Watch(id=watch_id(name), product=Brand(name="Acme")).id == watch_id(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C++", "C#"),
        ("C", "C++"),
        ("製品", "製造"),
        ("製品A", "製品B"),
        ("Яндекс", "Яндекс Go"),
        ("飞书", "飞猪"),
        ("카카오", "카카오톡"),
        ("x" * 80, "x" * 81),
        ("Café", "Caf"),
    ],
)
def test_different_names_make_different_ids(one: str, other: str) -> None:
    assert watch_id(one) != watch_id(other)


def test_the_same_name_makes_the_same_id_whatever_its_case_and_spaces() -> None:
    assert watch_id("Acme Cloud") == watch_id(" acme  CLOUD ") == "acme-cloud"
    assert watch_id("ЯНДЕКС") == watch_id("яндекс")


@pytest.mark.parametrize("name", ["", "  ", "!!!", "@", "x" * (MAX_NAME + 1)])
def test_a_brand_without_a_name_does_not_construct(name: str) -> None:
    with pytest.raises(InputError):
        Brand(name=name)


def test_empty_aliases_are_dropped_doubled_ones_are_one_and_too_many_are_refused() -> None:
    assert Brand(name="Acme", aliases=("AKME", " ", "AKME", "two  words")).aliases == ("AKME", "two words")
    with pytest.raises(InputError, match="100"):
        Brand(name="Acme", aliases=tuple(f"a{n}" for n in range(MAX_LIST + 1)))


@pytest.mark.parametrize("bad", ["", "Acme", "-acme", "a b", "a/b", "a" * 64, "製品", "a\n"])
def test_an_id_that_is_no_id_does_not_construct(bad: str) -> None:
    with pytest.raises(InputError, match="watch id"):
        Watch(id=bad, product=Brand(name="Acme"))


def test_a_rival_with_the_products_name_or_alias_does_not_construct() -> None:
    with pytest.raises(InputError, match="different names"):
        a_watch(product="Acme", rivals=("ACME",))
    with pytest.raises(InputError, match="different names"):
        a_watch(product=Brand(name="Acme", aliases=("AC",)), rivals=(Brand(name="Globex", aliases=("ac",)),))


def test_an_alias_that_repeats_its_own_name_is_no_clash() -> None:
    assert a_watch(product=Brand(name="Acme", aliases=("ACME",))).matches("acme")


@pytest.mark.parametrize("minutes", [0, -1, 7 * 24 * 60 + 1])
def test_a_schedule_lies_between_a_minute_and_a_week(minutes: int) -> None:
    with pytest.raises(InputError, match="schedule"):
        Watch(id="x", product=Brand(name="Acme"), every_minutes=minutes)


def test_too_many_rivals_do_not_construct() -> None:
    with pytest.raises(InputError, match="rivals"):
        a_watch(rivals=tuple(f"r{number}" for number in range(MAX_LIST + 1)))


def test_naughty_strings_are_names_and_texts_like_any_other() -> None:
    heard = watch("Acme Cloud", "製品", must=("a", "b-c"))
    for text in NAUGHTY:
        heard.matches(text)
        if any(character.isalnum() for character in text) and len(text) <= MAX_NAME:
            try:
                brand = Brand(name=text)
            except InputError:  # compatibility forms of some are longer than a name may be
                continue
            pattern = name_pattern((brand.name,))
            assert pattern.search(brand.name), text


def test_a_long_text_full_of_near_misses_is_searched_at_once() -> None:
    heard = a_watch(
        product=Brand(name="a a a a a a a a b", aliases=tuple(f"n{number} x" for number in range(100))),
        rivals=(),
    )
    before = time.process_time()
    assert not heard.matches("a " * 50_000)
    assert not heard.matches("a" + " " * 100_000 + "c")
    assert time.process_time() - before < 3.0


def test_a_name_of_nothing_but_hyphens_does_not_match_everywhere() -> None:
    assert name_pattern(("--",)).search("nothing here") is None
    assert re.fullmatch(name_pattern(("--",)), "--")
