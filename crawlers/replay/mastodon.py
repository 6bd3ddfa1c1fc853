"""Mastodon servers as their REST API tells them without a token: hashtag timelines, statuses, contexts."""

from __future__ import annotations

import html
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from core.clock import as_utc, iso
from crawlers.replay.corpus import Corpus, Person, Post
from crawlers.replay.exchange import Answer, Json, Request, json_answer

#: Statuses on a page of a timeline: asked for nothing, and at most.
DEFAULT_LIMIT, MAX_LIMIT = 20, 40
#: What a server shows of one conversation without a token.
MAX_ANCESTORS, MAX_DESCENDANTS = 40, 60
#: Requests per five minutes, as the headers announce; the replay never refuses.
RATE_LIMIT = 7500
#: What no status of the corpus has.
_NOTHING_MORE: dict[str, Json] = {
    "filtered": [],
    "reblog": None,
    "media_attachments": [],
    "emojis": [],
    "quote": None,
    "card": None,
    "poll": None,
}
#: Characters of a link that are shown; the rest is there but invisible.
SHOWN_LINK = 30

_TOKEN = re.compile(
    r"(?P<url>https?://[^\s<>\"')]+[^\s<>\"').,;:!?])|(?<![\w/&#])#(?P<tag>\w+)|(?<![\w/@])@(?P<who>\w+)(?:@(?P<host>[\w.-]+\w))?"
)


@dataclass(frozen=True)
class Server:
    """One Mastodon server's view of the corpus."""

    corpus: Corpus
    host: str
    #: Give copies of other servers' statuses ids of their own, as real servers do.
    federated_ids: bool = False

    def answer(self, request: Request, now: datetime) -> Answer:
        """Answer a request below `/mastodon/HOST`."""
        found = self._route(request)
        limits = {
            "X-RateLimit-Limit": str(RATE_LIMIT),
            "X-RateLimit-Remaining": str(RATE_LIMIT - 1),
            "X-RateLimit-Reset": iso(as_utc(now).replace(second=0) + timedelta(minutes=5)),
        }
        return Answer(status=found.status, body=found.body, headers={**found.headers, **limits})

    def _route(self, request: Request) -> Answer:
        match request.path:
            case ("api", "v1", "timelines", "tag", tag):
                return self._timeline(request, tag)
            case ("api", "v1", "statuses", status):
                return self._status(status)
            case ("api", "v1", "statuses", status, "context"):
                return self._context(status)
            case ("api", "v2", "search"):
                return json_answer({"error": "This method requires an authenticated user"}, status=401)
            case ("api", "v2", "instance"):
                return json_answer({"domain": self.host, "title": self.host, "version": "4.5.2"})
            case _:
                return json_answer({"error": "Record not found"}, status=404)

    def view_id(self, post: Post) -> str:
        """Return the id that `post` has on this server."""
        if not self.federated_ids or self.corpus.person(post).server == self.host:
            return post.id
        return str(int(post.id) + (zlib.crc32(f"{self.host} {post.id}".encode()) & 0x3FF) + 1)

    def _find(self, status: str) -> Post | None:
        return next((post for post in self.corpus.of("mastodon") if self.view_id(post) == status), None)

    def _timeline(self, request: Request, tag: str) -> Answer:
        limit = min(max(request.number("limit", DEFAULT_LIMIT), 1), MAX_LIMIT)
        tags = {name.casefold() for name in (tag, *request.query.get("any[]", ()))}
        found = [
            post for post in self.corpus.of("mastodon") if tags & {name.casefold() for name in post.hashtags}
        ]
        found.sort(key=lambda post: int(self.view_id(post)), reverse=True)
        page = self._page(found, request, limit)
        body: Json = [self.status(post) for post in page]
        return json_answer(body, headers=self._links(request, page, limit))

    def _page(self, newest_first: list[Post], request: Request, limit: int) -> list[Post]:
        below, above = request.number("max_id", 0), request.number("since_id", 0)
        least = request.number("min_id", 0)
        kept = [
            post
            for post in newest_first
            if int(self.view_id(post)) > max(above, least) and (not below or int(self.view_id(post)) < below)
        ]
        return kept[-limit:] if least else kept[:limit]

    def _links(self, request: Request, page: list[Post], limit: int) -> dict[str, str]:
        if not page:
            return {}
        path = "/".join(quote(part, safe="[]") for part in ("mastodon", self.host, *request.path))
        kept = [(name, value) for name, values in request.query.items() for value in values]
        kept = [(name, value) for name, value in kept if name not in ("max_id", "min_id", "since_id")]

        def link(bound: str, post: Post, rel: str) -> str:
            query = urlencode([*kept, (bound, self.view_id(post))])
            return f'<{request.base}/{path}?{query}>; rel="{rel}"'

        links = [link("max_id", page[-1], "next")] if len(page) == limit else []
        return {"Link": ", ".join([*links, link("min_id", page[0], "prev")])}

    def _status(self, status: str) -> Answer:
        post = self._find(status)
        if post is None:
            return json_answer({"error": "Record not found"}, status=404)
        return json_answer(self.status(post))

    def _context(self, status: str) -> Answer:
        post = self._find(status)
        if post is None:
            return json_answer({"error": "Record not found"}, status=404)
        ancestors = list(self._above(post))[:MAX_ANCESTORS]
        descendants = list(self.corpus.below(post))[:MAX_DESCENDANTS]
        return json_answer(
            {
                "ancestors": [self.status(other) for other in reversed(ancestors)],
                "descendants": [self.status(other) for other in descendants],
            }
        )

    def _above(self, post: Post) -> Iterator[Post]:
        while post.parent:
            post = self.corpus.by_id["mastodon", post.parent]
            yield post

    def status(self, post: Post) -> Json:
        """Return a post as a Status entity."""
        writer = self.corpus.person(post)
        parent = self.corpus.by_id["mastodon", post.parent] if post.parent else None
        home = f"https://{writer.server}"
        return {
            "id": self.view_id(post),
            "created_at": _milliseconds(post.at),
            "in_reply_to_id": self.view_id(parent) if parent else None,
            "in_reply_to_account_id": _account_id(self.corpus.person(parent)) if parent else None,
            "sensitive": bool(post.title),
            "spoiler_text": post.title,
            "visibility": "public",
            "language": post.lang,
            "uri": f"{home}/users/{writer.handle}/statuses/{post.id}",
            "url": f"{home}/@{writer.handle}/{post.id}",
            "replies_count": len(self.corpus.replies(post)),
            "reblogs_count": post.shares,
            "favourites_count": post.score,
            "quotes_count": 0,
            "edited_at": _milliseconds(post.edited_at) if post.edited_at else None,
            "content": to_html(self.corpus, post),
            "account": self._account(writer),
            "mentions": [self._mention(person) for person in _addressed(self.corpus, post)],
            "tags": [{"name": tag, "url": f"{home}/tags/{tag}"} for tag in post.hashtags],
            **_NOTHING_MORE,
        }

    def _acct(self, person: Person) -> str:
        return person.handle if person.server == self.host else f"{person.handle}@{person.server}"

    def _mention(self, person: Person) -> Json:
        url = f"https://{person.server}/@{person.handle}"
        return {"id": _account_id(person), "username": person.handle, "url": url, "acct": self._acct(person)}

    def _account(self, person: Person) -> Json:
        home = f"https://{person.server}"
        return {
            "id": _account_id(person),
            "username": person.handle,
            "acct": self._acct(person),
            "display_name": person.name,
            "locked": False,
            "bot": False,
            "discoverable": True,
            "indexable": True,
            "group": False,
            "created_at": "2022-11-07T00:00:00.000Z",
            "note": "",
            "url": f"{home}/@{person.handle}",
            "uri": f"{home}/users/{person.handle}",
            "avatar": f"{home}/avatars/original/missing.png",
            "avatar_static": f"{home}/avatars/original/missing.png",
            "followers_count": person.followers,
            "following_count": person.followers // 2,
            "statuses_count": 100 + person.followers,
            "noindex": False,
            "emojis": [],
            "roles": [],
            "fields": [],
        }


def to_html(corpus: Corpus, post: Post) -> str:
    """Return a post's text in Mastodon's markup."""
    home = f"https://{corpus.person(post).server}"
    paragraphs = (
        "<br>".join(_line(corpus, home, line) for line in paragraph.split("\n"))
        for paragraph in post.text.split("\n\n")
    )
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


def _line(corpus: Corpus, home: str, line: str) -> str:
    parts, end = [], 0
    for match in _TOKEN.finditer(line):
        parts += [_escape(line[end : match.start()]), _token(corpus, home, match)]
        end = match.end()
    return "".join([*parts, _escape(line[end:])])


def _token(corpus: Corpus, home: str, match: re.Match[str]) -> str:
    if match["url"]:
        return _link(match["url"])
    if match["tag"]:
        url = f"{home}/tags/{quote(match['tag'])}"
        return f'<a href="{url}" class="mention hashtag" rel="tag">#<span>{match["tag"]}</span></a>'
    person = _by_handle(corpus, match["who"])
    if person is None or match["host"]:
        return _escape(match.group())
    url = f"https://{person.server}/@{person.handle}"
    inner = f'<a href="{url}" class="u-url mention">@<span>{match["who"]}</span></a>'
    return f'<span class="h-card" translate="no">{inner}</span>'


def _link(url: str) -> str:
    scheme, rest = url.split("://", 1)
    shown, hidden = rest[:SHOWN_LINK], rest[SHOWN_LINK:]
    style = "ellipsis" if hidden else ""
    return (
        f'<a href="{_escape(url)}" target="_blank" rel="nofollow noopener" translate="no">'
        f'<span class="invisible">{scheme}://</span><span class="{style}">{_escape(shown)}</span>'
        f'<span class="invisible">{_escape(hidden)}</span></a>'
    )


def _addressed(corpus: Corpus, post: Post) -> list[Person]:
    found = (_by_handle(corpus, match["who"]) for match in _TOKEN.finditer(post.text) if match["who"])
    return [person for person in found if person is not None]


def _by_handle(corpus: Corpus, handle: str) -> Person | None:
    return next((who for who in corpus.people if who.source == "mastodon" and who.handle == handle), None)


def _account_id(person: Person) -> str:
    return str(109_000_000_000_000_000 + zlib.crc32(f"{person.handle}@{person.server}".encode()))


def _milliseconds(moment: datetime) -> str:
    return iso(moment).replace("Z", ".000Z")


def _escape(text: str) -> str:
    return html.escape(text, quote=False)
