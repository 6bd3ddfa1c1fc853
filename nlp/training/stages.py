"""One stage of a recipe: its mix, its plan, and what it keeps of the weights before it."""

from __future__ import annotations

import dataclasses
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import torch

from nlp.encoding import Encoder
from nlp.training.changing import changed
from nlp.training.fit import Example, Plan, examples, fit
from nlp.training.mixing import Mix, one_epoch, shuffled_by_text
from nlp.training.network import Network
from nlp.training.recipes import Stage
from nlp.training.rows import Row


class Answers(Protocol):
    """Whoever gives examples answers beside their labels."""

    def teach(self, rows: Sequence[Row], made: Sequence[Example]) -> list[Example]:
        """Give each example whose row it answers its logits."""
        ...


@dataclasses.dataclass(frozen=True, kw_only=True)
class Way:
    """What all stages of a run share: where to, on how many cores, by which draws, and who is told."""

    out: Path
    threads: int
    seed: int
    say: Callable[[str], None]

    def within(self, name: str) -> Way:
        """Return the same way into a folder below, with what is said told apart."""
        return dataclasses.replace(self, out=self.out / name, say=lambda line: self.say(f"{name}, {line}"))


def run_stage(
    network: Network,
    encoder: Encoder,
    mix: Mix,
    stage: Stage,
    way: Way,
    *,
    teachers: Sequence[Answers] = (),
) -> None:
    """Train one stage in place; one that was done before is taken from its folder below `way.out`."""
    out, say = way.out / stage.name, way.say
    done = out / "network.pt"
    if done.exists():
        network.load_state_dict(torch.load(done, weights_only=True))
        say(f"{stage.name}: done before, taken from {done}")
        return
    out.mkdir(parents=True, exist_ok=True)
    network.freeze(words=stage.freeze_words, layers=stage.freeze_layers)
    before = {name: value.detach().clone() for name, value in network.state_dict().items()}
    started = time.monotonic()

    def epoch(number: int) -> Sequence[Example]:
        seed = way.seed + number
        rows = one_epoch(mix, seed, stage.seen, beside=stage.beside)
        if not teachers:
            return examples(rows, encoder)
        rows += changed(rows, stage.changed, seed)
        rows = shuffled_by_text(rows, random.Random(seed))  # noqa: S311 - repeatable, not a secret
        made = examples(rows, encoder)
        for teacher in teachers:
            made = teacher.teach(rows, made)
        return made

    fit(
        network,
        epoch,
        _plan(stage, threads=way.threads, seed=way.seed),
        out,
        pad_id=encoder.pad_id,
        mask_id=encoder.mask_id,
        say=lambda line: say(f"{stage.name}: {line}"),
    )
    after = network.state_dict()
    for name, value in after.items():
        if value.dtype.is_floating_point:
            value.lerp_(before[name], stage.keep)
    torch.save(after, done)
    say(f"{stage.name}: {stage.epochs} epochs in {(time.monotonic() - started) / 60:.0f} min")


def _plan(stage: Stage, *, threads: int, seed: int) -> Plan:
    return Plan(
        epochs=stage.epochs,
        batch=stage.batch,
        learning_rate=stage.learning_rate,
        head_learning_rate=stage.head_learning_rate,
        bias_learning_rate=stage.bias_learning_rate,
        word_learning_rate=stage.word_learning_rate,
        hidden_words=stage.hidden_words,
        smooth=stage.smooth,
        apart=stage.apart,
        rounded=stage.rounded,
        threads=threads,
        seed=seed,
    )
