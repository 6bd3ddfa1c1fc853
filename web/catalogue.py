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


KNOWN_SOURCES = (
    SourceForm(name="hackernews", title="Hacker News", hint="Stories and comments. Needs nothing else."),
    SourceForm(
        name="mastodon",
        title="Mastodon",
        hint="Public posts with a hashtag, on the servers you name.",
        fields=(
            SettingField(name="servers", label="Servers", hint="One per line, such as mastodon.social"),
            SettingField(name="tags", label="Hashtags", hint="One per line; empty for the product's name"),
        ),
    ),
    SourceForm(
        name="feed",
        title="Feeds",
        hint="RSS, Atom or JSON feeds of blogs, forums and news.",
        fields=(SettingField(name="feeds", label="Addresses", hint="One per line, starting with https://"),),
    ),
)
