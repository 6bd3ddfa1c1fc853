"""A mention with all that is known of it, as one document: its body is the truth, fields are made from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeVar

from core.labels import Labels
from core.mention import Mention, mention_to_json
from core.thread import Correction, Status, StoredMention, Triage
from store import analysis, verdict
from store.arrivals import linked
from store.authors import author_key, shown
from store.codecs import maybe_micros, maybe_moment, micros, moment
from store.elastic import near
from store.elastic.documents import Doc, key
from store.elastic.faults import Json
from store.elastic.restoring import labels_restored, mention_restored
from store.naming import Flags

NO_FLAGS = Flags()
Said = TypeVar("Said")
#: Stands between a brand and what is said toward it; part of no name.
BETWEEN = "\x1f"
#: Probabilities are compared as ten-thousandths: the four places that the JSON contract keeps.
SCALE = 10_000
#: Longest text that is looked up whole, in characters: the server refuses keywords over 32,766 bytes.
LONGEST = 8_000


class Shared(NamedTuple):
    """What of its thread stands on a mention."""

    status: str = Status.OPEN.value
    snoozed_until: int | None = None
    assignee: str | None = None
    tags: tuple[str, ...] = ()
    pinned: bool = False
    noted: bool = False
    unanswered: bool = True
    replied: bool = False

    @classmethod
    def of(cls, triage: Triage, *, noted: bool, unanswered: bool = True, replied: bool = False) -> Shared:
        """Return what stands on a mention of a thread with this triage."""
        return cls(
            triage.status.value,
            maybe_micros(triage.snoozed_until),
            triage.assignee,
            triage.tags,
            triage.pinned,
            noted,
            unanswered,
            replied,
        )

    def fields(self) -> Json:
        """Return the fields that a mention and its thread are both searched by."""
        return {
            "status": self.status,
            "snoozed_until": self.snoozed_until,
            "assignee": self.assignee and self.assignee[:LONGEST],
            "assignee_key": self.assignee and self.assignee.casefold()[:LONGEST],
            "tags": [tag[:LONGEST] for tag in self.tags],
            "tag_keys": [tag.casefold()[:LONGEST] for tag in self.tags],
            "pinned": self.pinned,
            "noted": self.noted,
        }


@dataclass(slots=True)
class Pair:
    """A mention and a brand: what the text names, what is to be labelled, and the answer."""

    flags: Flags = NO_FLAGS
    #: The model that answered the newest revision; empty for none yet.
    answer: str = ""
    labels: Labels | None = None


@dataclass(slots=True)
class Record:
    """Everything about one mention."""

    mention: Mention
    watches: dict[str, bool]
    own: bool
    first_seen: int
    revision: int = 1
    deleted_at: int | None = None
    simhash: int | None = None
    duplicate_of: str | None = None
    original_published: int | None = None
    earlier: list[Json] = field(default_factory=list)
    pairs: dict[str, Pair] = field(default_factory=dict)
    corrections: list[Correction] = field(default_factory=list)
    shared: Shared = field(default_factory=Shared)
    #: The thread's turn at which `shared` was told.
    turn: int = 0

    @property
    def context(self) -> bool:
        """Whether no watch asked for it."""
        return not any(self.watches.values())

    @property
    def lang(self) -> str:
        """The language that `lang:` asks for."""
        said = [labels.language for labels in self.labels()]
        return verdict.language_of(said, self.mention.language)

    def labels(self) -> tuple[Labels, ...]:
        """Return all labels: the products' first, then by brand."""
        kept = [
            (pair.flags, brand, pair.labels) for brand, pair in self.pairs.items() if pair.labels is not None
        ]
        return tuple(_products_first(kept))

    def stored(self, *, labels: bool = True) -> StoredMention:
        """Return the mention as the port gives it out."""
        return StoredMention.restored(
            self.mention.with_labels(self.labels()) if labels else self.mention,
            self.revision,
            tuple(sorted(self.watches)),
            self.context,
            self.own,
            moment(self.first_seen),
            self.duplicate_of,
        )

    def verdicts(self) -> dict[str, verdict.Verdict]:
        """Return what counts toward each brand."""
        brands = dict.fromkeys((*self.pairs, *(said.brand for said in self.corrections)))
        return {
            brand: verdict.verdict(self._labels_toward(brand), self.correction(brand)) for brand in brands
        }

    def _labels_toward(self, brand: str) -> Labels | None:
        pair = self.pairs.get(brand)
        return pair.labels if pair else None

    def correction(self, brand: str) -> Correction | None:
        """Return the newest correction toward a brand."""
        said = [one for one in self.corrections if one.brand == brand]
        return max(said, key=lambda one: (one.at, one.by), default=None)

    def source(self) -> Json:
        """Return the document: the body, and what it is searched by."""
        verdicts = self.verdicts()
        mention, author = self.mention, self.mention.author
        keys = {author_key(name)[:LONGEST] for name in (author.id, author.handle, author.name) if name}
        wanted = {brand: pair.answer for brand, pair in self.pairs.items() if pair.flags.wanted}
        return {
            "body": self.body(),
            "id": mention.id,
            "thread": mention.thread_id,
            "source": mention.source,
            "published": micros(mention.published_at),
            "lang": self.lang,
            "url": ascii_lower(mention.url or "")[:LONGEST] or None,
            "author": shown(author.id, author.handle, author.name)[:LONGEST] or None,
            "author_keys": sorted(keys),
            "watches": sorted(self.watches),
            "context": self.context,
            "own": self.own,
            "deleted": mention.deleted,
            "linked": linked(mention),
            "rated": mention.rating is not None,
            "corrected": bool(self.corrections),
            "names_product": [brand for brand, pair in self.pairs.items() if pair.flags.names_product],
            "names_rival": [brand for brand, pair in self.pairs.items() if pair.flags.names_rival],
            "answers": sorted({answer or NONE for answer in wanted.values()}),
            "answered": [f"{brand}{BETWEEN}{answer}" for brand, answer in wanted.items()],
            "unanswered": self.shared.unanswered,
            "replied": self.shared.replied,
            "duplicate_of": self.duplicate_of,
            "original_published": self.original_published,
            "simhash": self.simhash,
            "near": [] if self.simhash is None else near.keys(self.simhash),
            **self._words(),
            **self.shared.fields(),
            **_toward_products([said for brand, said in verdicts.items() if self._is_product(brand)]),
            "said": [term for brand, said in verdicts.items() for term in terms(brand, said)],
        }

    def _is_product(self, brand: str) -> bool:
        return brand in self.pairs and self.pairs[brand].flags.product

    def _words(self) -> Json:
        language = analysis.stem_language(self.lang)
        title, text = self.mention.title, self.mention.text
        return {
            "title": " ".join(analysis.words(title)),
            "text": " ".join(analysis.words(text)),
            "title_stem": " ".join(analysis.stems(title, language)),
            "text_stem": " ".join(analysis.stems(text, language)),
        }

    def body(self) -> Json:
        """Return the truth as plain JSON."""
        return {
            "mention": mention_to_json(self.mention),
            "watches": self.watches,
            "own": self.own,
            "first_seen": self.first_seen,
            "revision": self.revision,
            "deleted_at": self.deleted_at,
            "simhash": self.simhash,
            "duplicate_of": self.duplicate_of,
            "original_published": self.original_published,
            "earlier": self.earlier,
            "pairs": {
                brand: [list(map(int, pair.flags)), pair.answer, pair.labels and pair.labels.to_json()]
                for brand, pair in self.pairs.items()
            },
            "corrections": [
                [said.brand, micros(said.at), said.by, said.tone, said.churn] for said in self.corrections
            ],
            "shared": list(self.shared),
            "turn": self.turn,
        }


#: Stands for "no model has answered"; sorts before every model's name.
NONE = " "


def record_of(body: Json) -> Record:
    """Return the record that `body()` wrote."""
    mention = mention_restored(body["mention"])
    status, snoozed, assignee, tags, *rest = body["shared"]
    return Record(
        mention=mention,
        watches=dict(body["watches"]),
        own=body["own"],
        first_seen=body["first_seen"],
        revision=body["revision"],
        deleted_at=body["deleted_at"],
        simhash=body["simhash"],
        duplicate_of=body["duplicate_of"],
        original_published=body["original_published"],
        earlier=list(body["earlier"]),
        pairs={
            brand: Pair(Flags(*map(bool, flags)), answer, labels_restored(labels) if labels else None)
            for brand, (flags, answer, labels) in body["pairs"].items()
        },
        corrections=[
            Correction(mention_id=mention.id, brand=brand, at=moment(at), by=by, tone=tone, churn=churn)
            for brand, at, by, tone, churn in body["corrections"]
        ],
        shared=Shared(status, snoozed, assignee, tuple(tags), *rest),
        turn=body["turn"],
    )


def toward_products(body: Json, products: Mapping[str, str]) -> Mention:
    """Return the mention in a body with its labels toward the products of its watches, given by watch."""
    wanted = {products.get(watch) for watch in body["watches"]}
    kept = [
        (Flags(*flags), brand, labels)
        for brand, (flags, _, labels) in body["pairs"].items()
        if labels and brand in wanted
    ]
    return mention_restored(body["mention"], tuple(map(labels_restored, _products_first(kept))))


def _products_first(kept: Iterable[tuple[Flags, str, Said]]) -> list[Said]:
    """Return what is said toward brands: products first, then by name."""
    return [said for *_, said in sorted(kept, key=lambda one: (not one[0].product, one[1]))]


def correction_in(body: Json, brand: str) -> Correction | None:
    """Return the newest correction toward a brand in a body."""
    return record_of(body).correction(brand) if body["corrections"] else None


def read(doc: Doc) -> Record:
    """Return the record in a document."""
    return record_of(doc.body)


def mention_key(mention_id: str) -> str:
    """Return the id of a mention's document."""
    return key("mention", mention_id)


def revision_of(record: Record, earlier: Json) -> StoredMention:
    """Return the mention as it was at an earlier revision."""
    newest = record.stored(labels=False)
    mention = replace(
        newest.mention,
        title=earlier["title"],
        text=earlier["text"],
        rating=earlier["rating"],
        edited_at=maybe_moment(earlier["edited"]),
        deleted=earlier["deleted"],
    )
    return replace(newest, mention=mention, revision=earlier["revision"])


def risk(verdicts: list[verdict.Verdict]) -> int:
    """Return the highest churn in ten-thousandths, -1 where nobody knows any."""
    return max((scaled(said.risk) for said in verdicts), default=-1)


def record_risk(record: Record) -> int:
    """Return how likely the author leaves any of the products."""
    return risk([said for brand, said in record.verdicts().items() if record._is_product(brand)])  # noqa: SLF001


def scaled(p: float) -> int:
    """Return a probability in ten-thousandths; unknown stays -1."""
    return -1 if p == verdict.UNKNOWN else round(p * SCALE)


def terms(brand: str, said: verdict.Verdict) -> list[str]:
    """Return what is said toward a brand as words that can be looked up."""
    found = [f"tone:{name}" for name in verdict.names(said.tones, verdict.TONES)]
    found += [f"churn:{name}" for name in verdict.names(said.churns, verdict.CHURNS)]
    found += [f"intent:{name}" for name in verdict.names(said.intents, verdict.INTENTS)]
    if said.risk != verdict.UNKNOWN:
        found.append(risk_term(scaled(said.risk)))
    return [f"{brand}{BETWEEN}{term}" for term in found]


def risk_term(scaled_risk: int) -> str:
    """Return a churn probability as a word whose order is that of the numbers."""
    return f"risk:{scaled_risk:05}"


def _toward_products(verdicts: list[verdict.Verdict]) -> Json:
    tones = churns = intents = 0
    for said in verdicts:
        tones, churns, intents = tones | said.tones, churns | said.churns, intents | said.intents
    return {
        "risk": risk(verdicts),
        "risks": [scaled(said.risk) for said in verdicts if said.risk != verdict.UNKNOWN],
        "tones": verdict.names(tones, verdict.TONES),
        "churns": verdict.names(churns, verdict.CHURNS),
        "intents": verdict.names(intents, verdict.INTENTS),
    }


_LOWER = str.maketrans({chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)})


def ascii_lower(text: str) -> str:
    """Return `text` with ASCII letters in lower case, as `url:` compares them."""
    return text.translate(_LOWER)
