"""The data sets: read whole, split by text, and kept apart where they must be."""

from __future__ import annotations

from pathlib import Path

from core.labels import Intent
from nlp.training.mixing import Mix, one_epoch, read_all
from nlp.training.rows import Row, Source, one_hot, text_key
from nlp.training.sources import all_sources

#: Fewest rows of sets whose size is known.
LEAST = {
    "semeval": 47_000,
    "churn_read": 2_400,
    "authored": 4_000,
    "read2": 4_000,
    "read3": 2_500,
    "read4": 2_000,
    "authored4": 5_000,
    "goemotions": 43_000,
    "compsent": 14_000,
}


def test_every_source_names_its_licence_and_dev_sets_do_not_ship() -> None:
    sources = all_sources()
    assert all(source.licence for source in sources.values())
    assert not any(sources[name].ships for name in ("churn_dev", "b2b_real_dev", "tweeteval_val"))


def test_copies_of_a_text_have_one_key_whatever_their_links_and_handles() -> None:
    assert text_key("Hello  @joe https://a.b/c World") == text_key("hello @ann http://d.e World")
    assert text_key("Hello World") != text_key("Hello Worlds")


def test_no_text_stands_on_two_sides_and_development_texts_are_never_trained_on(shared: Path) -> None:
    mix = read_all(shared)
    train = {row.key for rows in mix.train.values() for row in rows}
    assert not train & {row.key for rows in mix.held_out.values() for row in rows}
    assert not train & {row.key for rows in mix.development.values() for row in rows}
    for name, least in LEAST.items():
        assert len(mix.train[name]) + len(mix.held_out[name]) >= 0.97 * least, name
    assert len(mix.development["churn_dev"]) == 428


def test_an_epoch_is_the_same_for_the_same_seed(shared: Path) -> None:
    mix = read_all(shared, languages=("de",))
    first, again, other = one_epoch(mix, 1), one_epoch(mix, 1), one_epoch(mix, 2)
    assert first == again
    assert first != other


def test_a_text_beside_another_keeps_its_own_answers_and_marks_the_other_brands() -> None:
    rows = [
        Row(
            source="authored",
            source_id=str(at),
            text=f"{brand} broke again today",
            brand=brand,
            sentiment=one_hot("negative"),
            churn=at % 2 == 0,
            intents={Intent.BUG: True},
        )
        for at, brand in enumerate(("Acme", "Globex", "Initech", "Umbrel", "Hooli", "Vandelay"))
    ]
    source = Source(name="authored", licence="ours", ships=True, load=lambda _: iter(rows))
    mix = Mix(train={"authored": rows}, held_out={}, development={}, sources={"authored": source})
    by_brand = {row.brand: row for row in rows}
    joined = [row for row in one_epoch(mix, 3, beside=1.0) if row.text.count("broke") > 1]
    assert joined
    for row in joined:
        assert row.brand is not None
        assert row.brand in row.text
        assert row.churn == by_brand[row.brand].churn
        assert not row.intents
        assert all(name in row.text and name != row.brand for name in row.others)
