"""Forms of answers beside those of the fixtures, each by one small example; all texts are invented."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import SourceGone
from tests.crawlers.truth import read

AT = "2026-09-21T06:13:20Z"


def ids(name: str, body: object, url: str | None = None) -> list[str]:
    """The native ids that a source reads."""
    return [item["native_id"] for item in read(name, body, url)]


def test_a_live_item_of_hacker_news_is_read_unless_it_is_gone() -> None:
    item = {"by": "rowan", "id": 9, "kids": [10, 11], "parent": 8, "time": 1789971200, "type": "comment",
            "text": "Acme &amp; I<p>are done"}  # fmt: skip
    (found,) = read("hackernews", item)
    assert (found["author"]["handle"], found["text"], found["published_at"]) == (
        "rowan",
        "Acme & I\n\nare done",
        AT,
    )
    assert (found["parent_id"], found["engagement"]["replies"]) == ("hackernews:8", 2)
    for gone in ({"deleted": True}, {"dead": True}):
        assert read("hackernews", item | gone) == []
    assert read("hackernews", {"id": "rowan", "karma": 5, "created": 1, "type": None}) == []
    assert read("hackernews", {"id": 9, "type": "pollopt", "karma": 0}) == []
    with pytest.raises(SourceGone):
        read("hackernews", b"null")


def test_titles_are_plain_text_where_the_service_writes_plain_text() -> None:
    hit = {"objectID": "5", "author": "a", "created_at": AT, "title": "Vec<T> &amp; friends"}
    assert read("hackernews", {"hits": [hit]})[0]["title"] == "Vec<T> & friends"
    post = {"kind": "t3", "data": {"name": "t3_a", "title": "List<Acme> in Java", "created_utc": 1789971200}}
    listing = {"kind": "Listing", "data": {"children": [post]}}
    assert (
        read("reddit", listing, "https://oauth.reddit.com/x?raw_json=1")[0]["title"] == "List<Acme> in Java"
    )
    view = {"post": {"id": 1, "name": "<div> by Acme", "published": AT, "ap_id": "https://l.example/post/1"}}
    assert read("lemmy", {"posts": [view]})[0]["title"] == "<div> by Acme"


def a_status(**changes: Any) -> dict[str, Any]:
    return {
        "id": "11", "created_at": AT, "visibility": "public", "content": "<p>Acme</p>",
        "uri": "https://m.example/users/r/statuses/11", "account": {"acct": "rowan"},
    } | changes  # fmt: skip


def test_statuses_in_notifications_and_conversations_are_read_if_public() -> None:
    told = [
        {"id": "1", "type": "mention", "created_at": AT, "account": {"acct": "x"}, "status": a_status()},
        {"id": "2", "type": "follow", "created_at": AT, "account": {"acct": "y"}},
        {"id": "3", "unread": False, "accounts": [], "last_status": a_status(id="12", visibility="direct")},
    ]
    assert ids("mastodon", told) == ["11"]


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        (
            {"media_attachments": [{"type": "image", "description": "A kettle in pieces"}]},
            "A kettle in pieces",
        ),
        ({"media_attachments": [{"type": "video", "description": None}]}, "(video)"),
        ({"poll": {"options": [{"title": "Acme"}, {"title": "Globex"}]}}, "Acme Globex"),
    ],
)
def test_a_status_without_words_says_what_it_shows(changes: dict[str, Any], title: str) -> None:
    (found,) = read("mastodon", a_status(content="", **changes))
    assert (found["title"], found["text"]) == (title, "")


def a_record(number: int, text: str = "Acme", **changes: Any) -> dict[str, Any]:
    return {
        "uri": f"at://did:plc:moss/app.bsky.feed.post/{number}", "indexedAt": AT,
        "author": {"did": "did:plc:moss", "handle": "moss.example"},
        "record": {"text": text, "createdAt": AT} | changes,
    }  # fmt: skip


def test_notifications_of_bluesky_are_posts_where_they_have_a_text() -> None:
    like = a_record(2) | {"reason": "like", "record": {"subject": {"uri": "at://x"}, "createdAt": AT}}
    assert ids("bluesky", {"notifications": [a_record(1) | {"reason": "reply"}, like]}) == [
        "at://did:plc:moss/app.bsky.feed.post/1"
    ]


def test_a_post_of_nothing_but_a_picture_keeps_its_place() -> None:
    embed = {"$type": "app.bsky.embed.images", "images": [{"alt": "", "image": {}}]}
    (found,) = read("bluesky", {"posts": [a_record(3, "", embed=embed)]})
    assert (found["title"], found["text"]) == ("(picture)", "")


def test_releases_and_milestones_of_github_are_nobodys_words() -> None:
    issue = {"id": 1, "number": 7, "title": "Acme fails", "body": None, "created_at": AT, "user": None,
             "html_url": "https://github.com/a/b/issues/7"}  # fmt: skip
    release = {"id": 2, "tag_name": "v1", "name": "v1", "body": "Acme 1", "created_at": AT}
    milestone = {"id": 3, "number": 1, "title": "Acme 2", "closed_issues": 0, "created_at": AT}
    assert ids("github", [issue, release, milestone]) == ["1"]


def test_a_chosen_answer_of_a_discussion_is_read_once_and_where_it_stands() -> None:
    answer = {"id": "C2", "createdAt": AT, "bodyHTML": "<p>Turn it off</p>", "author": {"login": "fern"}}
    first = {"id": "C1", "createdAt": AT, "body": "Same here", "author": None, "replies": {"nodes": [answer]}}
    talk = {"id": "D1", "number": 3, "title": "Acme?", "body": "How?", "createdAt": AT, "answer": answer,
            "url": "https://github.com/a/b/discussions/3", "comments": {"nodes": [first]}}  # fmt: skip
    found = read("github", {"data": {"repository": {"discussions": {"nodes": [talk]}}}})
    assert [(one["native_id"], one["parent_id"], one["text"]) for one in found] == [
        ("D1", None, "How?"), ("C1", "github:D1", "Same here"), ("C2", "github:C1", "Turn it off"),
    ]  # fmt: skip
    talk["comments"] = {"totalCount": 1}
    found = read("github", {"data": {"repository": {"discussion": talk}}})
    assert [(one["native_id"], one["parent_id"]) for one in found] == [("D1", None), ("C2", "github:D1")]


def a_forum_post(**changes: Any) -> dict[str, Any]:
    return {"id": 5, "topic_id": 2, "post_number": 1, "username": "moss", "created_at": AT,
            "cooked": "<p>Acme</p>", "topic_slug": "t"} | changes  # fmt: skip


def test_a_post_of_discourse_is_read_in_its_wrapper_and_nothing_of_a_topic_that_is_gone_or_private() -> None:
    url = "https://f.example/posts/5.json"
    assert ids("discourse", {"post": a_forum_post()}, url) == ["5"]
    topic = {"id": 2, "slug": "t", "title": "T", "post_stream": {"posts": [a_forum_post()], "stream": [5]}}
    assert ids("discourse", topic, url) == ["5"]
    assert ids("discourse", topic | {"deleted_at": AT}, url) == []
    assert ids("discourse", topic | {"archetype": "private_message"}, url) == []
    row = {"id": 2, "title": "T", "slug": "t", "created_at": AT}
    topics = [row, row | {"id": 3, "archetype": "private_message"}, row | {"id": 4, "deleted_at": AT}]
    assert ids("discourse", {"topic_list": {"topics": topics}}, url) == ["2"]


def test_what_lemmy_resolves_and_a_view_by_itself_are_read() -> None:
    post = {"id": 1, "name": "Acme", "published": AT, "ap_id": "https://l.example/post/1"}
    comment = {"id": 4, "post_id": 1, "content": "No", "published": AT, "path": "0.4",
               "ap_id": "https://l.example/comment/4"}  # fmt: skip
    creator = {"name": "moss", "actor_id": "https://l.example/u/moss"}
    below = {"comment": comment, "post": post, "creator": creator}
    assert ids("lemmy", {"post": {"post": post, "creator": creator}, "comment": None}) == ["post/1"]
    assert ids("lemmy", {"comment": below}) == ["comment/4"]
    assert ids("lemmy", below) == ["comment/4"]
    assert ids("lemmy", {"post": post, "creator": creator}) == ["post/1"]


def test_comments_of_youtube_are_known_without_their_kind_and_withheld_ones_are_not_read() -> None:
    said = {"textDisplay": "Acme", "authorDisplayName": "Moss", "publishedAt": AT}
    below = {"id": "Ab.1", "snippet": said | {"parentId": "Ab"}}
    held = {"id": "Ad", "snippet": said | {"moderationStatus": "heldForReview"}}
    assert ids("youtube", {"kind": "youtube#commentListResponse", "items": [below, held]}) == ["Ab.1"]
    top = {"videoId": "v", "topLevelComment": {"id": "Ab", "snippet": said}}
    assert ids("youtube", {"items": [{"id": "Ab", "snippet": top, "replies": {"comments": [below]}}]}) == [
        "Ab", "Ab.1",
    ]  # fmt: skip


def test_a_review_that_says_its_text_in_two_forms_is_read_in_the_plain_one() -> None:
    forms = [
        {"label": "<b>Acme</b>", "attributes": {"type": "html"}},
        {"label": "Acme", "attributes": {"type": "text"}},
    ]
    entry = {"id": {"label": "77"}, "im:rating": {"label": "2"}, "content": forms, "updated": {"label": AT}}
    (found,) = read("appstore", {"feed": {"entry": entry}})
    assert (found["native_id"], found["text"], found["rating"]) == ("77", "Acme", 2)


def test_a_review_that_is_the_page_is_read_as_one() -> None:
    page = """<html lang="en"><head><title>Acme Kettle reviewed</title>
    <link rel="canonical" href="https://r.example/acme">
    <script type="application/ld+json">{"@context": "https://schema.org", "@type": "Review",
     "itemReviewed": {"@type": "Product", "name": "Acme Kettle"}, "name": "Boils slowly",
     "author": {"@type": "Person", "name": "Moss"}, "datePublished": "2026-09-21T06:13:20Z",
     "reviewRating": {"@type": "Rating", "ratingValue": "4", "bestRating": "10"},
     "reviewBody": "The kettle of Acme boils slowly, and its lid came off in the second week."}</script>
    <body><h1>Acme Kettle reviewed</h1><p>The kettle boils slowly.</p></body></html>"""
    (found,) = read("web", page, "https://r.example/acme?utm_source=x")
    assert (found["kind"], found["rating"], found["author"]["handle"]) == ("review", 2, "Moss")
    assert (found["title"], found["published_at"], found["url"]) == (
        "Boils slowly",
        AT,
        "https://r.example/acme",
    )
    assert found["text"].startswith(
        "The kettle of Acme boils slowly, and its lid came off in the second week."
    )
