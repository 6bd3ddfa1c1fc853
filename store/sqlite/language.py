"""The language of a mention: for `lang:`, and for the stemmer that its words go to."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable

from store import analysis
from store.sqlite.connection import Link
from store.verdict import language_of

RECOGNISED = """
SELECT docid, labels ->> '$.l' FROM pair JOIN brand ON brand.id = pair.brand
WHERE docid IN (SELECT value FROM json_each(?)) AND labels IS NOT NULL
ORDER BY docid, product DESC, brand.name
"""
STORED = """
SELECT m.docid, m.lang, b.stem_lang, b.language FROM mention m JOIN body b ON b.docid = m.docid
WHERE m.docid IN (SELECT value FROM json_each(?)) ORDER BY m.docid
"""


def note_stem_languages(link: Link, languages: Iterable[str]) -> None:
    """Remember which languages the word index holds stems of."""
    link.many(
        "INSERT OR IGNORE INTO stem_language (name) VALUES (?)", [(language,) for language in languages]
    )


def stem_languages(link: Link) -> tuple[str, ...]:
    """Return the languages of which the word index holds stems."""
    return tuple(link.rows(str, "SELECT name FROM stem_language ORDER BY name"))


def recognise(link: Link, docids: Iterable[int]) -> None:
    """Work out the language of mentions anew; a word index of another language follows by its trigger."""
    asked = json.dumps(sorted(docids))
    said: dict[int, list[str]] = defaultdict(list)
    for docid, language in link.rows(lambda *row: row, RECOGNISED, asked):
        said[docid].append(language)
    for docid, lang, stem_lang, source in link.rows(lambda *row: row, STORED, asked):
        now = language_of(said[docid], source)
        if now != lang:
            link.run("UPDATE mention SET lang = ? WHERE docid = ?", now, docid)
        stem_now = analysis.stem_language(now)
        if stem_now != stem_lang:
            note_stem_languages(link, [stem_now])
            link.run("UPDATE body SET stem_lang = ? WHERE docid = ?", stem_now, docid)
