"""The reports' figures, each with the query or the accounts behind it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core.customers import Account, Outcome, day_begin
from core.kept import Sought
from core.plays import Play, Result
from core.ports import Store
from core.query import Everything
from core.query_parser import parse
from core.revenue import Revenue, gross, net, revenues
from core.search import Search
from core.watch import Watch
from engage.attention import NEGLECTED_DAYS
from engage.customers import ACCOUNT, account_of, outline_of, walk
from engage.happenings import Happening, HappeningKind

#: Days compared on each side of what happened.
AROUND = timedelta(days=14)
TONES = ("negative", "neutral", "positive")
#: Two-sided 95 %.
Z = statistics.NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A number of mentions, and the query that finds them."""

    count: int
    query: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """How much is said of a brand, and in what tone."""

    brand: str
    ours: bool
    mentions: Figure
    tones: dict[str, Figure]


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """Days on one side of what happened."""

    mentions: Figure
    negative: Figure

    @property
    def share(self) -> float | None:
        """The unhappy share; None where nothing was said."""
        return self.negative.count / self.mentions.count if self.mentions.count else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Impact:
    """What changed around something that happened."""

    happening: Happening
    before: Side
    after: Side
    #: Change of the unhappy share with its 95 % interval (Newcombe 1998); None where a side is silent.
    change: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Scorecard:
    """After the sale: who was kept over a period, and who hears from us."""

    #: With us when the period began; of those, still with us, and lost in it.
    began: tuple[Account, ...]
    kept: tuple[Account, ...]
    lost: tuple[Account, ...]
    #: Renewals that fell into the period and whose outcome nobody told.
    untold: tuple[Account, ...]
    #: Accounts that are still with us, and those of them that heard from us lately.
    present: tuple[Account, ...]
    touched: tuple[Account, ...]
    saves: tuple[Play, ...]
    #: What those who were with us were worth a year, then and now.
    revenue: tuple[Revenue, ...]

    @property
    def retention(self) -> float | None:
        """The share kept of those who were with us at the beginning."""
        return len(self.kept) / len(self.began) if self.began else None

    @property
    def assumed(self) -> tuple[Account, ...]:
        """Of those who were with us, whose value at that time nobody told."""
        return tuple(row.account for row in self.revenue if row.assumed)

    @property
    def grown(self) -> tuple[Account, ...]:
        """Of those who were with us, who are worth more now."""
        return tuple(row.account for row in self.revenue if row.now > row.then)

    @property
    def shrunk(self) -> tuple[Account, ...]:
        """Of those who are still with us, who are worth less now."""
        lost = {one.key for one in self.lost}
        return tuple(r.account for r in self.revenue if r.now < r.then and r.account.key not in lost)

    @property
    def gross_revenue(self) -> float | None:
        """The share of their yearly value kept, growth left out; None where no value is told."""
        return gross(self.revenue)

    @property
    def net_revenue(self) -> float | None:
        """The share of their yearly value kept with growth; None where no value of that time is told."""
        return net(self.revenue)


def voices(store: Store, watch: Watch, begin: datetime, end: datetime, *, now: datetime) -> list[Voice]:
    """Return how much was said of the product and of each rival in a period, most first."""
    limits = f"after:{begin:%Y-%m-%d} before:{end:%Y-%m-%d}"
    found = []
    for brand in watch.brands:
        ours = brand.name == watch.product.name
        quoted = '"' + brand.name.replace('"', "") + '"'
        which = f"watch:{watch.id}" if ours else f"rival:{quoted}"
        toward = "sentiment" if ours else f"sentiment@{quoted}"
        parts = [f"{toward}:{tone}" for tone in TONES]
        mentions, *tones = figures(store, f"{which} {limits}", parts, now=now)
        told = dict(zip(TONES, tones, strict=True))
        found.append(Voice(brand=brand.name, ours=ours, mentions=mentions, tones=told))
    return sorted(found, key=lambda voice: -voice.mentions.count)


def figures(store: Store, query: str, parts: Sequence[str], *, now: datetime) -> list[Figure]:
    """Return how many mentions a query finds, and of them how many each of its parts does."""
    asked = [query, *(f"{query} {part}" for part in parts)]
    nodes = [Everything(), *(parse(part).node for part in parts)]
    counts = store.counts(Search(node=parse(query).node, now=now), nodes)
    return [Figure(count=one.value, query=each) for one, each in zip(counts, asked, strict=True)]


def impact(store: Store, watch: Watch, happening: Happening, *, now: datetime) -> Impact:
    """Return the unhappy share of the days before, and of those from its begin on."""
    begin = day_begin(happening.begin)
    over = day_begin(happening.end) + timedelta(days=1)
    # An outage is measured while it lasts: later days would dilute it.
    after_end = over if happening.kind is HappeningKind.OUTAGE else max(over, begin + AROUND)
    before = _side(store, watch, begin - AROUND, begin, now)
    after = _side(store, watch, begin, after_end, now)
    if before.share is None or after.share is None:
        return Impact(happening=happening, before=before, after=after)
    change, low, high = difference(
        before.negative.count, before.mentions.count, after.negative.count, after.mentions.count
    )
    return Impact(happening=happening, before=before, after=after, change=change, low=low, high=high)


def _side(store: Store, watch: Watch, begin: datetime, end: datetime, now: datetime) -> Side:
    limits = f"watch:{watch.id} after:{begin:%Y-%m-%d} before:{end:%Y-%m-%d}"
    mentions, negative = figures(store, limits, ["sentiment:negative"], now=now)
    return Side(mentions=mentions, negative=negative)


def difference(hits: int, of: int, later: int, later_of: int) -> tuple[float, float, float]:
    """Return how much a share grew, with its 95 % interval by Newcombe's hybrid score method."""
    first, second = hits / of, later / later_of
    low1, high1 = wilson(hits, of)
    low2, high2 = wilson(later, later_of)
    change = second - first
    return (
        change,
        change - math.hypot(second - low2, high1 - first),
        change + math.hypot(high2 - second, first - low1),
    )


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share."""
    share, z2 = hits / of, Z * Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = Z / (1 + z2 / of) * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def scorecard(
    store: Store, plays: Sequence[Play], begin: datetime, *, now: datetime, whole: bool = False
) -> Scorecard:
    """Return the scorecard of a period that ends now; its accounts with their quotes only where `whole`."""
    items = walk(store, Sought(kind=ACCOUNT))
    accounts = [account_of(item).account if whole else outline_of(item) for item in items]
    began = [one for one in accounts if _with_us(one, begin)]
    lost = [one for one in began if one.contract.outcome is Outcome.LOST]
    kept = [one for one in began if one.contract.outcome is not Outcome.LOST]
    untold = [
        one
        for one in accounts
        if one.contract.outcome is Outcome.OPEN and _within(one.contract.renewal, begin, now)
    ]
    present = [one for one in accounts if one.contract.outcome is not Outcome.LOST]
    lately = now - timedelta(days=NEGLECTED_DAYS)
    return Scorecard(
        began=tuple(began),
        kept=tuple(kept),
        lost=tuple(lost),
        untold=tuple(untold),
        present=tuple(present),
        touched=tuple(one for one in present if one.standing.touched and one.standing.touched >= lately),
        saves=tuple(one for one in plays if one.result is Result.SAVED and one.ended and one.ended >= begin),
        revenue=tuple(revenues(began, begin.date(), now.date())),
    )


def _with_us(account: Account, moment: datetime) -> bool:
    """Tell whether an account was a customer at a moment; without a start it always was."""
    contract = account.contract
    started = contract.start is None or day_begin(contract.start) <= moment
    gone = contract.outcome is Outcome.LOST and (
        contract.renewal is None or day_begin(contract.renewal) < moment
    )
    return started and not gone


def _within(day: date | None, begin: datetime, end: datetime) -> bool:
    return day is not None and begin <= day_begin(day) <= end
