"""Which language a page speaks, and the texts that Python says on it.

English is the source: every text stands in the code. A language is one catalogue more, under
`translations/`; see docs/translating.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from babel import Locale, UnknownLocaleError
from flask import Flask, current_app, request
from flask_babel import Babel, get_babel, get_locale, gettext, lazy_gettext

from web.own import own

COOKIE = "earful_language"
#: English dates are written in the order that most of the world writes them, unless a browser says otherwise.
DEFAULT = Locale("en", "GB")
#: What needs no catalogue.
ENGLISH = ("en_GB", "en_US")
#: Most languages of one Accept-Language header that are looked at.
MOST = 20


def install(app: Flask, directories: Sequence[Path] = ()) -> None:
    """Teach the templates `_` and `ngettext`.

    Args:
        app: the application.
        directories: catalogues beside the bundled ones, as `LANGUAGE/LC_MESSAGES/messages.mo`.
    """
    paths = [Path(app.root_path) / "translations", *directories]
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = ";".join(str(path.resolve()) for path in paths)
    Babel(app, default_locale=str(DEFAULT), locale_selector=_chosen)


def _(text: str, **values: object) -> str:
    """Return a text in the reader's language, its `%(name)s` filled."""
    return str(gettext(text, **values))


def later(text: str, **values: object) -> str:
    """Return a text that is translated whenever it is shown, for names that stand in a module."""
    return cast("str", lazy_gettext(text, **values))


def locale() -> Locale:
    """Return the language and region of this page; the default where nobody asks."""
    return cast("Locale", get_locale() or DEFAULT)


def languages() -> dict[str, str]:
    """Return what can be chosen: each locale with its name in its own language."""
    found = [Locale.parse(name) for name in (*ENGLISH, *sorted(_catalogues()))]
    return {str(each): (each.get_display_name(each) or str(each)).capitalize() for each in found}


def _catalogues() -> set[str]:
    directories = get_babel(current_app).translation_directories
    return {path.parts[-3] for each in directories for path in Path(each).glob("*/LC_MESSAGES/messages.mo")}


def _chosen() -> str:
    """Return what the reader chose, else the first of their browser's languages that there is.

    The cookie speaks where nobody is signed in, and for readers who never saved their settings.
    """
    known, chosen = languages(), own()
    name = chosen.language if chosen and chosen.version else request.cookies.get(COOKIE, "")
    if name in known:
        return name
    spoken = {name.partition("_")[0] for name in known}
    for tag, _quality in list(request.accept_languages)[:MOST]:
        asked = _parse(tag)
        if asked and asked.language in spoken:
            return str(asked)
    return str(DEFAULT)


def _parse(tag: str) -> Locale | None:
    try:
        asked = Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError):
        return None
    return DEFAULT if str(asked) == DEFAULT.language else asked
