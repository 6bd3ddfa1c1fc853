"""YouTube through its Data API v3: videos that name the product, and the comments below them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit
from zoneinfo import ZoneInfo

from lxml import etree
from scrapy import Request
from scrapy.http import TextResponse

from core.errors import EarfulError, SourceBlocked, SourceBusy, SourceChanged, SourceGone
from core.mention import Author, Engagement, Kind, Mention, mention_id
from core.source_form import SettingField
from core.watch import SourceSettings, Watch
from crawlers.budget import Budget, midnight_after
from crawlers.page import JsonObject, id_of, int_of, list_of, object_of, read_json, text_of, time_of
from crawlers.refusals import refusal_of, refuse_page, unknown
from crawlers.source import Source, names_of
from crawlers.stream import Lookup, Stream
from crawlers.text import html_to_text
from crawlers.xml_tree import child, child_text, name_of, read_xml

EXPECTED = "expected a list of the YouTube Data API (videos, comments or a search), or a channel's feed"
_OF, _PART = "/youtube/v3/", "part=snippet"
SITE = "https://www.youtube.com"
#: Items a page: the most that a search gives, and that a list of comments gives.
PAGE, COMMENTS = 50, 100
#: The service's days begin at midnight there.
PACIFIC = ZoneInfo("America/Los_Angeles")
#: Calls a day that the service allows for searches and for all else, and what is left for others' use.
SEARCHES, UNITS = 100, 10_000
RESERVE = 0.05

_CHANNEL = re.compile(r"UC[\w-]{22}")
_VIDEO = re.compile(r"[\w-]{11}")
#: States of a comment that only the channel's owner sees.
_WITHHELD = frozenset(("heldForReview", "likelySpam", "rejected"))
#: Reasons of a refusal that come to an end by themselves.
_QUOTA = frozenset(("quotaExceeded", "dailyLimitExceeded"))
_TOO_FAST = frozenset(("rateLimitExceeded", "userRateLimitExceeded", "backendError", "processingFailure"))
_GONE = re.compile(r"not ?found|commentsDisabled|videoUnavailable", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a comment stands, as far as the list around it tells, and whether its text is plain."""

    plain: bool
    video: str | None = None
    channel: str | None = None
    parent: str | None = None


class YouTube(Source):
    """Read YouTube."""

    name = "youtube"
    title = "YouTube"
    summary = "Videos and the comments below them."
    fields = (
        SettingField(
            name="channels",
            label="Channels",
            example="UCacmeacmeacmeacmeacmeac",
            noun="channel id",
            form=r"UC[\w-]{22}",
            hint="Without a key only their newest videos.",
        ),
        SettingField(
            name="videos", label="Videos", example="dQw4w9WgXcQ", noun="video id", form=r"[\w-]{11}"
        ),
    )
    about = (
        "Videos that name the product, a rival or an alias, with their comments; the comments below all "
        "videos of the channels in `channels`, and below `videos`. Through the Data API v3 with a key: "
        "100 searches and 10,000 other calls a day, spread over the day. YouTube's terms of service hold "
        "(www.youtube.com/t/terms): what is stored is read again or deleted within 30 days. Without a key, "
        "the newest 15 videos of `channels`, where robots.txt allows it."
    )
    home = "https://www.googleapis.com"
    key_fields: ClassVar[Mapping[str, str]] = {
        "api_key": "search and comments; make a project under console.cloud.google.com, switch on YouTube "
        "Data API v3 and create an API key"
    }
    reach = "the newest 500 videos that a search finds, and all comments below them"
    lookups = (
        Lookup(path=f"{_OF}videos?{_PART},statistics&id={{ids}}", at_once=50, of="^.{11}$", key="api_key"),
        Lookup(path=f"{_OF}comments?{_PART}&textFormat=plainText&id={{ids}}", at_once=50, key="api_key"),
    )

    def __init__(self, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]  # handed on as they are
        self._budgets: dict[bool, Budget] = {}

    def streams(self, watch: Watch, settings: SourceSettings) -> Iterable[Stream]:
        """Return a search for each name, and the comments of channels and videos; without a key, feeds.

        Raises:
            SourceBlocked: there is neither a key nor a channel.
        """
        self.check_settings(settings)
        channels, videos = self.values(settings, "channels"), self.values(settings, "videos")
        if not self.keys.get("api_key"):
            if not channels:
                raise SourceBlocked("YouTube needs an API key, or `channels` to read the feeds of")
            for channel in channels:
                url = f"{self.base_url or SITE}/feeds/videos.xml?channel_id={channel}"
                yield Stream(watch=watch, name=channel, url=url, conditional=True)
            return
        for name in names_of(watch.brands):
            phrase = '"' + name.replace('"', " ") + '"'
            query = {"part": "snippet", "type": "video", "order": "date", "q": phrase}
            yield Stream(watch=watch, name=phrase, url=self._api("search", query, PAGE))
        for channel in channels:
            url = self._comments(allThreadsRelatedToChannelId=channel)
            yield Stream(watch=watch, name=f"comments of {channel}", url=url)
        for video in videos:
            yield Stream(watch=watch, name=f"comments below {video}", url=self._comments(videoId=video))

    def read(self, page: TextResponse) -> Iterator[Mention]:
        """Yield videos and comments, what is answered first."""
        if page.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
            refuse_page(page)
            return _feed(read_xml(page.body, EXPECTED))
        data = read_json(page, EXPECTED)
        if not isinstance(data, dict):
            raise unknown(data, EXPECTED)
        if "error" in data:
            _refuse(data, self.clock.now())
        plain = parse_qs(urlsplit(page.url).query).get("textFormat") == ["plainText"]
        items = [object_of(item) for item in list_of(data.get("items"))] or [data]
        if not str(data.get("kind")).startswith("youtube#") and not any("snippet" in item for item in items):
            raise unknown(data, EXPECTED)
        found = [mention for item in items for mention in _item(item, plain=plain)]
        return iter({mention.id: mention for mention in found}.values())

    def next_page(self, page: TextResponse, mentions: Sequence[Mention]) -> str | None:
        """Return the next page by its token."""
        del mentions
        if page.body.lstrip()[:1] == b"<":
            return None
        token = text_of(object_of(read_json(page, EXPECTED)).get("nextPageToken"))
        if token is None:
            return None
        parts = urlsplit(page.url)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        return f"{parts.scheme}://{parts.netloc}{parts.path}?{urlencode({**query, 'pageToken': token})}"

    def thread_url(self, mention: Mention, page: TextResponse) -> str | None:
        """Return the comments below a video, or a comment with its answers; None without a key."""
        del page
        if not self.keys.get("api_key") or mention.engagement.replies == 0:
            return None
        if mention.kind is Kind.POST:
            return self._comments(videoId=mention.native_id)
        top = mention.native_id.partition(".")[0]
        return self._comments(id=top)

    def read_thread(self, page: TextResponse, start: Mention) -> list[Mention]:
        """Return comments below the video or comment that they belong to."""
        found = {mention.id: _placed(mention, start) for mention in self.read(page)}
        if start.kind is Kind.POST or start.id not in found:
            found = {start.id: found.pop(start.id, start), **found}
        return list(found.values())

    def more(self, thread: Sequence[Mention], page: TextResponse) -> Iterator[str]:
        """Yield the next page of comments, and the answers that are not shown beside their comment."""
        del thread
        following = self.next_page(page, ())
        if following:
            yield following
        for item in list_of(object_of(read_json(page, EXPECTED)).get("items")):
            snippet, replies = (object_of(object_of(item).get(name)) for name in ("snippet", "replies"))
            told, top = int_of(snippet.get("totalReplyCount")) or 0, id_of(object_of(item).get("id"))
            if top and told > len(list_of(replies.get("comments"))):
                query = {"part": "snippet", "parentId": top, "textFormat": "plainText"}
                yield self._api("comments", query, COMMENTS)

    def headers(self, url: str) -> Mapping[str, str]:
        """Return the key, in a header so that no log shows it, and count the call.

        Raises:
            SourceBusy: the day's calls are used up, or it is too early for the next.
        """
        key = self.keys.get("api_key")
        if not key or "/youtube/v3/" not in url or not url.startswith(f"{self.base}/"):
            return {}
        if self.crawl is not None:
            budget = self._budget(searches="/youtube/v3/search?" in url)
            budget.check()
            budget.use()
        return {"X-Goog-Api-Key": key}

    def request(self, url: str, headers: Mapping[str, str]) -> Request:
        """Return a request; an API asked with a key is no matter of robots.txt, a channel's feed is."""
        return Request(url, headers=dict(headers), meta={"dont_obey_robotstxt": "X-Goog-Api-Key" in headers})

    def refused(self, page: TextResponse, now: datetime) -> EarfulError | None:
        """Return what a refusal means: the body tells the reason."""
        return refusal_of(lambda: _refuse(object_of(read_json(page, EXPECTED)), now))

    def _budget(self, *, searches: bool) -> Budget:
        if searches not in self._budgets and self.crawl is not None:
            calls = SEARCHES if searches else UNITS
            self._budgets[searches] = Budget(
                store=self.crawl.store,
                clock=self.clock,
                source=self.name,
                name="searches" if searches else "units",
                limit=calls * (1 - RESERVE),
                title=f"the day's {calls} {'searches' if searches else 'calls'}",
                zone=PACIFIC,
                even=searches,
            )
        return self._budgets[searches]

    def _api(self, path: str, query: Mapping[str, str], results: int) -> str:
        return f"{self.base}/youtube/v3/{path}?{urlencode({**query, 'maxResults': results})}"

    def _comments(self, **of: str) -> str:
        query = {"part": "snippet,replies", "order": "time", "textFormat": "plainText", **of}
        return self._api("commentThreads", query, COMMENTS)


def _item(item: JsonObject, *, plain: bool) -> Iterator[Mention]:
    """Yield what one item of a list says: a video, or a comment with the answers shown beside it."""
    snippet = object_of(item.get("snippet"))
    kind = _kind(item, snippet)
    found: list[Mention | None] = []
    if kind == "commentThread":
        top, replies = object_of(snippet.get("topLevelComment")), int_of(snippet.get("totalReplyCount"))
        place = _Place(plain, id_of(snippet.get("videoId")), id_of(snippet.get("channelId")))
        found = [_comment(top, place, replies=replies)]
        answers = [object_of(one) for one in list_of(object_of(item.get("replies")).get("comments"))]
        answers.sort(key=lambda one: str(object_of(one.get("snippet")).get("publishedAt")))
        place = replace(place, parent=id_of(top.get("id")) or id_of(item.get("id")))
        found += [_comment(one, place) for one in answers]
    elif kind == "comment":
        found = [_comment(item, _Place(plain))]
    elif kind in ("video", "searchResult"):
        found = [_video(item, is_hit=kind == "searchResult")]
    yield from filter(None, found)


def _kind(item: JsonObject, snippet: JsonObject) -> str:
    """Return what an item is, by its own word or by what it holds; nothing for what only owners see."""
    if text_of(snippet.get("moderationStatus")) in _WITHHELD:
        return ""
    if told := text_of(item.get("kind")):
        return told.removeprefix("youtube#")
    if "topLevelComment" in snippet:
        return "commentThread"
    return "comment" if "textDisplay" in snippet or "textOriginal" in snippet else ""


def _placed(mention: Mention, start: Mention) -> Mention:
    """Return a comment below the video of `start`, where the list of answers does not name it."""
    if mention.thread_id == start.thread_id or mention.thread_id != mention.parent_id:
        return mention
    url = f"{start.thread_id.removeprefix('youtube:')}&lc={mention.native_id}"
    return replace(mention, thread_id=start.thread_id, url=f"{SITE}/watch?v={url}")


def _comment(item: JsonObject, place: _Place, replies: int | None = None) -> Mention | None:
    snippet, native = object_of(item.get("snippet")), id_of(item.get("id"))
    published, updated = time_of(snippet.get("publishedAt")), time_of(snippet.get("updatedAt"))
    shown = text_of(snippet.get("textDisplay")) or ""
    text = text_of(snippet.get("textOriginal")) or (shown if place.plain else html_to_text(shown))
    if native is None or published is None or not text.strip():
        return None
    video, parent = (
        place.video or id_of(snippet.get("videoId")),
        id_of(snippet.get("parentId")) or place.parent,
    )
    if parent is None and "." in native:
        parent = native.partition(".")[0]
    above = parent or video
    return Mention(
        id=mention_id("youtube", native),
        source="youtube",
        native_id=native,
        kind=Kind.COMMENT,
        url=_url(native, video, place.channel),
        thread_id=mention_id("youtube", video or parent or native),
        parent_id=mention_id("youtube", above) if above else None,
        author=_commenter(snippet),
        text=text,
        published_at=published,
        edited_at=updated if updated and updated != published else None,
        engagement=Engagement(score=int_of(snippet.get("likeCount")), replies=replies),
    )


def _commenter(snippet: JsonObject) -> Author:
    name = text_of(snippet.get("authorDisplayName"))
    return Author(
        id=id_of(object_of(snippet.get("authorChannelId")).get("value")),
        handle=name.removeprefix("@") if name else None,
        name=name,
        url=text_of(snippet.get("authorChannelUrl")),
    )


def _video(item: JsonObject, *, is_hit: bool) -> Mention | None:
    """Return a video; None for a hit that is a channel or a playlist."""
    native = id_of(object_of(item.get("id")).get("videoId")) if is_hit else id_of(item.get("id"))
    snippet, figures = object_of(item.get("snippet")), object_of(item.get("statistics"))
    published = time_of(snippet.get("publishedAt"))
    told = [text_of(snippet.get(name)) or "" for name in ("title", "description", "channelTitle")]
    # Only the search escapes what it tells.
    title, text, channel = [html.unescape(one) for one in told] if is_hit else told
    if native is None or published is None or not (title or text.strip()):
        return None
    channel_id, own_id = id_of(snippet.get("channelId")), mention_id("youtube", native)
    link = f"{SITE}/channel/{channel_id}" if channel_id else None
    return Mention(
        id=own_id,
        source="youtube",
        native_id=native,
        kind=Kind.POST,
        url=f"{SITE}/watch?v={native}",
        thread_id=own_id,
        author=Author(id=channel_id, handle=channel, name=channel, url=link),
        title=" ".join(title.split()) or None,
        text=text,
        language=text_of(snippet.get("defaultAudioLanguage")) or text_of(snippet.get("defaultLanguage")),
        published_at=published,
        engagement=Engagement(
            score=_figure(figures.get("likeCount")),
            replies=_figure(figures.get("commentCount")),
            views=_figure(figures.get("viewCount")),
        ),
    )


def _feed(root: etree._Element) -> Iterator[Mention]:
    if name_of(root) != "feed":
        raise SourceChanged(f"XML that begins with {name_of(root)!r}; {EXPECTED}")
    return iter([found for entry in root if name_of(entry) == "entry" and (found := _entry(entry))])


def _entry(entry: etree._Element) -> Mention | None:
    """Return a video of a channel's feed, told as the API tells one."""
    figures = child(entry, "group", "community", "statistics")
    snippet: JsonObject = {
        "publishedAt": child_text(entry, "published"),
        "title": child_text(entry, "title"),
        "description": child_text(entry, "group", "description"),
        "channelId": child_text(entry, "channelId"),
        "channelTitle": child_text(entry, "author", "name"),
    }
    views = {"viewCount": figures.get("views")} if figures is not None else {}
    return _video({"id": child_text(entry, "videoId"), "snippet": snippet, "statistics": views}, is_hit=False)


def _url(native: str, video: str | None, channel: str | None) -> str | None:
    """Return where a comment stands: below a video, or as old ones do on a channel's own page."""
    if video:
        return f"{SITE}/watch?v={video}&lc={native}"
    return f"{SITE}/channel/{channel}/discussion?lc={native}" if channel else None


def _refuse(data: JsonObject, now: datetime) -> None:
    """Return where an answer is no error body.

    Raises:
        SourceError: it is one; the class says which kind.
    """
    error = object_of(data.get("error"))
    if not error:
        return
    reasons = [text_of(object_of(one).get("reason")) for one in list_of(error.get("errors"))]
    reason = next(filter(None, reasons), None) or text_of(error.get("status")) or str(error.get("code"))
    message = f"YouTube says {reason}: {(text_of(error.get('message')) or '')[:200]!r}"
    if reason in _QUOTA:
        raise SourceBusy(message, until=midnight_after(now, PACIFIC))
    if reason in _TOO_FAST or reason == "RESOURCE_EXHAUSTED":
        raise SourceBusy(message)
    if _GONE.search(reason):
        raise SourceGone(message)
    raise SourceBlocked(message)


def _figure(value: object) -> int | None:
    """Return a number that the service writes as a text."""
    return int(value) if isinstance(value, str) and value.isdecimal() else None
