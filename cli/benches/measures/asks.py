"""The searches that are measured: in the query language, and the same written by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from cli.benches.corpora import END, PHRASE, word
from core.query_parser import parse
from core.search import Search

DAY = timedelta(days=1)
#: Hits up to which facets and the first page have figures to meet; broader words count by ratio.
FEW = 5_000
LAST_WEEK = f" AND d.published >= {int((END - 7 * DAY).timestamp() * 1e6)}"


@dataclass(frozen=True)
class Ask:
    """A search in the query language, and the same by hand: what FTS5 is asked, and the rest."""

    query: str
    match: str | None
    where: str = ""

    @property
    def search(self) -> Search:
        """What the store is asked."""
        return searched(self.query)

    @property
    def planted(self) -> bool:
        """Whether it finds as many in a corpus of any size that has room for them."""
        return self.query.startswith(("zqhit", '"'))


def searched(query: str) -> Search:
    """Return a query as the store is asked it."""
    return Search(node=parse(query).node, now=END, mine=("ada",))


#: Of rising difficulty. The words `zqhit…` stand in exactly so many mentions of every corpus.
SEARCHES = (
    Ask("zqhit5", "zqhit5"),
    Ask("zqhit50", "zqhit50"),
    Ask(f'"{PHRASE}"', f'"{PHRASE}"'),
    Ask("zqhit500", "zqhit500"),
    Ask("zqhit50 OR zqhit500", "zqhit50 OR zqhit500"),
    Ask("zqhit5000", "zqhit5000"),
    Ask("zqhit5000 -zqhit500", "zqhit5000 NOT zqhit500"),
    Ask("zqhit5000 source:reddit", "zqhit5000", " AND d.source = 'reddit'"),
    Ask("zqhit5000 sentiment:negative", "zqhit5000", " AND d.tone = 'negative'"),
    Ask("zqhit5000 churn:>0.9", "zqhit5000", " AND d.risk > 0.9"),
    Ask("author:person7", None, " AND d.author = 'person7'"),
    Ask(f"{word(3000)} {word(20)}", f"{word(3000)} {word(20)}"),
    Ask(f"{word(300)[:4]}*", f"{word(300)[:4]}*"),
    Ask(f"{word(5)} last:7d", word(5), LAST_WEEK),
    Ask(f"{word(5)} author:person7", word(5), " AND d.author = 'person7'"),
    Ask(f"{word(5)}", word(5)),
    Ask(f"{word(5)} {word(6)} sentiment:negative", f"{word(5)} {word(6)}", " AND d.tone = 'negative'"),
    Ask("source:reddit", None, " AND d.source = 'reddit'"),
    Ask("url:item/777", None, " AND d.url LIKE '%item/777%'"),
    Ask("", None),
)
