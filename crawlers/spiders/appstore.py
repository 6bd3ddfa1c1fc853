"""Apple's App Store: the reviews of apps, country by country, through the feeds that the store shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from lxml import etree
from scrapy.http import TextResponse

from core.errors import SourceChanged
from core.mention import MAX_RATING, Author, Engagement, Kind, Mention, mention_id
from core.source_form import SettingField
from core.watch import SourceSettings, Watch
from crawlers.page import JsonObject, id_of, list_of, object_of, read_json, text_of, time_of
from crawlers.refusals import refuse_page, unknown
from crawlers.source import Source
from crawlers.stream import Stream
from crawlers.text import html_to_text
from crawlers.xml_tree import child, child_text, name_of, read_xml, text_within

EXPECTED = "expected a feed of customer reviews: JSON with `feed`, or Atom"
#: Pages that the store shows of one country.
LAST_PAGE = 10
#: Countries read where the settings name none.
DEFAULT_COUNTRIES = ("us", "gb")
#: Seconds between two requests: the store shuts out those who ask more than some 20 times a minute.
DELAY = 3.0

_PAGE = re.compile(r"/page=(\d{1,3})/")
_ACCOUNT = re.compile(r"/id(\d+)")
_APP = re.compile(r"(?:id)?(\d{5,12})")
_COUNTRY = re.compile(r"[a-z]{2}")


class AppStore(Source):
    """Read App Store reviews."""

    name = "appstore"
    title = "App Store"
    summary = "Reviews of apps, country by country."
    fields = (
        SettingField(
            name="apps",
            label="App ids",
            example="595068606",
            noun="app id",
            form=r"(?:id)?\d{6,12}",
            required=True,
            hint="The number behind `id` in the address of the app on apps.apple.com.",
        ),
        SettingField(
            name="countries",
            label="Countries",
            example="us",
            noun="country",
            form=r"[a-z]{2}",
            default=DEFAULT_COUNTRIES,
        ),
    )
    about = (
        "Every review of the apps that the setting `apps` lists by their ids, in the countries of "
        "`countries` (us and gb where there are none). Developers' answers are not in these feeds, and a "
        "review has no address of its own: its link leads to the app's reviews. No key; no limits are told."
    )
    home = "https://itunes.apple.com"
    reach = "the newest 500 reviews of each app and country"
    max_pages: ClassVar[int] = LAST_PAGE
    custom_settings: ClassVar[dict[str, object]] = {
        "DOWNLOAD_SLOTS": {"itunes.apple.com": {"delay": DELAY, "concurrency": 1, "jitter": 0.2}}
    }

    def streams(self, watch: Watch, settings: SourceSettings) -> Iterable[Stream]:
        """Return the reviews of each app in each country."""
        self.check_settings(settings)
        for app in dict.fromkeys(app.removeprefix("id") for app in self.values(settings, "apps")):
            for country in dict.fromkeys(one.lower() for one in self.values(settings, "countries")):
                path = f"{country}/rss/customerreviews/page=1/id={app}/sortby=mostrecent/json"
                yield Stream(watch=watch, name=f"{app}@{country}", url=f"{self.base}/{path}")

    def read(self, page: TextResponse) -> Iterator[Mention]:
        """Yield the reviews of one page, in either form that the store gives."""
        if page.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
            refuse_page(page)
            yield from self._feed(read_xml(page.body, EXPECTED))
            return
        data = read_json(page, EXPECTED)
        feed = data.get("feed") if isinstance(data, dict) else None
        if not isinstance(feed, dict):
            raise unknown(data, EXPECTED)
        entries = feed.get("entry")
        # A single review comes as an object instead of a list.
        for entry in [entries] if isinstance(entries, dict) else list_of(entries):
            if found := self._review(_from_json(object_of(entry))):
                yield found

    def next_page(self, page: TextResponse, mentions: Sequence[Mention]) -> str | None:
        """Return the next of ten pages; None behind a page without reviews."""
        asked = _PAGE.search(page.url)
        if not asked or not mentions or int(asked[1]) >= LAST_PAGE:
            return None
        return f"{page.url[: asked.start()]}/page={int(asked[1]) + 1}/{page.url[asked.end() :]}"

    def matches(self, watch: Watch, mention: Mention) -> bool:
        """Take every review of a watched app: few say its name. The watch's other words count."""
        said = f"{watch.product.name}\n{mention.said}"
        return watch.matches(said)

    def _feed(self, root: etree._Element) -> Iterator[Mention]:
        if name_of(root) != "feed":
            raise SourceChanged(f"XML that begins with {name_of(root)!r}; {EXPECTED}")
        for entry in root:
            if name_of(entry) == "entry" and (found := self._review(_from_xml(entry))):
                yield found

    def _review(self, told: Mapping[str, str | None]) -> Mention | None:
        """Return one review; None for the app itself, which stands first in old feeds without a rating."""
        native, rating = told["id"], _number(told["rating"])
        if native is None or rating is None or not 1 <= rating <= MAX_RATING:
            return None
        title, text = " ".join((told["title"] or "").split()), told["text"] or ""
        if not title and not text.strip():
            return None
        known: datetime | None = time_of(told["updated"])
        account = _ACCOUNT.search(told["author_url"] or "")
        own_id = mention_id("appstore", native)
        return Mention(
            id=own_id,
            source="appstore",
            native_id=native,
            kind=Kind.REVIEW,
            url=told["link"],
            thread_id=own_id,
            author=Author(
                id=account[1] if account else None,
                handle=told["author"],
                name=told["author"],
                url=told["author_url"],
            ),
            title=title or None,
            text=text,
            published_at=known or self.clock.now(),
            published_known=known is not None,
            rating=rating,
            engagement=Engagement(score=_number(told["votes"])),
        )


def _from_json(entry: JsonObject) -> dict[str, str | None]:
    author = object_of(entry.get("author"))
    link = entry.get("link")
    links = [object_of(one) for one in (list_of(link) or [link])]
    return {
        "id": _label(entry, "id"),
        "rating": _label(entry, "im:rating"),
        "title": _label(entry, "title"),
        "text": _label(entry, "content"),
        "updated": _label(entry, "updated"),
        "votes": _label(entry, "im:voteSum"),
        "author": _label(author, "name"),
        "author_url": _label(author, "uri"),
        "link": next(
            filter(None, (text_of(object_of(one.get("attributes")).get("href")) for one in links)), None
        ),
    }


def _from_xml(entry: etree._Element) -> dict[str, str | None]:
    link = child(entry, "link")
    texts = [one for one in entry if name_of(one) == "content"]
    # The same review stands there as plain text and as a table in HTML.
    plain = next((one for one in texts if one.get("type") in (None, "text")), None)
    author = child(entry, "author")
    return {
        "id": _stripped(child_text(entry, "id")),
        "rating": child_text(entry, "rating"),
        "title": child_text(entry, "title"),
        "text": text_within(plain) if plain is not None else html_to_text(child_text(entry, "content") or ""),
        "updated": _stripped(child_text(entry, "updated")),
        "votes": child_text(entry, "voteSum"),
        "author": _stripped(child_text(author, "name")) if author is not None else None,
        "author_url": _stripped(child_text(author, "uri")) if author is not None else None,
        "link": link.get("href") if link is not None else None,
    }


def _label(entry: JsonObject, name: str) -> str | None:
    """Return a field's value; of several forms, as the text stands in plain and in HTML, the plain one."""
    value = entry.get(name)
    forms = [object_of(one) for one in (list_of(value) or [value])]
    forms.sort(key=lambda one: object_of(one.get("attributes")).get("type") == "html")
    return id_of(forms[0].get("label"))


def _stripped(text: str | None) -> str | None:
    return text.strip() if text else None


def _number(text: str | None) -> int | None:
    try:
        return int(text) if text else None
    except ValueError:
        return None
