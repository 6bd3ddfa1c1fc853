"""A way out to a translator for texts in another language; nothing is sent until it is pressed."""

from __future__ import annotations

from urllib.parse import urlencode

from core.mention import Mention
from web.i18n import locale

TRANSLATOR = "https://translate.google.com/"
#: Longer texts do not fit into an address.
MAX_TEXT = 1_500


def elsewhere(mention: Mention) -> str | None:
    """Return where a mention is read in the reader's language; None where it is already, or unknown."""
    spoken = (mention.language or "").partition("-")[0].lower()
    if not spoken or spoken in ("und", locale().language) or not mention.said:
        return None
    query = {"sl": spoken, "tl": locale().language, "op": "translate", "text": mention.said[:MAX_TEXT]}
    return f"{TRANSLATOR}?{urlencode(query, errors='replace')}"
