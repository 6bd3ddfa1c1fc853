"""Customers: people behind handles, the accounts that they belong to, and where each stands."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from core.errors import InputError
from core.stages import LEAVES, QUOTES, Because, Evidence, Signal, Stage, Verdict

#: Longest name, owner, tier … in characters.
MAX_TEXT = 200
MAX_DOMAINS = 50
#: The limits of DNS.
MAX_LABEL, MAX_DOMAIN = 63, 253
MAX_VALUE = 1_000_000_000_000.0
#: Dates of contracts lie between these years.
YEARS = (1990, 2100)
#: Evidence kept of one person, the newest; older ones are worth nothing to the score.
MAX_EVIDENCE = 200
#: New customers are watched apart for so long after their start.
FIRST_DAYS = timedelta(days=90)
DAY = timedelta(days=1)


class Seat(enum.StrEnum):
    """Name a person's part in their account."""

    USER = "user"
    ADMIN = "admin"
    BUYER = "buyer"
    SPONSOR = "sponsor"


#: Signs by which people are found.
WATCHED = (Signal.RIVAL, Signal.SHOPPING, Signal.OWED, Signal.LEFT)
#: One of these at risk puts the whole account at risk.
DECIDERS = frozenset({Seat.ADMIN, Seat.BUYER, Seat.SPONSOR})


class Outcome(enum.StrEnum):
    """Name how the last renewal ended."""

    OPEN = "open"
    RENEWED = "renewed"
    EXPANDED = "expanded"
    SHRUNK = "shrunk"
    LOST = "lost"


@dataclass(frozen=True, kw_only=True, slots=True)
class Handle:
    """A name on a source."""

    source: str
    name: str

    @property
    def ref(self) -> str:
        """What finds the person behind it."""
        return handle_ref(self.source, self.name)


def folded(name: str) -> str:
    """Return a handle as it is compared: without case and a leading `@`."""
    return name.casefold().removeprefix("@")


def handle_ref(source: str, name: str) -> str:
    """Return the reference under which a handle's person is found."""
    return f"handle:{source}:{folded(name)}"


def person_key(source: str, name: str) -> str:
    """Return the key of the person who is known by one handle only; it tells nothing of the handle.

    It stands in the audit, which is never changed: so it must not name anybody.
    """
    return hashlib.blake2b(
        f"{source}\x00{folded(name)}".encode("utf-8", "replace"), digest_size=10
    ).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Override:
    """A person's word against a stage that was worked out."""

    stage: Stage
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Where somebody stands, since when, and why."""

    stage: Stage = Stage.UNKNOWN
    #: What the rules say, also while a person's word stands against them.
    judged: Stage = Stage.UNKNOWN
    since: datetime | None = None
    score: float = 0.0
    because: tuple[Because, ...] = ()
    override: Override | None = None
    #: When they last said anything that counts, and when one of us last spoke with them.
    seen: datetime | None = None
    touched: datetime | None = None

    def moved(self, verdict: Verdict, *, now: datetime) -> Standing:
        """Return the standing after a verdict; `since` moves only with the stage."""
        stage = self.override.stage if self.override else verdict.stage
        return replace(
            self,
            stage=stage,
            judged=verdict.stage,
            since=now if stage is not self.stage else self.since,
            score=verdict.score,
            because=verdict.because,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """One human behind one or more handles."""

    key: str
    handles: tuple[Handle, ...]
    name: str = ""
    #: Public page, followers: as the newest mention told them.
    url: str = ""
    followers: int | None = None
    #: As somebody of the team told it; no source does.
    email: str = ""
    #: Key of the account they belong to; empty for none.
    account: str = ""
    seat: Seat = Seat.USER
    #: Who says that they belong there: a user's name.
    matched_by: str = ""
    standing: Standing = field(default_factory=Standing)
    evidence: tuple[Evidence, ...] = ()

    @property
    def shown(self) -> str:
        """What the person is called."""
        return self.name or (self.handles[0].name if self.handles else self.key)

    @property
    def refs(self) -> tuple[str, ...]:
        """What leads to the person."""
        found = [handle.ref for handle in self.handles]
        found += [f"name:{folded(handle.name)}" for handle in self.handles]
        if self.account:
            found.append(f"account:{self.account}")
        signals = {one.signal for one in self.evidence}
        found += [
            f"sign:{signal.value}"
            for signal in (Signal.RIVAL, Signal.SHOPPING, Signal.OWED)
            if signal in signals
        ]
        return tuple(found)

    def with_evidence(self, thread_id: str, found: Sequence[Evidence]) -> Person:
        """Return the person with what one thread says of them, in the place of what it said before."""
        others = [one for one in self.evidence if one.thread_id != thread_id]
        ordered = sorted((*others, *found), key=lambda one: (one.at, one.mention_id, one.signal))
        kept = tuple(ordered[-MAX_EVIDENCE:])
        theirs = [one.at for one in kept if one.signal is not Signal.TOUCHED]
        ours = [one.at for one in kept if one.signal is Signal.TOUCHED]
        touched = max([*ours, *([self.standing.touched] if self.standing.touched else [])], default=None)
        standing = replace(self.standing, seen=max(theirs, default=None), touched=touched)
        return replace(self, evidence=kept, standing=standing)


@dataclass(frozen=True, kw_only=True, slots=True)
class Contract:
    """What is known of an account from outside: imported, or typed in."""

    name: str
    domains: tuple[str, ...] = ()
    tier: str = ""
    #: Who of us looks after it.
    owner: str = ""
    #: A year, in the currency of the team.
    value: float | None = None
    start: date | None = None
    renewal: date | None = None
    outcome: Outcome = Outcome.OPEN
    #: What it was worth a year before that changed last, and from which day on it is `value`.
    value_before: float | None = None
    value_since: date | None = None

    @property
    def changed_on(self) -> date | None:
        """The day from which `value` counts: the one told, else that of a renewal whose outcome is told."""
        return self.value_since or (self.renewal if self.outcome is not Outcome.OPEN else None)

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            InputError: the message names the field and what it may be.
        """
        for label in ("name", "tier", "owner"):
            text = " ".join(getattr(self, label).split())
            if len(text) > MAX_TEXT:
                raise InputError(f"{label} has at most {MAX_TEXT} characters")
            object.__setattr__(self, label, text)
        if not self.name:
            raise InputError("an account needs a name")
        if len(self.domains) > MAX_DOMAINS:
            raise InputError(f"an account has at most {MAX_DOMAINS} domains")
        object.__setattr__(self, "domains", tuple(dict.fromkeys(map(domain, self.domains))))
        for value in (self.value, self.value_before):
            if value is not None and not 0 <= value <= MAX_VALUE:
                raise InputError(f"a value a year lies between 0 and {MAX_VALUE:.0f}")
        for label in ("start", "renewal", "value_since"):
            day = getattr(self, label)
            if day is not None and not YEARS[0] <= day.year <= YEARS[1]:
                raise InputError(f"{label} {day} lies outside the years {YEARS[0]} to {YEARS[1]}")
        if self.start and self.renewal and self.renewal < self.start:
            raise InputError(f"renewal {self.renewal} lies before the start {self.start}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """We spoke with an account outside of what Earful reads."""

    at: datetime
    by: str
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Worth:
    """What an account is worth a year from a day on. Never changed, never removed: the later told counts."""

    since: date
    #: None where nobody tells it any more.
    value: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """A customer organisation."""

    key: str
    contract: Contract
    standing: Standing = field(default_factory=Standing)
    #: How many of its people are known.
    people: int = 0
    #: Where value was seen and missed, with the quotes.
    seen: tuple[Evidence, ...] = ()
    missed: tuple[Evidence, ...] = ()
    #: When we answered its people in public, and when we spoke with them otherwise.
    touches: tuple[datetime, ...] = ()
    contacts: tuple[Contact, ...] = ()
    #: What it was worth over time, in the order in which it was told.
    values: tuple[Worth, ...] = ()

    def under(self, contract: Contract, *, since: date) -> Account:
        """Return the account under another contract; a value that changed counts from `since` on."""
        last = self.values[-1] if self.values else Worth(since=since - DAY, value=self.contract.value)
        told = self.values or ((last,) if last.value is not None else ())
        if contract.value != last.value:
            told = (*told, Worth(since=since, value=contract.value))
        return replace(self, contract=contract, values=told)

    @property
    def refs(self) -> tuple[str, ...]:
        """What leads to the account."""
        found = [f"domain:{name}" for name in self.contract.domains]
        if self.contract.owner:
            found.append(f"owner:{self.contract.owner.casefold()}")
        if self.contract.tier:
            found.append(f"tier:{self.contract.tier.casefold()}")
        return tuple(found)

    @property
    def due(self) -> datetime | None:
        """The first moment of its renewal day."""
        return day_begin(self.contract.renewal) if self.contract.renewal else None


def opened(key: str, contract: Contract, *, day: date) -> Account:
    """Return an account of which was never heard before `day`."""
    worth = Worth(since=contract.changed_on or day, value=contract.value)
    return Account(key=key, contract=contract, values=(worth,) if worth.value is not None else ())


def day_begin(day: date) -> datetime:
    """Return the first moment of a day, in UTC."""
    return datetime.combine(day, time(), tzinfo=UTC)


def account_key(name: str) -> str:
    """Return an account's key where it brings none: its name, folded, with a digest of it."""
    plain = " ".join(name.casefold().split())
    slug = "".join(c if c.isascii() and c.isalnum() else "-" for c in plain).strip("-")[:40].strip("-")
    digest = hashlib.blake2b(plain.encode("utf-8", "replace"), digest_size=3).hexdigest()
    return f"{slug}-{digest}" if slug else digest


def domain(text: str) -> str:
    """Return a domain as it is compared, taken out of an address where one was written.

    Raises:
        InputError: it is none, or a mail service that everybody uses.
    """
    name = text.strip().casefold().removeprefix("https://").removeprefix("http://").removeprefix("www.")
    name = name.rpartition("@")[2].split("/")[0].split(":")[0].rstrip(".")
    labels = name.split(".")
    plain = all(0 < len(part) <= MAX_LABEL and part.replace("-", "a").isalnum() for part in labels)
    if len(labels) == 1 or not plain or len(name) > MAX_DOMAIN:
        raise InputError(f"{text.strip()[:60]!r} is no domain; one is acme.example")
    if name in EVERYBODYS:
        raise InputError(f"{name} is a mail service that everybody uses; it tells no account")
    return name


#: Domains that tell nothing about where somebody works.
EVERYBODYS = frozenset(
    f"{name}.com"
    for name in (
        "gmail",
        "googlemail",
        "outlook",
        "hotmail",
        "live",
        "yahoo",
        "icloud",
        "aol",
        "proton",
        "qq",
    )
) | {"gmx.net", "gmx.de", "web.de", "mail.ru", "me.com", "proton.me", "yandex.ru", "seznam.cz", "163.com"}


def judge_account(account: Account, people: Iterable[Person]) -> Verdict:
    """Return where an account stands, from where its people stand and how its last renewal ended.

    One who decides (admin, buyer, sponsor) at risk puts it at risk, so does anybody who talks about
    leaving, and a third of those who are known to be anywhere. Without such, one advocate makes it an
    advocate, loyal people a loyal account, and any satisfied one a satisfied account. Lost is former.
    """
    known = [one for one in people if one.standing.stage is not Stage.UNKNOWN]
    stage, why, whose = _place(account, known)
    score = round(sum(one.standing.score for one in known), 4)
    quotes = [quote for one in whose for because in one.standing.because for quote in because.quotes[:1]]
    because = (Because(why=why, quotes=tuple(quotes[:QUOTES])),) if why else ()
    return Verdict(stage=stage, score=score, because=because)


def _place(account: Account, known: Sequence[Person]) -> tuple[Stage, str, Sequence[Person]]:
    """Return the stage of an account, why, and whose words are behind it."""
    trouble = [one for one in known if one.standing.stage in (Stage.AT_RISK, Stage.FORMER)]
    leaving = [one for one in trouble if any(b.why == LEAVES for b in one.standing.because)]
    if account.contract.outcome is Outcome.LOST:
        return Stage.FORMER, "the last renewal was lost", trouble
    if known and all(one.standing.stage is Stage.FORMER for one in known):
        return Stage.FORMER, "everybody known left", known
    for why, whose in (
        ("somebody who decides is at risk", [one for one in trouble if one.seat in DECIDERS]),
        ("somebody talks about leaving", leaving),
        ("a third or more of its people are unhappy", trouble if len(trouble) * 3 >= len(known) else []),
    ):
        if whose:
            return Stage.AT_RISK, why, whose
    for stage in (Stage.ADVOCATE, Stage.LOYAL, Stage.SATISFIED):
        top = [one for one in known if one.standing.stage is stage]
        if top:
            return stage, f"{len(top)} of {len(known)} people heard are here", top
    return Stage.UNKNOWN, "", ()
