"""Invented pages in the shapes of the services that answer in JSON, of any size; for measuring speed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from crawlers.page import Json, JsonObject

#: What people say, a hundred-odd characters each as posts mostly are; `@` stands for the product.
SAID = (
    "Moved from @ to something smaller last month and the export kept every name, which I did not expect.",
    "Does anybody know whether @ asks for the renewal before or after the trial of the add-on has ended?",
    "The release of @ lost two of our boards; support answered within the hour, so no hard feelings & thanks",
    "@ again <b>refuses</b> to sign me in. Third time this week, third ticket, same answer: clear the cache…",
)
_BEGAN = datetime(2026, 11, 20, 8, tzinfo=UTC)


def said(number: int, product: str) -> str:
    """Return the text of one item."""
    return f"{SAID[number % len(SAID)].replace('@', product)} #{number}"


def _at(number: int) -> str:
    return f"{_BEGAN - timedelta(minutes=number):%Y-%m-%dT%H:%M:%S}Z"


def _epoch(number: int) -> int:
    return int((_BEGAN - timedelta(minutes=number)).timestamp())


def _html(text: str) -> str:
    return f"<p>{text.replace('&', '&amp;')}</p><p>See <a href='https://acme.example/'>acme.example</a></p>"


def _hackernews(number: int, product: str) -> JsonObject:
    return {
        "objectID": str(44_000_000 - number),
        "author": f"user{number % 97}",
        "comment_text": _html(said(number, product)),
        "created_at": _at(number),
        "created_at_i": _epoch(number),
        "parent_id": 43_000_000,
        "story_id": 43_000_000,
        "story_title": "Ask HN: which one do you use?",
        "_tags": ["comment", f"author_user{number % 97}", "story_43000000"],
        "children": [],
    }


def _mastodon(number: int, product: str) -> JsonObject:
    native = str(115_000_000_000_000_000 - number)
    handle = f"user{number % 97}"
    return {
        "id": native,
        "created_at": _at(number),
        "in_reply_to_id": None,
        "visibility": "public",
        "spoiler_text": "",
        "language": "en",
        "uri": f"https://social.example/users/{handle}/statuses/{native}",
        "url": f"https://social.example/@{handle}/{native}",
        "replies_count": 1,
        "reblogs_count": 2,
        "favourites_count": 3,
        "edited_at": None,
        "content": _html(said(number, product)),
        "reblog": None,
        "account": {
            "id": "1",
            "username": handle,
            "acct": handle,
            "display_name": handle.title(),
            "url": f"https://social.example/@{handle}",
            "uri": f"https://social.example/users/{handle}",
            "followers_count": 120,
        },
        "media_attachments": [],
        "tags": [{"name": "acme", "url": "https://social.example/tags/acme"}],
    }


def _bluesky(number: int, product: str) -> JsonObject:
    did = f"did:plc:user{number % 97}"
    return {
        "uri": f"at://{did}/app.bsky.feed.post/3k{number:011d}",
        "cid": f"bafy{number}",
        "author": {"did": did, "handle": f"user{number % 97}.example", "displayName": "User", "labels": []},
        "record": {
            "$type": "app.bsky.feed.post",
            "text": said(number, product),
            "langs": ["en"],
            "createdAt": _at(number),
        },
        "replyCount": 0,
        "repostCount": 1,
        "likeCount": 2,
        "quoteCount": 0,
        "indexedAt": _at(number),
        "labels": [],
    }


def _reddit(number: int, product: str) -> JsonObject:
    native = f"x{number:06d}"
    return {
        "kind": "t3",
        "data": {
            "name": f"t3_{native}",
            "id": native,
            "title": f"{product} question {number}",
            "selftext": said(number, product),
            "author": f"user{number % 97}",
            "author_fullname": f"t2_{number % 97}",
            "subreddit": "selfhosted",
            "permalink": f"/r/selfhosted/comments/{native}/a_slug/",
            "created_utc": float(_epoch(number)),
            "edited": False,
            "score": 12,
            "ups": 12,
            "num_comments": 6,
            "removed_by_category": None,
            "subreddit_subscribers": 5000,
        },
    }


def _lemmy(number: int, product: str) -> JsonObject:
    handle = f"user{number % 97}"
    return {
        "post": {
            "id": number + 1,
            "name": f"{product} question {number}",
            "body": said(number, product),
            "removed": False,
            "deleted": False,
            "published": _at(number),
            "ap_id": f"https://far.example/post/{number + 1}",
            "local": False,
        },
        "creator": {
            "id": 5,
            "name": handle,
            "display_name": handle.title(),
            "actor_id": f"https://far.example/u/{handle}",
            "local": False,
        },
        "community": {
            "id": 1,
            "name": "selfhost",
            "title": "Self-hosting",
            "actor_id": "https://far.example/c/self",
        },
        "counts": {"post_id": number + 1, "comments": 3, "score": 5, "upvotes": 5, "downvotes": 0},
    }


def _stackexchange(number: int, product: str) -> JsonObject:
    return {
        "owner": {
            "user_id": number % 97 + 1,
            "reputation": 105,
            "display_name": "Rowan &amp; Co",
            "link": f"https://stackoverflow.com/users/{number % 97 + 1}/x",
        },
        "view_count": 77,
        "answer_count": 1,
        "score": 4,
        "last_activity_date": _epoch(0),
        "creation_date": _epoch(number),
        "question_id": number + 1,
        "link": f"https://stackoverflow.com/questions/{number + 1}/a-question",
        "title": f"Why does {product}&#39;s export {number} fail?",
        "body": _html(said(number, product)),
    }


def _github(number: int, product: str) -> JsonObject:
    return {
        "html_url": f"https://github.com/acme/sync/issues/{number + 1}",
        "repository_url": "https://api.github.com/repos/acme/sync",
        "id": number + 1,
        "node_id": f"I_{number + 1}",
        "number": number + 1,
        "title": f"{product} sync drops file {number}",
        "user": {
            "login": f"user{number % 97}",
            "id": number % 97 + 1,
            "html_url": "https://github.com/user",
            "type": "User",
        },
        "comments": 2,
        "created_at": _at(number),
        "updated_at": _at(number),
        "body": said(number, product),
        "reactions": {"total_count": 3},
    }


def _x(number: int, product: str) -> JsonObject:
    native = str(1_990_000_000_000_100_000 - number)
    return {
        "id": native,
        "text": said(number, product),
        "author_id": str(number % 97 + 1),
        "created_at": _at(number).replace("Z", ".000Z"),
        "conversation_id": native,
        "lang": "en",
        "edit_history_tweet_ids": [native],
        "public_metrics": {"retweet_count": 1, "reply_count": 2, "like_count": 3, "quote_count": 4},
    }


def _youtube(number: int, product: str) -> JsonObject:
    native = f"Ugz{number:08d}"
    return {
        "kind": "youtube#commentThread",
        "id": native,
        "snippet": {
            "channelId": "UCacmeacmeacmeacmeacme12",
            "videoId": "aBcDeFgHiJk",
            "topLevelComment": {
                "kind": "youtube#comment",
                "id": native,
                "snippet": {
                    "authorDisplayName": f"@user{number % 97}",
                    "authorChannelUrl": f"http://www.youtube.com/@user{number % 97}",
                    "authorChannelId": {"value": "UCmossmossmossmossmoss12"},
                    "videoId": "aBcDeFgHiJk",
                    "textDisplay": said(number, product),
                    "textOriginal": said(number, product),
                    "likeCount": 7,
                    "publishedAt": _at(number),
                    "updatedAt": _at(number),
                },
            },
            "totalReplyCount": 0,
        },
    }


def _appstore(number: int, product: str) -> JsonObject:
    def told(text: str) -> JsonObject:
        return {"label": text}

    return {
        "author": {
            "uri": told(f"https://itunes.apple.com/us/reviews/id{number}"),
            "name": told(f"user {number}"),
        },
        "updated": told(_at(number).replace("Z", "-07:00")),
        "im:rating": told("2"),
        "im:version": told("3.1"),
        "id": told(str(90_000_000_000 + number)),
        "title": told("Leaks again"),
        "content": {**told(said(number, product)), "attributes": {"type": "text"}},
        "link": {"attributes": {"rel": "related", "href": "https://itunes.apple.com/us/review?id=123456789"}},
        "im:voteSum": told("4"),
        "im:voteCount": told("5"),
    }


def _discourse(number: int, product: str) -> JsonObject:
    return {
        "id": number + 900,
        "name": "Rowan",
        "username": f"user{number % 97}",
        "created_at": _at(number),
        "updated_at": _at(number),
        "cooked": _html(said(number, product)),
        "post_number": number + 1,
        "post_type": 1,
        "reply_count": 0,
        "reads": 9,
        "topic_id": 77,
        "topic_slug": "acme-restore",
        "version": 1,
        "hidden": False,
        "deleted_at": None,
        "user_deleted": False,
        "actions_summary": [{"id": 2, "count": 4}],
    }


def _users() -> list[Json]:
    return [
        {"id": str(n), "username": f"user{n}", "public_metrics": {"followers_count": n}} for n in range(1, 98)
    ]


#: Source → one item, and what stands around a page's items.
_SHAPES: Mapping[str, tuple[Callable[[int, str], JsonObject], Callable[[list[Json]], Json]]] = {
    "hackernews": (_hackernews, lambda items: {"hits": items, "nbHits": len(items), "page": 0}),
    "mastodon": (_mastodon, lambda items: items),
    "bluesky": (_bluesky, lambda items: {"posts": items, "hitsTotal": len(items)}),
    "reddit": (_reddit, lambda items: {"kind": "Listing", "data": {"children": items, "after": None}}),
    "lemmy": (_lemmy, lambda items: {"type_": "All", "posts": items, "comments": []}),
    "stackexchange": (_stackexchange, lambda items: {"items": items, "has_more": False}),
    "github": (_github, lambda items: {"total_count": len(items), "items": items}),
    "discourse": (_discourse, lambda items: {"id": 77, "post_stream": {"posts": items, "stream": []}}),
    "x": (_x, lambda items: {"data": items, "includes": {"users": _users()}, "meta": {}}),
    "youtube": (_youtube, lambda items: {"kind": "youtube#commentThreadListResponse", "items": items}),
    "appstore": (_appstore, lambda items: {"feed": {"entry": items}}),
}

SOURCES = tuple(_SHAPES)


def made_page(source: str, first: int, count: int, *, product: str = "Acme") -> bytes:
    """Return a page of `count` items, from the item `first` on."""
    item, around = _SHAPES[source]
    page = around([item(number, product) for number in range(first, first + count)])
    return json.dumps(page, ensure_ascii=False, separators=(",", ":")).encode()


def made_thread(count: int) -> bytes:
    """Return a Hacker News thread of so many comments, three deep at every turn."""
    root: dict[str, Json] = {
        "id": 43_000_000,
        "author": "ada",
        "title": "Ask HN: Acme or not?",
        "text": _html(said(0, "Acme")),
        "created_at": _at(count),
        "points": 9,
        "parent_id": None,
        "story_id": 43_000_000,
        "type": "story",
    }
    below: dict[int, list[Json]] = {number: [] for number in range(-1, count)}
    for number in range(count):
        above = number - 1 if number % 3 else -1
        below[above].append(
            {
                "id": 43_000_001 + number,
                "author": f"user{number % 97}",
                "text": _html(said(number, "Acme")),
                "created_at": _at(count - number),
                "parent_id": 43_000_001 + above if number % 3 else 43_000_000,
                "story_id": 43_000_000,
                "type": "comment",
                "children": below[number],
            }
        )
    return json.dumps({**root, "children": below[-1]}).encode()
