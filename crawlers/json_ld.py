"""What a page says of itself in JSON-LD: schema.org's articles, discussions, questions and reviews."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from selectolax.lexbor import LexborHTMLParser

from crawlers.dates import date_of
from crawlers.page import Json, JsonObject, object_of, text_of
from crawlers.text import html_to_text, plain_title

#: Most objects looked at in one page: real ones hold some hundreds.
MAX_NODES = 5_000
FORUM = frozenset(("DiscussionForumPosting", "SocialMediaPosting"))
REVIEW = frozenset(("Review", "UserReview", "CriticReview", "EmployerReview"))
#: What holds others' questions that nobody asked here.
_FAQ = "FAQPage"
#: Fields that lead from a page to what it is about; others lead to related things, publishers and pictures.
_WAYS = ("@graph", "mainEntity", "mainEntityOfPage", "hasPart", "itemListElement", "item")

_TRAILING = re.compile(r",\s*(?=[}\]])")
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]{0,500}>|&(?:#\d+|#[xX][0-9a-fA-F]+|[a-zA-Z]+);")


def nodes_of(tree: LexborHTMLParser) -> list[JsonObject]:
    """Return the objects at the top of a page's JSON-LD, and those that these name as the page's matter."""
    found: list[JsonObject] = []
    waiting: list[Json] = list(_scripts(tree))
    while waiting and len(found) < MAX_NODES:
        value = waiting.pop(0)
        if isinstance(value, list):
            waiting[:0] = value
        elif isinstance(value, Mapping):
            found.append(value)
            if _FAQ not in types_of(value):
                waiting[:0] = [value[way] for way in _WAYS if isinstance(value.get(way), dict | list)]
    return found


def _scripts(tree: LexborHTMLParser) -> Iterator[Json]:
    for script in tree.css("script"):
        if "ld+json" not in (script.attributes.get("type") or "").lower():
            continue
        text = script.text(strip=True)
        for mark in ("<!--", "-->", "//<![CDATA[", "//]]>", "<![CDATA[", "]]>"):
            text = text.removeprefix(mark).removesuffix(mark).strip()
        for attempt in (text, _TRAILING.sub("", text.rstrip("; "))):
            try:
                yield json.loads(attempt, strict=False)
            except (ValueError, RecursionError):
                continue
            break


def types_of(node: JsonObject) -> frozenset[str]:
    """Return a node's types without schema.org's address before them."""
    told = node.get("@type")
    kinds = told if isinstance(told, list) else [told]
    return frozenset(re.split(r"[/:#]", kind)[-1] for kind in kinds if isinstance(kind, str))


def is_article(node: JsonObject) -> bool:
    """Tell whether a node is an article of any kind."""
    return any(kind.endswith(("Article", "BlogPosting")) or kind == "Report" for kind in types_of(node))


def objects(node: JsonObject, *names: str) -> list[JsonObject]:
    """Return the objects in the fields of those names."""
    found: list[JsonObject] = []
    for name in names:
        value = node.get(name)
        found += [
            object_of(one) for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)
        ]
    return found


def words(node: JsonObject, *names: str) -> str:
    """Return the first of those fields that says something, as plain text."""
    for name in names:
        value = node.get(name)
        told = text_of(value[0] if isinstance(value, list) and value else value)
        if told:
            return html_to_text(told) if _MARKUP.search(told) else told.strip()
    return ""


def title_of(node: JsonObject) -> str:
    """Return a node's headline."""
    return plain_title(words(node, "headline", "name"))


def published_of(node: JsonObject) -> datetime | None:
    """Return when a node says that it was published."""
    return next(filter(None, (date_of(node.get(name)) for name in ("datePublished", "dateCreated"))), None)


def edited_of(node: JsonObject) -> datetime | None:
    """Return when a node says that it was changed."""
    return date_of(node.get("dateModified"))


def author_of(node: JsonObject) -> tuple[str | None, str | None]:
    """Return the first author's name and address."""
    told = node.get("author") or node.get("creator")
    first = told[0] if isinstance(told, list) and told else told
    if isinstance(first, str):
        return (None, first) if first.startswith("http") else (plain_title(first) or None, None)
    person = object_of(first)
    return plain_title(words(person, "name", "alternateName")) or None, text_of(person.get("url"))


def number_of(node: JsonObject, *names: str) -> int | None:
    """Return the first of those fields that is a whole number, written as one or as a text."""
    for name in names:
        value = node.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and value.strip().isdecimal():
            return int(value)
    return None


def rating_of(node: JsonObject) -> int | None:
    """Return a review's rating on a scale of 1 to 5."""
    told = object_of(node.get("reviewRating"))
    value, best = (_decimal(told.get(name)) for name in ("ratingValue", "bestRating"))
    if value is None or value <= 0:
        return None
    best = best or 5.0
    return min(5, max(1, round(value / best * 5)))


def _decimal(value: Json) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        return float(value.replace(",", ".")) if isinstance(value, str) else None
    except ValueError:
        return None


def comments_of(node: JsonObject) -> list[JsonObject]:
    """Return what stands below a node: answers, the accepted one first, and comments."""
    return objects(node, "acceptedAnswer", "suggestedAnswer", "comment")


def reviews_of(node: JsonObject) -> list[JsonObject]:
    """Return the reviews that a product, a place or a program carries."""
    return [one for one in objects(node, "review", "reviews") if not types_of(one) or types_of(one) & REVIEW]


def address_of(node: JsonObject) -> str | None:
    """Return the address that a node gives itself."""
    page = node.get("mainEntityOfPage")
    told = (node.get("url"), node.get("@id"), page if isinstance(page, str) else object_of(page).get("@id"))
    return next(filter(None, map(text_of, told)), None)
