"""The demo: an invented corpus, and a local server that speaks it in the shapes of the real services.

`python -m crawlers.replay --port 8790` serves it on 127.0.0.1; `--check` counts it.
"""

from __future__ import annotations

#: The invented product, its invented rivals.
PRODUCT = "Plinthly"
RIVALS = ("Corvane", "Dashmoor")

#: The company's own handles, as a watch names them.
OWN_HANDLES = (
    "hackernews:plinthly_team",
    "mastodon:plinthly",
    "mastodon:plinthly@social.opsfolk.example",
    "feed:plinthly_team",
)

#: Hashtags whose threads the ledger counts.
HASHTAGS = ("plinthly", "corvane", "dashmoor")

#: Mastodon servers that are worth naming in a watch; each knows every status, as well federated servers do.
SERVERS = ("social.opsfolk.example", "mastodon.plainfield.example")

#: Feeds as paths on the replay server.
FEEDS = ("/feeds/stacksifter.xml", "/feeds/opsfolk.atom", "/feeds/mondayrunbook.json")
