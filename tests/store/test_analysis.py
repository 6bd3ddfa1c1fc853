from __future__ import annotations

import random
import string

import numpy as np
import pytest

from core.query import Match, Where, Words
from core.tokens import token_texts
from core.watch import Brand
from store import analysis, simhash
from store.naming import Naming
from tests.builders import a_watch
from tests.core.naughty import NAUGHTY


def some_texts() -> list[str]:
    rnd = random.Random(3)
    ascii_texts = ["".join(rnd.choices(string.printable, k=rnd.randrange(200))) for _ in range(500)]
    return [*NAUGHTY, *ascii_texts, "a" * 200, "_a__b_", "it's 3.5 x-y"]


def test_the_short_way_to_words_gives_the_tokens() -> None:
    for text in some_texts():
        assert list(analysis.words(text)) == token_texts(text), text


def test_no_token_and_no_stem_holds_what_would_split_it() -> None:
    for text in some_texts():
        for language in ("en", "de", "tr", "ru"):
            keys = [*analysis.words(text), *analysis.stems(text, language)]
            assert all(c.isalnum() or ord(c) > 127 for key in keys for c in key), text


@pytest.mark.parametrize("code", sorted(analysis.STEMMERS))
def test_every_language_has_its_stemmer(code: str) -> None:
    assert analysis.stem_key("word", code)
    assert analysis.stem_language(f"{code.upper()}-xx") == code


def test_marks_of_overlapping_words_are_joined() -> None:
    asked = [Words("price rise", Match.PHRASE), Words("pri", Match.PREFIX), Words("title", where=Where.TITLE)]
    assert analysis.marks("A price rise, title", "en", asked, Where.TEXT) == ((2, 12),)
    assert analysis.marks(None, "en", asked, Where.TEXT) == ()


def test_hashes_of_many_are_the_hashes_of_each() -> None:
    texts = [analysis.words(text) for text in some_texts()]
    assert simhash.simhashes(texts) == [simhash.simhash(tokens) for tokens in texts]
    assert simhash.simhash(["a"] * 7) is None


def test_close_hashes_share_a_band() -> None:
    rnd = random.Random(4)
    for _ in range(500):
        value = rnd.getrandbits(64)
        other = value
        for bit in rnd.sample(range(64), 3):
            other ^= 1 << bit
        one, two = (int(np.uint64(v).astype(np.int64)) for v in (value, other))
        assert simhash.close(one, two)
        assert set(simhash.bands(one)) & set(simhash.bands(two))
        assert not simhash.close(one, one ^ 0b1111)


def test_the_short_way_to_brands_agrees_with_the_watch() -> None:
    watch = a_watch(
        product=Brand(name="T-Mobile", aliases=("TM", "Ünal", "@tmo")),
        rivals=(Brand(name="Acme Cloud", aliases=("AC_DC", "-x-")), Brand(name="製品", aliases=("_y",))),
    )
    naming = Naming({watch.id: watch})
    rnd = random.Random(5)
    parts = [
        "T",
        "mobile",
        "-",
        " ",
        "_",
        "acme",
        "cloud",
        "AC",
        "DC",
        "@",
        "tm",
        "x",
        "y",
        "ünal",
        "製品",
        "#",
        "'s",
    ]
    texts = [*some_texts(), *("".join(rnd.choices(parts, k=rnd.randrange(1, 8))) for _ in range(5_000))]
    for text in texts:
        flags = naming.flags(text, {watch.id: False}, labelled=False)
        assert set(flags) == {brand.name for brand in watch.brands_in(text)}, text
