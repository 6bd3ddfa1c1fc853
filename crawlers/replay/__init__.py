"""The demo: an invented corpus, and a local server that speaks it in the shapes of the real services.

`python -m crawlers.replay --port 8790` serves it on 127.0.0.1; `--check` counts it.
"""

from __future__ import annotations

from core.watch import Brand, Watch

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

#: Feeds as paths below `/feeds` of the replay server.
FEEDS = ("stacksifter.xml", "opsfolk.atom", "mondayrunbook.json")

#: The watch that the ledger is the measure of; its feeds stand below `--base-url feed=…/feeds`.
DEMO_WATCH = Watch(
    id="plinthly",
    product=Brand(name=PRODUCT),
    rivals=tuple(Brand(name=rival) for rival in RIVALS),
    own_handles=OWN_HANDLES,
    sources={"hackernews": {}, "mastodon": {"servers": list(SERVERS)}, "feed": {"feeds": list(FEEDS)}},
)
