from __future__ import annotations

import pytest

from nlp.language import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("We moved to another provider last month and could not be happier", "en"),
        ("Ich habe meinen Vertrag gestern endlich gekündigt, der Service war furchtbar", "de"),
        ("Nous avons résilié notre abonnement la semaine dernière", "fr"),
        ("Hemos cancelado la suscripción porque el soporte es malísimo", "es"),
        ("これは本当にひどいサービスです", "ja"),
        ("ok", "und"),
        ("12345 !!! https://example.org", "und"),
        ("", "und"),
    ],
)
def test_the_language_of_a_text(text: str, language: str) -> None:
    assert language_of(text) == language


def test_links_and_handles_do_not_make_a_text_english() -> None:
    assert (
        language_of(
            "@support https://www.example.com/the-best-product #win das ist wirklich schlecht gemacht"
        )
        == "de"
    )
