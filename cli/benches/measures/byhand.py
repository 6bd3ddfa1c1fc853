"""The searches of the benchmark as a person would write them for Elasticsearch, beside `asks.SEARCHES`."""

from __future__ import annotations

from datetime import timedelta

from cli.benches.corpora import END, PHRASE, word

#: Texts stand there as they are, and as stems.
FIELDS = ("title", "text", "title_stem", "text_stem")

Clause = dict[str, object]


def both(*clauses: Clause) -> Clause:
    """Return what holds where all clauses do."""
    return {"bool": {"filter": list(clauses)}}


def said(text: str) -> Clause:
    """Return what holds where a word stands."""
    return {"multi_match": {"query": text, "fields": FIELDS, "analyzer": "whitespace"}}


def _is(field: str, value: str) -> Clause:
    return {"term": {field: value}}


def _phrase(text: str) -> Clause:
    return {"multi_match": {"query": text, "fields": FIELDS[:2], "analyzer": "whitespace", "type": "phrase"}}


def _begins(text: str) -> Clause:
    return {"bool": {"should": [{"prefix": {field: text}} for field in FIELDS[:2]]}}


LAST_WEEK: Clause = {"range": {"published": {"gte": int((END - timedelta(days=7)).timestamp() * 1e6)}}}

CLAUSES: dict[str, Clause] = {
    "zqhit5": said("zqhit5"),
    "zqhit50": said("zqhit50"),
    f'"{PHRASE}"': _phrase(PHRASE),
    "zqhit500": said("zqhit500"),
    "zqhit50 OR zqhit500": {"bool": {"should": [said("zqhit50"), said("zqhit500")]}},
    "zqhit5000": said("zqhit5000"),
    "zqhit5000 -zqhit500": {"bool": {"filter": [said("zqhit5000")], "must_not": [said("zqhit500")]}},
    "zqhit5000 source:reddit": both(said("zqhit5000"), _is("source", "reddit")),
    "zqhit5000 sentiment:negative": both(said("zqhit5000"), _is("tones", "negative")),
    "zqhit5000 churn:>0.9": both(said("zqhit5000"), {"range": {"risks": {"gt": 9_000}}}),
    "author:person7": _is("author_keys", "person7"),
    f"{word(3000)} {word(20)}": both(said(word(3000)), said(word(20))),
    f"{word(300)[:4]}*": _begins(word(300)[:4]),
    f"{word(5)} last:7d": both(said(word(5)), LAST_WEEK),
    f"{word(5)} author:person7": both(said(word(5)), _is("author_keys", "person7")),
    f"{word(5)}": said(word(5)),
    f"{word(5)} {word(6)} sentiment:negative": both(said(word(5)), said(word(6)), _is("tones", "negative")),
    "source:reddit": _is("source", "reddit"),
    "url:item/777": {"wildcard": {"url": "*item/777*"}},
    "": {"match_all": {}},
}
