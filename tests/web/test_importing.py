"""Hostile files of accounts on the page: what is stored is what was looked at, byte for byte, or nothing."""

from __future__ import annotations

import os

import pytest
from werkzeug.test import TestResponse

from core.customers import Contract
from core.ports import Store
from engage.accounts import imports, undo_import
from engage.customers import ACCOUNT, account_of
from tests.builders import NOW
from tests.web.browser import Browser, field, text_of

MIXED = (
    "name,tier\nZürich AG,gold\n".encode()
    + "Köln GmbH,gold\n".encode("cp1252")
    + b"Nul\x00Byte,x\nBad\x81Byte,x\nSteer\x1b]0;x\x07,x\n"
    + "＝cmd|x,x\n=cmd|' /C calc'!A0,x\n".encode()
)


def look(browser: Browser, data: bytes, status: int = 200) -> TestResponse:
    """Choose a file and look at it first."""
    form = f'--=\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{browser.csrf}\r\n'
    form += '--=\r\nContent-Disposition: form-data; name="file"; filename="t.csv"\r\n\r\n'
    response = browser.client.post(
        "/accounts-import",
        data=form.encode() + data + b"\r\n--=--\r\n",
        content_type='multipart/form-data; boundary="="',
    )
    assert response.status_code == status, text_of(response.text)[:300]
    return response


def contracts(store: Store) -> dict[str, Contract]:
    found = [account_of(item).account.contract for item in store.kept(ACCOUNT)]
    return {contract.name: contract for contract in found if contract.name != "A customer"}


def test_lines_of_mixed_encodings_are_stored_as_they_were_shown_and_taken_back(
    store: Store, browser: Browser
) -> None:
    page = look(browser, MIXED)
    shown = text_of(page.text)
    assert "Zürich AG" in shown
    assert "Köln GmbH" in shown
    for said in ("a NUL byte", "bytes that are no text", "a control character", "like a formula"):
        assert said in shown
    assert not {"\x00", "\x1b", "\x07"} & set(page.text)
    looked = field(page.text, "looked")
    refused = browser.post("/accounts-import", status=400, looked=looked, do="save")
    assert "nothing was stored" in refused.text
    assert contracts(store) == {}
    again = field(refused.text, "looked")
    browser.post("/accounts-import", looked=again, name="t.csv", do="save", leave_out="yes")
    assert set(contracts(store)) == {"Zürich AG", "Köln GmbH"}
    undo_import(store, imports(store)[0].key, actor="ada", now=NOW)
    assert contracts(store) == {}


def test_what_can_be_looked_at_can_be_stored(store: Store, browser: Browser) -> None:
    rows = 9000
    data = b"name,tier,owner\n" + b"".join(
        b'"S\xc3\xbc\xc3\xbcd %05d, Inc",%s,%s\n' % (row, b"gold" * 20, b"ada") for row in range(rows)
    )
    assert 900_000 < len(data) < 1_048_000
    page = look(browser, data)
    browser.post("/accounts-import", looked=field(page.text, "looked"), do="save")
    assert len(contracts(store)) == rows


@pytest.mark.parametrize("looked", ["nonsense", "bm8=", "é"])
def test_what_does_not_come_back_whole_is_refused(store: Store, browser: Browser, looked: str) -> None:
    refused = browser.post("/accounts-import", status=400, looked=looked, do="save")
    assert "did not come back whole" in refused.text
    assert contracts(store) == {}


def test_a_file_too_large_for_the_page_is_refused_with_the_way_that_takes_it(browser: Browser) -> None:
    # Letters that hold as much as letters can: what no packing makes smaller.
    noise = bytes(0xA1 + each % 95 for each in os.urandom(1_020_000))
    lines = b"name\n" + b"\n".join(noise[at : at + 90] for at in range(0, len(noise), 90))
    assert len(lines) < 1_040_000
    assert "`earful account import`" in look(browser, lines, 400).text
    assert "Send less than 1 MB" in look(browser, b"x" * (2 << 20), 413).text
