"""Cells of a table that a spreadsheet opens: text stays text."""

from __future__ import annotations

import unicodedata

#: A spreadsheet runs a cell that begins with one of these as a formula (OWASP ASVS 5.0, 1.2.10).
FORMULA = frozenset("=+-@\t\r\n\x00")
#: Signs that steer a terminal or end a text, and the pictures that stand for them.
PICTURES = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}


def guarded(cell: object) -> str:
    """Return a cell that no spreadsheet takes for a formula, full-width forms of the signs included."""
    text = "" if cell is None else str(cell)
    begins = unicodedata.normalize("NFKC", text.lstrip(" \ufeff\u200b")[:1])
    return f"'{text}" if begins in FORMULA and begins else text


def plain(cell: str) -> str:
    """Return what `guarded` made a cell of."""
    return cell[1:] if cell.startswith("'") and guarded(cell[1:]) == cell else cell


def visible(text: str) -> str:
    """Return a text of one line in which no sign steers what shows it."""
    return text.translate(PICTURES)
