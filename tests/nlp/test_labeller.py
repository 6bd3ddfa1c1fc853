"""The labeller through its port: who is meant, what is refused, what may never crash."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.labelling import Labeller, LabelRequest
from core.labels import Tone
from core.watch import Brand
from nlp.marking import TARGET, marked_windows

Ask = Callable[..., LabelRequest]


def test_plain_praise_and_plain_anger_are_told_apart(labeller: Labeller, ask: Ask) -> None:
    praise, anger = labeller.label(
        [ask("I love Acme, it is fantastic", "Acme"), ask("Acme is awful, I hate it", "Acme")]
    )
    assert praise.sentiment is not None
    assert anger.sentiment is not None
    assert praise.sentiment.tone is Tone.POSITIVE
    assert anger.sentiment.tone is Tone.NEGATIVE


def test_the_same_sentence_is_churn_for_the_brand_that_is_left_only(labeller: Labeller, ask: Ask) -> None:
    text = "We cancelled Globex last week and moved everything to Acme."
    left, joined = labeller.label([ask(text, "Globex", "Acme"), ask(text, "Acme", "Globex")])
    assert left.churn is not None
    assert joined.churn is not None
    assert left.churn.p > joined.churn.p


def test_an_alias_or_handle_names_the_brand_as_its_name_does(labeller: Labeller, ask: Ask) -> None:
    by_name, by_alias = labeller.label(
        [
            ask("I am cancelling Acme today", "Acme"),
            ask("I am cancelling @acmehq today", "Acme", aliases=("acmehq",)),
        ]
    )
    assert by_name.churn is not None
    assert by_alias.churn is not None
    assert by_name.churn.p == pytest.approx(by_alias.churn.p, abs=0.05)


def test_answers_come_one_each_and_in_order(labeller: Labeller, ask: Ask) -> None:
    texts = [
        f"Acme is {'great' if at % 2 else 'terrible'} {'really ' * (at % 5)}, says user {at}"
        for at in range(300)
    ]
    answers = labeller.label([ask(text, "Acme") for text in texts])
    tones = [answer.sentiment.tone for answer in answers if answer.sentiment]
    assert len(answers) == 300
    assert all((tone is Tone.POSITIVE) == bool(at % 2) for at, tone in enumerate(tones))


def test_nothing_asked_is_nothing_answered(labeller: Labeller) -> None:
    assert labeller.label([]) == []


def test_every_answer_names_the_model_and_its_version(labeller: Labeller, ask: Ask) -> None:
    answers = labeller.label([ask("Acme is fine", "Acme"), ask("", "Acme")])
    assert {answer.model for answer in answers} == {labeller.model}
    assert ".v" in labeller.model


@pytest.mark.parametrize(
    "text", ["", "   ", "\x00\x00", "https://example.org/x", "@someone @other", "...!?", "\ud800"]
)
def test_a_text_without_words_is_refused_with_a_reason(labeller: Labeller, ask: Ask, text: str) -> None:
    (answer,) = labeller.label([ask(text, "Acme")])
    assert answer.not_labelled == "text: there are no words in it"
    assert answer.sentiment is None


def test_a_language_without_a_model_is_refused_by_its_name(labeller: Labeller, ask: Ask) -> None:
    (answer,) = labeller.label(
        [ask("Мы отменили подписку на прошлой неделе и больше не вернёмся к этому сервису", "Acme")]
    )
    assert answer.not_labelled == "language: ru is not one the model was trained for"
    assert answer.language == "ru"


@pytest.mark.parametrize(
    ("text", "tone"),
    [
        ("Der Service ist furchtbar geworden, ich bin richtig wütend auf diese Firma", Tone.NEGATIVE),
        ("Me encanta, es la mejor aplicación que he usado en mi vida, gracias", Tone.POSITIVE),
    ],
)
def test_a_language_of_the_second_model_is_answered_by_it_without_heads_it_lacks(
    labeller: Labeller, ask: Ask, text: str, tone: Tone
) -> None:
    (answer,) = labeller.label([ask(text, "Acme", "Globex")])
    assert answer.sentiment is not None
    assert answer.sentiment.tone is tone
    assert answer.churn is None
    assert not answer.intents


def test_a_very_short_text_goes_to_the_english_model(labeller: Labeller, ask: Ask) -> None:
    (answer,) = labeller.label([ask("so bad", "Acme")])
    assert answer.language == "und"
    assert answer.sentiment is not None


@pytest.mark.parametrize(
    "text",
    [
        "😡😡😡",
        "a\x00b Acme \x01 is bad",
        "Acme \ud83d is bad and broken \udfff",
        "\u202eAcme si siht\u202c and it is bad",
        "[CLS] [SEP] [unused1] [MASK] Acme is bad",
        "bad " * 250_000,
        "x" * 1_000_000,
        "Acme " * 2000,
        "&lt;b&gt;Acme&lt;/b&gt; &amp;&amp; &#x110000; &#0;",
        "\r\n\t\v\f Acme\u2028is\u2029bad",
        "A\u0301\u0301\u0301\u0301cme is bad " + "\u0301" * 5000,
    ],
    ids=[
        "emoji",
        "nul",
        "surrogate",
        "rtl",
        "marks",
        "1MB",
        "one word of 1MB",
        "names",
        "entities",
        "spaces",
        "accents",
    ],
)
def test_a_naughty_text_is_answered_or_refused_and_its_neighbours_are_not_harmed(
    labeller: Labeller, ask: Ask, text: str
) -> None:
    calm = ask("Acme is wonderful, I love it", "Acme")
    first, answer, last = labeller.label([calm, ask(text, "Acme"), calm])
    assert (answer.sentiment is None) == (answer.not_labelled is not None)
    assert first.sentiment is not None
    assert last.sentiment is not None
    assert first.sentiment.tone is last.sentiment.tone is Tone.POSITIVE


def test_a_hundred_brands_and_a_brand_that_is_absent_or_a_common_word_are_answered(
    labeller: Labeller, ask: Ask
) -> None:
    many = ask("Acme beats brand7 and brand42 by far", "Acme", *(f"brand{at}" for at in range(100)))
    answers = labeller.label(
        [many, ask("it crashed again", "Acme"), ask("now it crashed again", "It"), ask("a.b (c", "a.b (c")]
    )
    assert all(answer.sentiment is not None for answer in answers)


def test_a_long_text_is_read_where_it_names_the_brand(labeller: Labeller, ask: Ask) -> None:
    filler = "The weather was mild and the train left on time. " * 400
    (answer,) = labeller.label(
        [ask(f"{filler} I cancelled Acme because it is awful and broken. {filler}", "Acme")]
    )
    assert answer.sentiment is not None
    assert answer.sentiment.tone is Tone.NEGATIVE


def test_a_text_cannot_forge_a_brand_mark() -> None:
    (marked,) = marked_windows(LabelRequest(text=f"Globex is bad {TARGET} [ UNUSED1 ]", brand=None))
    assert TARGET not in marked
    assert "[ UNUSED1" not in marked
    (marked,) = marked_windows(LabelRequest(text="Globex is bad", brand=Brand(name="Globex")))
    assert marked == f"{TARGET}  is bad"
