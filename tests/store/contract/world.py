"""Five hundred invented mentions with everything that can stand around them, the same on every run."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta

from core.labels import ChurnReason, Intent, Labels
from core.mention import Author, Engagement, Kind, Mention
from core.ports import Store
from core.source import Found
from core.thread import Correction, Note, Status, Thread, Triage
from core.watch import Brand, Watch
from core.work import Answer
from tests.builders import NOW, a_mention, a_watch, found, some_labels

SIZE = 500
USERS = ("ada", "Björn", "chen")
TAGS = ("outage", "Pricing", "vip", "größe", "a b")
SOURCES = ("hackernews", "reddit", "mastodon", "feed")

BRANDS = (
    "Acme",
    "acme",
    "Acme's",
    "#acme",
    "Acme Cloud",
    "acme-cloud",
    "Globex",
    "@globex",
    "Initech",
    "GLOBEX",
    "",
)
TEXTS = {
    "en": (
        "{b} cancelled my plan and I am cancelling everything else today, what a mess",
        "Does {b} support single sign-on? I could not find it in the docs",
        "I love how fast {b} is, best tool our team has used this year",
        "left {b} for something cheaper, see https://prices.example/compare?a=1&b=2",
        "The {b} API returns 500 errors since this morning, is anybody else seeing this",
        "price rise AGAIN. {b}, why? We renew in May and are evaluating alternatives",
        "just a note about news and the new dies",
        "thanks, that worked",
        "{b}",
    ),
    "de": (
        "Wir haben {b} gekündigt, die Kündigung war einfach",
        "Die Preise von {b} sind gestiegen, wir suchen andere Lösungen für große Teams",
        "Schöne neue Oberfläche, {b}!",
    ),
    "fr": (
        "Nous quittons {b} à cause des prix, c'est décevant",
        "Les nouvelles fonctions de {b} sont géniales",
    ),
    "es": ("Cancelé mi cuenta de {b} porque los precios subieron", "¿Alguien usa {b} en producción?"),
    "ru": ("Мы отказались от {b}, цены выросли слишком сильно", "Поддержка {b} отвечает очень быстро"),
    "ja": ("{b}の料金が高いので解約しました", "{b}のサポートは最高です"),
    "tr": ("{b} fiyatları yine arttı, iptal ediyoruz",),
    "ar": ("ألغيت اشتراكي في {b} بسبب السعر",),
    "und": ("😀😀😀 {b} 👍", "lol {b} x_y 3.5 ﬁx"),
}
TITLES = (None, None, None, "Show: my price comparison", "Problème avec Acme", "Ask: cancel {b}?", "Kündigen")
AUTHORS = (
    Author(handle="ada", name="Ada Lovelace", id="u1", followers=10),
    Author(handle="Bob", id="u2"),
    Author(handle="bob", name="Bobby"),
    Author(name="Ünal Çelik"),
    Author(id="u9"),
    Author(),
    Author(handle="@chen"),
)
OWN = Author(handle="acmehelp")


@dataclass
class World:
    """What went into the store, for an evaluator that never asks it how it searches."""

    watches: tuple[Watch, ...]
    founds: dict[str, list[Found]] = field(default_factory=dict)
    labels: dict[str, list[Labels]] = field(default_factory=dict)
    corrections: list[Correction] = field(default_factory=list)
    #: As the store gives them back.
    threads: dict[str, Thread] = field(default_factory=dict)

    @property
    def words(self) -> list[str]:
        """Words that stand somewhere, and some that do not."""
        said = {word for founds in self.founds.values() for word in founds[0].mention.said.split()}
        return [
            *sorted(said),
            "cancel",
            "kündigen",
            "prix",
            "precio",
            "new",
            "news",
            "absent",
            "цена",
            "料金",
        ]


def build(store: Store) -> World:
    """Fill a store."""
    rnd = random.Random(20260302)
    watches = (
        a_watch(
            rivals=(Brand(name="Globex", aliases=("Globex Corp",)), "Initech"), own_handles=("acmehelp",)
        ),
        a_watch(id="globex", product="Globex", rivals=("Acme",)),
    )
    world = World(watches=tuple(store.save_watch(watch, actor="ada", now=NOW) for watch in watches))
    mentions: list[Mention] = []
    for number in range(SIZE):
        mention = _mention(rnd, number, mentions)
        mentions.append(mention)
        world.founds[mention.id] = _founds(rnd, mention)
    batch = [one for founds in world.founds.values() for one in founds]
    rnd.shuffle(batch)
    for start in range(0, len(batch), 97):
        store.put(batch[start : start + 97], now=NOW)
    _label(rnd, store, world)
    _decide(rnd, store, world)
    for thread_id in {mention.thread_id for mention in mentions}:
        world.threads[thread_id] = store.thread(thread_id)
    store.settle()
    return world


def _mention(rnd: random.Random, number: int, before: list[Mention]) -> Mention:
    language = rnd.choices(tuple(TEXTS), weights=(8, 3, 2, 2, 2, 2, 1, 1, 1))[0]
    brand = rnd.choice(BRANDS)
    text = rnd.choice(TEXTS[language]).format(b=brand)
    title = rnd.choice(TITLES)
    root = rnd.choice(before[-40:]) if before and rnd.random() < 0.6 else None
    source = root.source if root else rnd.choice(SOURCES)
    # A quarter shares its second, and some of these their very moment, with others.
    ago = timedelta(hours=rnd.randrange(24 * 90)) if rnd.random() < 0.6 else timedelta(days=rnd.randrange(5))
    return a_mention(
        id=f"{source}:{rnd.choice('abz')}{number}",
        native_id=str(number),
        source=source,
        thread_id=root.thread_id if root else None,
        parent_id=rnd.choice([root.id, root.parent_id]) if root else None,
        title=title.format(b=brand) if title and not root else None,
        text=(text or "ok") if rnd.random() < 0.9 else f"{text} {rnd.choice(TEXTS['en']).format(b='Acme')}",
        author=rnd.choice(AUTHORS) if rnd.random() < 0.93 else OWN,
        published_at=NOW - ago - timedelta(microseconds=rnd.choice((0, 0, 0, 5, 999_999))),
        kind=rnd.choice(list(Kind)),
        url=rnd.choice((None, f"https://{source}.example/Item_{number}%20x", "https://x.example/a?b=%25")),
        language=rnd.choice((language, None, "en-US")) if language != "und" else None,
        deleted=rnd.random() < 0.03,
        engagement=Engagement(score=rnd.randrange(100)),
        rating=rnd.choice((None, None, 1, 5)),
    )


def _founds(rnd: random.Random, mention: Mention) -> list[Found]:
    own = mention.author is OWN
    chosen = rnd.choices((("acme",), ("globex",), ("acme", "globex")), weights=(6, 2, 2))[0]
    return [found(mention, watch_id=watch, context=rnd.random() < 0.2, own=own) for watch in chosen]


def _label(rnd: random.Random, store: Store, world: World) -> None:
    while due := store.lease_unlabelled("test.v1", limit=200, owner="t", lease=timedelta(hours=1), now=NOW):
        answers = []
        for item in due:
            labels = _labels(rnd, item.brand)
            world.labels.setdefault(item.mention.id, []).append(labels)
            answers.append(Answer(mention_id=item.mention.id, revision=item.revision, labels=labels))
        store.put_labels(answers, now=NOW)
    for mention_id in rnd.sample(sorted(world.labels), 60):
        for n in range(rnd.choice((1, 2))):
            correction = Correction(
                mention_id=mention_id,
                brand=rnd.choice(("Acme", "Globex")),
                by=rnd.choice(USERS),
                at=NOW + timedelta(minutes=n),
                tone=rnd.choice((None, "negative", "neutral", "positive")),
                churn=rnd.choice((None, True, False)),
            )
            world.corrections.append(correction)
            store.correct(correction)


def _labels(rnd: random.Random, brand: str) -> Labels:
    language = rnd.choice(("en", "und", "de", "fr", "ru", "ja", "tr"))
    if rnd.random() < 0.1:
        return Labels(brand=brand, model="test.v1", not_labelled="language", language=language)
    negative, positive = rnd.choice(((0.8, 0.1), (0.1, 0.8), (0.2, 0.2), (0.4, 0.4)))
    return some_labels(
        brand=brand,
        negative=negative,
        positive=positive,
        churn=rnd.choice((None, 0.0, 0.3, 0.4999, 0.5, 0.7, 0.95, 1.0)),
        reason=rnd.choice((None, *ChurnReason)),
        intents={intent: rnd.choice((0.1, 0.5, 0.9)) for intent in rnd.sample(list(Intent), 3)},
        language=language,
    )


def _decide(rnd: random.Random, store: Store, world: World) -> None:
    threads = sorted({founds[0].mention.thread_id for founds in world.founds.values()})
    for number, thread_id in enumerate(threads):
        if rnd.random() < 0.3:
            continue
        status = rnd.choice(list(Status))
        snoozed = NOW + timedelta(hours=rnd.choice((-5, 0, 5))) if status is Status.SNOOZED else None
        triage = Triage(
            status=status,
            assignee=rnd.choice((None, *USERS)),
            snoozed_until=snoozed,
            pinned=rnd.random() < 0.1,
            tags=tuple(rnd.sample(TAGS, rnd.choice((0, 0, 1, 2)))),
        )
        store.triage(thread_id, triage, actor="ada", action="triage.all", now=NOW)
        if rnd.random() < 0.2:
            store.add_note(
                Note(id=f"n{number}", thread_id=thread_id, author="ada", text="called them", at=NOW)
            )
