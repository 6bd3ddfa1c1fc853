"""Strings that break programs, as a service would send them: each is read as it is, or as documented."""

from __future__ import annotations

import json
from html import escape

from core.mention import clean_text
from tests.core.naughty import NAUGHTY
from tests.crawlers.truth import read

AT = "2026-11-20T10:00:00Z"


def test_every_naughty_text_comes_out_of_json_as_it_went_in() -> None:
    url = "https://oauth.reddit.com/r/acme/new?raw_json=1"
    said = [text for text in NAUGHTY if clean_text(text).strip()]
    posts = [
        {
            "kind": "t1",
            "data": {"name": f"t1_{number}", "body": text, "author": "ada", "created_utc": 1789971200},
        }
        for number, text in enumerate(said)
    ]
    body = {"kind": "Listing", "data": {"children": posts}}
    found = {one["native_id"]: one["text"] for one in read("reddit", json.dumps(body), url)}
    assert [found[f"t1_{number}"] for number in range(len(said))] == [clean_text(text) for text in said]


def test_every_naughty_text_comes_out_of_markup_but_for_its_white_space() -> None:
    said = [text for text in NAUGHTY if clean_text(text).split()]
    hits = [
        {"objectID": str(number), "author": "ada", "created_at": AT, "comment_text": escape(text)}
        for number, text in enumerate(said)
    ]
    found = {one["native_id"]: one["text"] for one in read("hackernews", {"hits": hits})}
    wrong = [
        text for number, text in enumerate(said) if found[str(number)].split() != clean_text(text).split()
    ]
    assert wrong == []
