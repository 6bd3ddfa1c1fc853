"""GitHub: issues, pull requests and discussions that name a product, with the comments below."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar
from urllib.parse import parse_qs, quote, urlencode, urljoin, urlsplit

from scrapy import Request
from scrapy.http import TextResponse

from core.errors import SourceBusy
from core.mention import Author, Engagement, Kind, Mention, mention_id
from core.source_form import SettingField
from core.watch import SourceSettings, Watch
from crawlers.page import (
    Json,
    JsonObject,
    host_of,
    id_of,
    int_of,
    list_of,
    object_of,
    read_json,
    text_of,
    time_of,
)
from crawlers.refusals import refuse_error, unknown
from crawlers.source import Source, names_of
from crawlers.stream import Stream
from crawlers.text import html_to_text

EXPECTED = "expected an answer of api.github.com: `items` of a search, issues, comments, or `data` of GraphQL"
#: Items a page: the most that the REST API gives; GraphQL gives half as many with their comments.
PAGE, PAGE_OF_DISCUSSIONS = 100, 50
#: Longest search that GitHub takes.
MAX_QUERY = 256

_REPOSITORY = re.compile(r"[\w.-]{1,100}/[\w.-]{1,100}")
_NEXT = re.compile(r'<([^<>]+)>\s*;[^,]*\brel="?next"?')
#: Owner, repository and number, in the addresses of issues, pull requests, discussions and their comments.
_PLACE = re.compile(r"/([\w.-]+/[\w.-]+)/(?:issues|pulls?|discussions)/(\d+)")
#: What stands in a comment's id, by the end of its address: their numbers are counted apart on GitHub.
_ANCHORS = {
    "discussion_r": "review-comment",
    "pullrequestreview-": "review",
    "commitcomment-": "commit-comment",
    "discussioncomment-": "discussion-comment",
}
#: The search field of an address that asks for one discussion instead of a search.
_ONE = "discussion"
_AUTHOR = "author { login url __typename }"
_COMMENT = f"id body createdAt lastEditedAt url upvoteCount {_AUTHOR}"
_DISCUSSION = (
    f"id number title body createdAt lastEditedAt url upvoteCount {_AUTHOR} "
    f"comments(first: 50) {{ totalCount nodes {{ {_COMMENT} "
    f"replies(first: 20) {{ nodes {{ {_COMMENT} }} }} }} }}"
)
_SEARCH = (
    "query($q: String!, $first: Int!, $after: String) { search(query: $q, type: DISCUSSION, first: $first, "
    "after: $after) { pageInfo { endCursor hasNextPage } "
    f"nodes {{ ... on Discussion {{ {_DISCUSSION} }} }} }} }}"
)
_THREAD = (
    "query($owner: String!, $name: String!, $number: Int!) { repository(owner: $owner, name: $name) "
    f"{{ discussion(number: $number) {{ {_DISCUSSION} }} }} }}"
)


class GitHub(Source):
    """Read GitHub."""

    name = "github"
    title = "GitHub issues and discussions"
    summary = "Issues, pull requests and, with a key, discussions."
    fields = (
        SettingField(
            name="repositories",
            label="Repositories",
            example="owner/name",
            noun="repository",
            form=r"[\w.-]{1,100}/[\w.-]{1,100}",
            hint="Read whole, beside the search over all of GitHub.",
        ),
    )
    about = (
        "Issues whose title or text names the product, a rival or an alias, newest first, with their "
        "comments; and every issue, pull request and comment of the setting `repositories` that does. With a "
        "token also discussions. Read through the official API, within GitHub's acceptable use policy."
    )
    home = "https://api.github.com"
    key_fields: ClassVar[Mapping[str, str]] = {
        "token": "discussions, and 5,000 requests an hour instead of 60; a fine-grained token for public "
        "repositories, without any permission, from github.com/settings/personal-access-tokens"
    }
    reach = "the newest 1,000 issues that a search finds; everything in the named repositories"
    # The limit of short bursts is told with 403 as well as with 429.
    forbidden_means_wait: ClassVar[bool] = True

    @classmethod
    def default_settings(cls, product: str) -> SourceSettings | None:
        """Search all public issues for every product."""
        del product
        return {}

    def streams(self, watch: Watch, settings: SourceSettings) -> Iterable[Stream]:
        """Return a search for each name, and the issues and comments of each repository."""
        self.check_settings(settings)
        for name in names_of(watch.brands):
            words = f'"{name.replace(chr(34), " ")}"'[:MAX_QUERY]
            query = {"q": f"{words} in:title,body is:issue", "sort": "created", "order": "desc"}
            url = f"{self.base}/search/issues?{urlencode({**query, 'per_page': PAGE})}"
            yield Stream(watch=watch, name=words, url=url)
            if self.keys.get("token"):
                found = urlencode({"q": f"{words} sort:created-desc", "first": PAGE_OF_DISCUSSIONS})
                yield Stream(watch=watch, name=f"discussions {words}", url=f"{self.base}/graphql?{found}")
        for name in self.values(settings, "repositories"):
            common = urlencode({"sort": "created", "direction": "desc", "per_page": PAGE})
            issues = f"{self.base}/repos/{name}/issues"
            yield Stream(watch=watch, name=name, url=f"{issues}?state=all&{common}")
            yield Stream(watch=watch, name=f"{name} comments", url=f"{issues}/comments?{common}")

    def read(self, page: TextResponse) -> Iterator[Mention]:
        """Yield the issues, comments, reviews or discussions of an answer."""
        data = read_json(page, EXPECTED)
        if isinstance(data, list):
            return _rows(data)
        if not isinstance(data, dict):
            raise unknown(data, EXPECTED)
        if isinstance(data.get("items"), list):
            return _rows(list_of(data["items"]))
        if isinstance(data.get("data"), dict) and (found := list(_discussions(object_of(data["data"])))):
            return iter(found)
        if id_of(data.get("id")) and _is_item(data):
            return _rows([data])
        _refuse(data)
        if not isinstance(data.get("data"), dict):
            raise unknown(data, EXPECTED)
        return iter(())

    def next_page(self, page: TextResponse, mentions: Sequence[Mention]) -> str | None:
        """Return the `next` of the Link header as it is given; in GraphQL the page after the cursor."""
        del mentions
        if urlsplit(page.url).path.endswith("/graphql"):
            return _next_discussions(page)
        found = _NEXT.search((page.headers.get("Link") or b"").decode("latin-1"))
        url = urljoin(page.url, found[1]) if found else ""
        # An answer that sends us elsewhere for its own next page is not followed.
        return url if url and host_of(url) == host_of(page.url) else None

    def thread_url(self, mention: Mention, page: TextResponse) -> str | None:
        """Return the comments on an issue, or a discussion with its own."""
        del page
        place = _PLACE.search(mention.url or "")
        if place is None:
            return None
        if "/discussions/" in (mention.url or ""):
            return f"{self.base}/graphql?{urlencode({_ONE: f'{place[1]}/{place[2]}'})}"
        return f"{self.base}/repos/{place[1]}/issues/{place[2]}/comments?per_page={PAGE}"

    def read_thread(self, page: TextResponse, start: Mention) -> list[Mention]:
        """Return an issue or its comments, with `start` first where it is the issue."""
        found = list(self.read(page))
        if start.kind is Kind.ISSUE:
            below = [one for one in found if one.kind is not Kind.ISSUE]
            return [start, *(replace(one, parent_id=one.parent_id or start.id) for one in below)]
        return found or [start]

    def above(self, thread: Sequence[Mention], page: TextResponse) -> str | None:
        """Return the issue that a list of comments belongs to, where the list was asked for first."""
        asked = re.search(r"/repos/[\w.-]+/[\w.-]+/issues/\d+(?=/comments)", page.url)
        if not asked or any(mention.kind is Kind.ISSUE for mention in thread):
            return None
        return f"{self.base}{asked[0]}"

    def more(self, thread: Sequence[Mention], page: TextResponse) -> Iterator[str]:
        """Yield the next page of comments, and the review comments of a pull request."""
        following = self.next_page(page, thread)
        if following and not urlsplit(page.url).path.endswith("/graphql"):
            yield following
        first = thread[0].url if thread else None
        if first and "/pull/" in first and "/issues/" in page.url and not re.search(r"[?&]page=", page.url):
            place = _PLACE.search(first)
            if place:
                yield f"{self.base}/repos/{place[1]}/pulls/{place[2]}/comments?per_page={PAGE}"

    def headers(self, url: str) -> Mapping[str, str]:
        """Return what the API asks every client to send, and the token where there is one."""
        del url
        common = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        token = self.keys.get("token")
        return {**common, "Authorization": f"Bearer {token}"} if token else common

    def request(self, url: str, headers: Mapping[str, str]) -> Request:
        """Return the request for an address; GraphQL wants its question as a body."""
        parts = urlsplit(url)
        if not parts.path.endswith("/graphql"):
            return Request(url, headers=dict(headers))
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if _ONE in query:
            owner, name, number = query[_ONE].split("/")
            asked = _THREAD
            variables: dict[str, str | int | None] = {"owner": owner, "name": name, "number": int(number)}
        else:
            asked = _SEARCH
            variables = {"q": query.get("q", ""), "first": PAGE_OF_DISCUSSIONS, "after": query.get("after")}
        body = json.dumps({"query": asked, "variables": variables})
        sent = {**headers, "Content-Type": "application/json"}
        return Request(url.partition("?")[0], method="POST", headers=sent, body=body)


def _rows(items: Sequence[Json]) -> Iterator[Mention]:
    rows = [object_of(item) for item in items]
    if rows and not any(_is_item(row) for row in rows):
        raise unknown(list(items), EXPECTED)
    return (found for row in rows if _is_item(row) and (found := _item(row)))


def _is_item(item: JsonObject) -> bool:
    """Tell whether an object is an issue or a comment, rather than an event, a commit or a reaction."""
    if "tag_name" in item or "closed_issues" in item:
        # A release or a milestone.
        return False
    return "body" in item or ("title" in item and "number" in item)


def _item(item: JsonObject) -> Mention | None:
    native = id_of(item.get("id"))
    published = time_of(item.get("created_at")) or time_of(item.get("submitted_at"))
    title = text_of(item.get("title")) if "number" in item else None
    text = text_of(item.get("body")) or ""
    if native is None or published is None or not (title or text):
        return None
    url = text_of(item.get("html_url")) or text_of(object_of(_link(item, "html")).get("href"))
    kind = Kind.ISSUE if title else Kind.COMMENT
    own_id, thread = mention_id("github", _prefix(kind, url) + native), _thread(item, url)
    answered = id_of(item.get("in_reply_to_id"))
    parent = mention_id("github", f"review-comment/{answered}") if answered else None
    return Mention(
        id=own_id,
        source="github",
        native_id=native,
        kind=kind,
        url=url,
        thread_id=thread or own_id,
        parent_id=parent,
        author=_author(object_of(item.get("user"))),
        title=title,
        text=text,
        published_at=published,
        engagement=Engagement(
            score=int_of(object_of(item.get("reactions")).get("total_count")),
            replies=int_of(item.get("comments")),
        ),
    )


def _prefix(kind: Kind, url: str | None) -> str:
    if kind is Kind.ISSUE:
        return ""
    anchor = (url or "").partition("#")[2]
    return next((f"{name}/" for start, name in _ANCHORS.items() if anchor.startswith(start)), "comment/")


def _link(item: JsonObject, name: str) -> Json:
    return object_of(item.get("_links")).get(name)


def _thread(item: JsonObject, url: str | None) -> str | None:
    """Return the thread's id: repository and number, which an issue and all its comments tell."""
    for address in (url, *(text_of(item.get(f"{name}_url")) for name in ("issue", "pull_request"))):
        place = _PLACE.search(address or "")
        if place:
            return mention_id("github", f"{place[1].lower()}/{place[2]}")
    return None


def _author(user: JsonObject) -> Author:
    """Return who wrote it; nobody where the account is no more (`user` is null then)."""
    login = text_of(user.get("login"))
    if login is None:
        return Author()
    url = text_of(user.get("html_url")) or text_of(user.get("url")) or ""
    public = url if host_of(url) and "//api." not in url else f"https://github.com/{quote(login)}"
    return Author(id=id_of(user.get("id")), handle=login, name=text_of(user.get("name")), url=public)


def _discussions(data: JsonObject) -> Iterator[Mention]:
    """Yield the discussions of a GraphQL answer, wherever its question put them, with what is below them.

    The way down is walked without recursion; a comment stands after what it answers.
    """
    waiting: list[tuple[Json, Mention | None]] = [(data, None)]
    told: set[str] = set()
    while waiting:
        value, above = waiting.pop()
        if isinstance(value, list):
            waiting.extend((item, above) for item in reversed(value))
        elif isinstance(value, dict):
            found = _node(value, above)
            if found and found.id not in told:
                told.add(found.id)
                yield found
            below = found or above
            # The chosen answer stands among the comments too, where its place in the talk is told.
            inner = [item for name, item in value.items() if name not in ("author", "category", "answer")]
            inner.append(value.get("answer"))
            waiting.extend((item, below) for item in reversed(inner) if isinstance(item, dict | list))


def _node(node: JsonObject, above: Mention | None) -> Mention | None:
    native, published = id_of(node.get("id")) or id_of(node.get("databaseId")), time_of(node.get("createdAt"))
    title, text = text_of(node.get("title")), text_of(node.get("body")) or text_of(node.get("bodyText"))
    text = text or html_to_text(text_of(node.get("bodyHTML")) or "")
    gone = bool(node.get("deletedAt"))
    if native is None or published is None or not (title or text or gone):
        return None
    url = text_of(node.get("url"))
    place = _PLACE.search(url or "")
    own_id = mention_id("github", native)
    thread = mention_id("github", f"{place[1].lower()}/{place[2]}") if place else None
    count = object_of(node.get("comments")) or object_of(node.get("replies"))
    kind = Kind.COMMENT if title is None else Kind.POST if "/discussions/" in (url or "") else Kind.ISSUE
    votes = int_of(node.get("upvoteCount"))
    reactions = int_of(object_of(node.get("reactions")).get("totalCount"))
    return Mention(
        id=own_id,
        source="github",
        native_id=native,
        kind=kind,
        url=url,
        thread_id=thread or (above.thread_id if above else own_id),
        parent_id=above.id if above and title is None else None,
        author=Author() if gone else _author(object_of(node.get("author"))),
        title=title,
        text=text,
        published_at=published,
        edited_at=time_of(node.get("lastEditedAt")),
        deleted=gone,
        engagement=Engagement(
            score=votes if votes is not None else reactions, replies=int_of(count.get("totalCount"))
        ),
    )


def _next_discussions(page: TextResponse) -> str | None:
    found = object_of(object_of(read_json(page, EXPECTED)).get("data")).get("search")
    told = object_of(object_of(found).get("pageInfo"))
    cursor = text_of(told.get("endCursor"))
    if told.get("hasNextPage") is not True or cursor is None:
        return None
    asked = str(page.request.meta.get("asked", page.url)) if page.request else page.url
    parts = urlsplit(asked)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return f"{asked.partition('?')[0]}?{urlencode({**query, 'after': cursor})}"


def _refuse(data: JsonObject) -> None:
    """Return where an object is no error of GitHub.

    Raises:
        SourceError: it is one; the class says which kind.
    """
    for item in list_of(data.get("errors")):
        error = object_of(item)
        if error.get("type") == "RATE_LIMITED":
            raise SourceBusy(f"GitHub says {text_of(error.get('message'))!r}")
        refuse_error(error)
    refuse_error(data)
