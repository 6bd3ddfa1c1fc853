"""`docs/sources.md` says what the code does."""

from __future__ import annotations

from cli.sourcing.docs import PAGE
from crawlers.catalog import sources
from crawlers.handbook import handbook


def test_the_page_of_all_sources_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == handbook(), "run: ./earful source docs"


def test_every_source_and_every_key_is_on_the_page() -> None:
    text = handbook()
    for name, found in sources().items():
        assert f"(`{name}`)" in text
        for field in found.key_fields:
            assert f"Key `{field}" in text
