"""Hacker News as its Algolia search tells it (the form of 2025: what is not there is absent, not null)."""

from __future__ import annotations

import html
import math
import operator
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from core.clock import iso
from crawlers.replay.corpus import Corpus, Post
from crawlers.replay.exchange import Answer, Json, Request, json_answer

#: Algolia shows no more hits of one query than this, however many there are.
MAX_HITS = 1000
#: From these word lengths on Algolia forgives one typo, and two.
ONE_TYPO, TWO_TYPOS = 4, 8

_URL = re.compile(r"https?://[^\s<>\"')]+[^\s<>\"').,;:!?]")
_WORD = re.compile(r"\w+")
_FILTER = re.compile(r"(\w+)\s*(<=|>=|<|>|=)\s*(-?\d+)")
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}


def answer(corpus: Corpus, request: Request) -> Answer:
    """Answer a request below `/hackernews`."""
    match request.path:
        case ("api", "v1", "search_by_date"):
            return _search(corpus, request, by_date=True)
        case ("api", "v1", "search"):
            return _search(corpus, request, by_date=False)
        case ("api", "v1", "items", item):
            return _item(corpus, item)
        case _:
            return json_answer({"status": 404, "error": "Not Found"}, status=404)


def to_html(text: str) -> str:
    """Return plain text in the markup of Hacker News: `<p>` between paragraphs, links, indented code."""
    return "<p>".join(_paragraph(part) for part in text.split("\n\n"))


def _paragraph(text: str) -> str:
    if all(line.startswith("  ") for line in text.split("\n")):
        return f"<pre><code>{_escape(text)}\n</code></pre>"
    parts, end = [], 0
    for match in _URL.finditer(text):
        url = _escape(match.group())
        parts += [_escape(text[end : match.start()]), f'<a href="{url}" rel="nofollow">{url}</a>']
        end = match.end()
    return "".join([*parts, _escape(text[end:])])


def _escape(text: str) -> str:
    return html.escape(text).replace("/", "&#x2F;")


def _search(corpus: Corpus, request: Request, *, by_date: bool) -> Answer:
    page, size = request.number("page", 0), min(request.number("hitsPerPage", 20), MAX_HITS)
    found = [post for post in corpus.of("hackernews") if _wanted(corpus, post, request)]
    found.sort(key=lambda post: (post.at, int(post.id)) if by_date else (post.score, post.at), reverse=True)
    shown = found[:MAX_HITS][page * size : (page + 1) * size]
    return json_answer(
        {
            "exhaustive": {"nbHits": True, "typo": True},
            "exhaustiveNbHits": True,
            "exhaustiveTypo": True,
            "hits": [_hit(corpus, post) for post in shown],
            "hitsPerPage": size,
            "nbHits": len(found),
            "nbPages": math.ceil(min(len(found), MAX_HITS) / size) if size else 0,
            "page": page,
            "params": "advancedSyntax=true&analyticsTags=backend",
            "processingTimeMS": 2,
            "processingTimingsMS": {},
            "query": request.get("query"),
            "serverTimeMS": 2,
        }
    )


def _wanted(corpus: Corpus, post: Post, request: Request) -> bool:
    return (
        not post.gone
        and _has_tags(_tags(corpus, post), request.get("tags"))
        and _passes(corpus, post, request.get("numericFilters"))
        and _says(corpus, post, request)
    )


def _has_tags(own: set[str], wanted: str) -> bool:
    groups = re.findall(r"\(([^)]*)\)|([^,()]+)", wanted)
    return all(own & set((any_of or one).split(",")) for any_of, one in groups)


def _passes(corpus: Corpus, post: Post, filters: str) -> bool:
    values = {
        "created_at_i": int(post.at.timestamp()),
        "points": post.score,
        "num_comments": sum(1 for _ in corpus.below(post)),
    }
    return all(
        name in values and _COMPARE[sign](values[name], int(number))
        for name, sign, number in _FILTER.findall(filters)
    )


def _says(corpus: Corpus, post: Post, request: Request) -> bool:
    handle = corpus.person(post).handle
    fields = (
        (post.url,)
        if "url" in request.get("restrictSearchableAttributes")
        else (post.title, post.text, post.url, handle)
    )
    words = [word.casefold() for word in _WORD.findall(" ".join(fields).replace("_", " "))]
    typos = request.get("typoTolerance", "true") != "false"
    query = request.get("query")
    phrases = [_WORD.findall(phrase.casefold()) for phrase in re.findall(r'"([^"]*)"', query)]
    loose = _WORD.findall(re.sub(r'"[^"]*"', " ", query).casefold())
    last = loose[-1] if loose else ""
    return all(_has_phrase(words, phrase) for phrase in phrases) and all(
        any(_alike(word, term, prefix=term == last, typos=typos) for word in words) for term in loose
    )


def _has_phrase(words: list[str], phrase: list[str]) -> bool:
    length = len(phrase)
    return any(words[start : start + length] == phrase for start in range(len(words) - length + 1))


def _alike(word: str, term: str, *, prefix: bool, typos: bool) -> bool:
    if word == term or (prefix and word.startswith(term)):
        return True
    allowed = (len(term) >= ONE_TYPO) + (len(term) >= TWO_TYPOS) if typos else 0
    return allowed > 0 and abs(len(word) - len(term)) <= allowed and _distance(word, term) <= allowed


def _distance(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for letter in one:
        fresh = [row[0] + 1]
        for (before, above), target in zip(pairwise(row), other, strict=True):
            fresh.append(min(above + 1, fresh[-1] + 1, before + (letter != target)))
        row = fresh
    return row[-1]


def _tags(corpus: Corpus, post: Post) -> set[str]:
    return set(_tag_list(corpus, post))


def _tag_list(corpus: Corpus, post: Post) -> list[str]:
    tags = [
        "comment" if post.parent else "story",
        f"author_{corpus.person(post).handle}",
        f"story_{post.thread}",
    ]
    for start, tag in (("Ask HN:", "ask_hn"), ("Show HN:", "show_hn")):
        if post.title.startswith(start):
            tags.append(tag)
    return tags


def _hit(corpus: Corpus, post: Post) -> Json:
    hit: dict[str, Json] = {
        "_tags": _tag_list(corpus, post),
        "author": corpus.person(post).handle,
        "children": [int(reply.id) for reply in corpus.replies(post)],
        "created_at": iso(post.at),
        "created_at_i": int(post.at.timestamp()),
        "objectID": post.id,
        "story_id": int(post.thread),
        "updated_at": iso(post.at),
    }
    hit.update(_comment_fields(corpus, post) if post.parent else _story_fields(corpus, post))
    return {name: value for name, value in hit.items() if value not in ("", [])}


def _story_fields(corpus: Corpus, post: Post) -> Iterator[tuple[str, Json]]:
    yield "num_comments", sum(1 for _ in corpus.below(post))
    yield "points", post.score
    yield "title", post.title
    yield "url", post.url
    yield "story_text", to_html(post.text)


def _comment_fields(corpus: Corpus, post: Post) -> Iterable[tuple[str, Json]]:
    story = corpus.by_id["hackernews", post.thread]
    yield "comment_text", to_html(post.text)
    yield "parent_id", int(post.parent or 0)
    yield "story_title", story.title
    yield "story_url", story.url


def _item(corpus: Corpus, item: str) -> Answer:
    post = corpus.by_id.get(("hackernews", item))
    if post is None:
        return json_answer({"status": 404, "error": "Not Found"}, status=404)
    return json_answer(_tree(corpus, post))


def _tree(corpus: Corpus, post: Post) -> Json:
    return {
        "author": None if post.gone else corpus.person(post).handle,
        "children": [_tree(corpus, reply) for reply in corpus.replies(post)],
        "created_at": iso(post.at).replace("Z", ".000Z"),
        "created_at_i": int(post.at.timestamp()),
        "id": int(post.id),
        "options": [],
        "parent_id": int(post.parent) if post.parent else None,
        "points": None if post.parent else post.score,
        "story_id": int(post.thread),
        "text": to_html(post.text) if post.text else None,
        "title": post.title or None,
        "type": "comment" if post.parent else "story",
        "url": post.url or None,
    }
