"""Error bodies, block pages and refusals in words, whoever sends them: no mention, and no fault of ours."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.main import earful
from core.errors import SourceBlocked, SourceBusy, SourceChanged, SourceError, SourceGone
from crawlers.catalog import names
from tests.crawlers.truth import read

PAGES = {
    "a page of the site": "<!DOCTYPE html><html><head><title>Acme status</title></head><body></body></html>",
    "a robot check": "<html><head><title>Robot Check</title></head><body><form></form></body></html>",
    "a page that needs scripts": "<noscript>You need to enable JavaScript to run this app.</noscript>",
    "a redirect in the page": '<meta http-equiv="refresh" content="0;url=/login">',
    "a shield": "<!-- x --><!doctype html><title>Making sure you&#39;re not a bot!</title>",
    "a log-in wall": "<!DOCTYPE html><html><head><title>Log in</title></head><input type=password></html>",
    "a consent page": "<html><head><title>Before you continue</title></head>We use cookies</html>",
    "a storage's error": "<?xml version='1.0'?>\n<Error><Code>AccessDenied</Code></Error>",
}
WORDS = {
    "Retry later\n": SourceBusy,
    "Too Many Requests": SourceBusy,
    "Rate limit exceeded. Please wait.": SourceBusy,
    "Slow down, too many requests from this IP address.": SourceBusy,
    "error code: 1015": SourceBlocked,
    "Forbidden": SourceBlocked,
    "upstream connect error or disconnect/reset before headers": SourceBlocked,
    "404 page not found": SourceGone,
}
ERRORS: dict[str, dict[str, Any]] = {
    "a text": {"error": "Something went wrong"},
    "a message": {"message": "Forbidden", "error": 403},
    "a list of objects": {"errors": [{"message": "Not authorized", "code": 1}]},
    "a list of texts": {"errors": ["You are not permitted to view this."], "error_type": "invalid_access"},
    "an object": {"error": {"code": 403, "message": "API key not valid", "status": "PERMISSION_DENIED"}},
    "a problem of RFC 9457": {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "No"},
    "OAuth": {"error": "invalid_token", "error_description": "The access token is invalid"},
    "no success": {"success": False, "reason": "blocked"},
    "only a status": {"status": "error", "code": 500},
    "a description": {"ok": False, "description": "The server is busy"},
}
DATA = [name for name in names() if name != "web"]


@pytest.mark.parametrize("source", DATA)
def test_a_web_page_in_the_place_of_data_is_a_refusal(source: str) -> None:
    for told, body in PAGES.items():
        with pytest.raises(SourceBlocked):
            print(told, read(source, body))


@pytest.mark.parametrize("source", DATA)
def test_a_refusal_in_plain_words_is_one(source: str) -> None:
    for body, error in WORDS.items():
        with pytest.raises(error):
            print(body, read(source, body))


@pytest.mark.parametrize("source", names())
def test_an_error_body_in_any_form_is_one(source: str) -> None:
    for told, body in ERRORS.items():
        with pytest.raises((SourceBlocked, SourceBusy)):
            print(told, read(source, body))
    for body in ({"status": 404, "error": "Not Found"}, {"error": "rate_limit_error"}):
        with pytest.raises(SourceError) as caught:
            read(source, body)
        assert not isinstance(caught.value, SourceChanged)


@pytest.mark.parametrize("source", names())
def test_what_makes_no_sense_is_no_refusal(source: str) -> None:
    for body in (
        {"weather": "fine"},
        {},
        {"error": None, "message": None},
        [1, 2],
        b"\x00\xff\x12nothing",
        b"",
    ):
        with pytest.raises(SourceChanged, match="expected"):
            print(body, read(source, body))


def test_the_command_says_which_is_which(tmp_path: Path) -> None:
    refusal, nonsense = tmp_path / "refusal", tmp_path / "nonsense"
    refusal.write_text(json.dumps(ERRORS["OAuth"]))
    nonsense.write_text("Dear diary, today I went out.")
    for source in DATA:
        told = CliRunner().invoke(earful, ["read", source, str(refusal)])
        assert (told.exit_code, told.stdout) == (0, ""), (source, told.output)
        assert "no mentions" in told.stderr
        told = CliRunner().invoke(earful, ["read", source, str(nonsense)])
        assert (told.exit_code, told.stdout) == (1, ""), (source, told.output)
        assert "expected" in told.stderr


def test_a_packed_answer_is_unpacked_and_a_broken_one_is_said() -> None:
    item = {"id": 7, "type": "story", "by": "rowan", "time": 1789971200, "title": "Acme"}
    packed = gzip.compress(json.dumps(item).encode())
    assert [one["native_id"] for one in read("hackernews", packed)] == ["7"]
    with pytest.raises(SourceChanged, match="packed answer that is broken"):
        read("hackernews", packed[:30])
