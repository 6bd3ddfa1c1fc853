"""Which sources a watch can be told to read, and the settings of each, as fields of a form.

The web may not import the crawlers, so whoever makes the app hands the list in; this is the built-in one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingField:
    """One setting of a source."""

    #: Its key in `Watch.sources[source]`.
    name: str
    label: str
    hint: str = ""
    #: True for a list, written one per line; False for one line of text.
    many: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceForm:
    """One source as a form shows it."""

    name: str
    title: str
    hint: str = ""
    fields: tuple[SettingField, ...] = ()
    #: True where nothing can be read without a credential.
    needs_key: bool = False


def _lines(name: str, label: str, hint: str) -> SettingField:
    return SettingField(name=name, label=label, hint=f"One per line, such as {hint}")


KNOWN_SOURCES = (
    SourceForm(name="hackernews", title="Hacker News", hint="Stories and comments."),
    SourceForm(
        name="mastodon",
        title="Mastodon",
        hint="Public posts with a hashtag, on the servers you name.",
        fields=(
            _lines("servers", "Servers", "mastodon.social"),
            SettingField(name="tags", label="More hashtags", hint="One per line; the names count anyway"),
        ),
    ),
    SourceForm(name="bluesky", title="Bluesky", hint="Public posts. Needs an app password.", needs_key=True),
    SourceForm(
        name="reddit",
        title="Reddit",
        hint="Posts and comments.",
        fields=(SettingField(name="subreddits", label="Communities", hint="One per line; empty for all"),),
    ),
    SourceForm(
        name="lemmy",
        title="Lemmy",
        hint="Posts and comments, as the servers you name know them.",
        fields=(_lines("servers", "Servers", "lemmy.world"),),
    ),
    SourceForm(
        name="stackexchange",
        title="Stack Exchange",
        hint="Questions, answers and comments.",
        fields=(_lines("sites", "Sites", "stackoverflow"),),
    ),
    SourceForm(
        name="github",
        title="GitHub",
        hint="Issues and discussions.",
        fields=(_lines("repositories", "Repositories", "acme/desktop"),),
    ),
    SourceForm(
        name="discourse",
        title="Discourse forums",
        fields=(_lines("forums", "Forums", "community.example.com"),),
    ),
    SourceForm(
        name="feed",
        title="Feeds",
        hint="RSS, Atom or JSON feeds of blogs, forums and news.",
        fields=(_lines("feeds", "Addresses", "https://blog.example/feed.xml"),),
    ),
    SourceForm(
        name="web",
        title="Web pages",
        hint="Articles on pages that you name.",
        fields=(
            _lines("pages", "Pages", "https://blog.example/news"),
            _lines("sitemaps", "Sitemaps", "https://blog.example/sitemap.xml"),
        ),
    ),
    SourceForm(
        name="appstore",
        title="App Store",
        hint="Reviews of apps.",
        fields=(_lines("apps", "App ids", "310633997"), _lines("countries", "Countries", "us")),
    ),
    SourceForm(
        name="youtube",
        title="YouTube",
        hint="Comments. Needs a key.",
        needs_key=True,
        fields=(
            _lines("channels", "Channels", "UCxxxxxxxxxxxxxxxxxxxxxx"),
            _lines("videos", "Videos", "dQw4w9WgXcQ"),
        ),
    ),
    SourceForm(name="x", title="X", hint="Posts. Needs a key and costs money per post.", needs_key=True),
)
