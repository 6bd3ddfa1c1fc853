"""The base of every source: what it is called, what it asks for, and how it reads an answer.

A source is one file in `crawlers/spiders/` with one subclass of `Source`. It says which lists it reads
(`streams`), turns one answer into mentions (`read`, pure: no network, no store), and tells where the next
page (`next_page`) and the conversation around a match (`thread_url`) are. Walking the lists, matching,
threads, cursors, waiting and health are the same for all and live beside this file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import urlsplit

import scrapy
from scrapy.http import TextResponse

from core.clock import Clock, SystemClock
from core.errors import ConfigError, EarfulError
from core.mention import Mention
from core.source_form import SettingField, SourceForm
from core.watch import Brand, SourceSettings, Watch
from crawlers.crawl import Crawl
from crawlers.freshness import Recheck, by_lookup, by_thread
from crawlers.stream import Lookup, Stream

#: A product that nobody names: what asks for it costs nothing at services that charge by the post.
PROBE = "Zqvearfulprobe"

#: One server by its name, with a port where it is not the usual one.
SERVER = r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?"

#: How far back a source reads when it is read for the first time and nobody says how far.
DEFAULT_SINCE = timedelta(days=30)


class Source(scrapy.Spider, ABC):  # type: ignore[misc]  # scrapy's types are skipped
    """One public place, read the way its owner allows."""

    #: The source's name in commands, watches and mention ids.
    name: ClassVar[str]
    #: The name that people read.
    title: ClassVar[str]
    #: One paragraph for `docs/sources.md`: what is read, and under which terms.
    about: ClassVar[str]
    #: What is read, in a few words.
    summary: ClassVar[str] = ""
    #: What a watch may set, as fields of a form.
    fields: ClassVar[Sequence[SettingField]] = ()
    #: Address that `--base-url` replaces; empty where each watch names its own servers.
    home: ClassVar[str] = ""
    #: True where nothing can be read without a credential.
    needs_key: ClassVar[bool] = False
    #: Names of the credentials it can use, and what each adds.
    key_fields: ClassVar[Mapping[str, str]] = {}
    #: What `--since` can reach, in words.
    reach: ClassVar[str] = "as far back as the service shows"
    #: Most pages of one stream in one crawl; the next crawl goes on where this one stopped.
    max_pages: ClassVar[int] = 25
    #: Most mentions kept of one thread.
    max_thread: ClassVar[int] = 500
    #: True where `read` may take long (a child process): it then runs beside the reactor.
    reads_slowly: ClassVar[bool] = False
    #: True where the service answers 403 when it means "wait" (Reddit's feeds since 2026: FreshRSS#8928).
    forbidden_means_wait: ClassVar[bool] = False
    #: Addresses that show many stored items by their ids; empty where `recheck` reads their threads instead.
    lookups: ClassVar[Sequence[Lookup]] = ()
    #: True where a conversation is shown whole, so that what it no longer holds is deleted.
    absent_means_gone: ClassVar[bool] = False
    #: True where the same entry comes again under other ids: its address and words then tell it.
    ids_change: ClassVar[bool] = False
    #: True where the terms want what is deleted there to be deleted here within 24 hours.
    recheck_daily: ClassVar[bool] = False

    def __init__(
        self,
        *,
        crawl: Crawl | None = None,
        base_url: str = "",
        clock: Clock | None = None,
        keys: Mapping[str, str] | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        self.crawl = crawl
        #: Empty, or the operator's other address for this source, without a slash at its end.
        self.base_url = base_url.rstrip("/")
        self.clock = clock or SystemClock()
        self.keys = dict(keys or {})

    @property
    def base(self) -> str:
        """The address that the source's own paths stand below."""
        return self.base_url or self.home

    @classmethod
    def default_settings(cls, product: str) -> SourceSettings | None:
        """Return the settings of a watch made from a bare product name; None to leave the source out."""
        del product
        return None

    @classmethod
    def check_settings(cls, settings: SourceSettings) -> None:
        """Return where a watch's settings can be read.

        Raises:
            InputError: a setting is missing or not of its form; the message names it.
        """
        for field in cls.fields:
            field.check(cls.name, settings)

    @classmethod
    def values(cls, settings: SourceSettings, name: str) -> list[str]:
        """Return the values of a setting that `fields` declares, once each."""
        return next(field.values(settings) for field in cls.fields if field.name == name)

    @classmethod
    def form(cls) -> SourceForm:
        """Return the source as a form of the web shows it."""
        return SourceForm(
            name=cls.name,
            title=cls.title,
            hint=cls.summary,
            fields=tuple(cls.fields),
            defaults=cls.default_settings(PROBE),
            needs_key=cls.needs_key,
            keys=cls.key_fields,
            key_per_server=cls.key_per_server(),
        )

    @classmethod
    def key_per_server(cls) -> bool:
        """Tell whether each server gives out keys of its own, which are then called `token@HOST`."""
        return bool(cls.key_fields) and not cls.home

    @classmethod
    def probe_settings(cls, host: str) -> SourceSettings:
        """Return the settings of the one request that tells whether a key is good; `host` gave the key."""
        own = {"servers": [host], "forums": [host]} if host else {}
        return {**(cls.default_settings(PROBE) or {}), **own}

    @abstractmethod
    def streams(self, watch: Watch, settings: SourceSettings) -> Iterable[Stream]:
        """Return the lists to read for a watch."""

    @abstractmethod
    def read(self, page: TextResponse) -> Iterator[Mention]:
        """Yield the mentions of one answer, parents before children. Pure: no network, no store.

        A deleted item is left out, or yielded with `deleted` where others stand below it.

        Raises:
            SourceChanged: the answer has not the shape that is known; the message says what was expected.
            SourceError: it is an error body or a block page; the class says which kind.
        """

    def next_page(self, page: TextResponse, mentions: Sequence[Mention]) -> str | None:
        """Return the address of the next, older page; None at the end."""
        del page, mentions
        return None

    def thread_url(self, mention: Mention, page: TextResponse) -> str | None:
        """Return where the conversation around a match is shown; None where it is not shown apart."""
        del mention, page
        return None

    def read_thread(self, page: TextResponse, start: Mention) -> list[Mention]:
        """Return the conversation of a thread's answer with `start` in it."""
        del start
        return list(self.read(page))

    def above(self, thread: Sequence[Mention], page: TextResponse) -> str | None:
        """Return a wider view of a thread's answer that is worth asking for as well."""
        del thread, page
        return None

    def more(self, thread: Sequence[Mention], page: TextResponse) -> Iterable[str]:
        """Return the addresses of what one answer of a conversation leaves out: later pages, stubs."""
        del thread, page
        return ()

    def recheck(self, mentions: Sequence[Mention]) -> Iterable[Recheck]:
        """Return what to ask to learn what became of stored mentions: look-ups by id, else their threads.

        Nothing is asked about a mention of which no address is known.
        """
        return by_lookup(self, mentions) if self.lookups else by_thread(self, mentions)

    def is_placed(self, mention: Mention) -> bool:
        """Tell whether a mention's thread is known without reading the conversation around it."""
        del mention
        return True

    def matches(self, watch: Watch, mention: Mention) -> bool:
        """Tell whether a watch wants a mention for its own sake."""
        return watch.matches(mention.said)

    def handles(self, mention: Mention) -> tuple[str, ...]:
        """Return the forms in which a watch may name the author as one of our own."""
        return (mention.author.handle,) if mention.author.handle else ()

    def headers(self, url: str) -> Mapping[str, str]:
        """Return what is sent with a request beside the common headers, such as a token."""
        del url
        return {}

    def request(self, url: str, headers: Mapping[str, str]) -> scrapy.Request:
        """Return the request that asks for an address, where it is more than a GET of just that.

        What a key adds to the address stays out of cursors: the answer counts as that of `url`.
        """
        return scrapy.Request(url, headers=dict(headers))

    async def renew(self, refused: str) -> bool:
        """Get a token in place of the one that was `refused`; tell whether there is one to ask again with."""
        del refused
        return False

    def refused(self, page: TextResponse, now: datetime) -> EarfulError | None:
        """Return what a refusal (400 to 499) means, where its body says other than its status; else None."""
        del page, now
        return None

    def busy_until(self, page: TextResponse, now: datetime) -> datetime | None:
        """Return a moment that an answer's body names, before which its host wants no request; else None."""
        del page, now
        return None

    async def start(self) -> AsyncIterator[object]:
        """Read every stream of every watch; called by Scrapy."""
        if self.crawl is None:
            raise ConfigError(f"{self.name} is read by `earful crawl`, which brings the store")
        await self.crawl.run(self)
        # What was read is in the store already: Scrapy is handed neither items nor requests.
        nothing: tuple[object, ...] = ()
        for one in nothing:
            yield one

    def parse(self, response: TextResponse) -> Iterator[Mention]:
        """Read one answer, as Scrapy's shell and contracts call it."""
        return self.read(response)


def origin(url: str) -> tuple[str, int]:
    """Return host and port of an address.

    Raises:
        ConfigError: it is no http or https address.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"{url!r} is no address: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"{url!r} is no http:// or https:// address")
    return parts.hostname, port or {"http": 80, "https": 443}[parts.scheme]


def names_of(brands: Iterable[Brand]) -> tuple[str, ...]:
    """Return every name of every brand once, whatever its case."""
    names: dict[str, str] = {}
    for brand in brands:
        for name in brand.names:
            names.setdefault(name.casefold(), name)
    return tuple(names.values())
