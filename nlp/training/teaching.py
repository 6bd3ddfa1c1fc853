"""A teacher: a larger model learns the same texts first, and the small one learns from its answers too.

The teacher is not shipped. Its words and the matrices of its lowest layers stay as they are, to save work.
The brand marks, which no base has seen, begin as the mean of the words they stand for, and learn fastest.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nlp.encoding import Encoder
from nlp.marking import OTHER, TARGET
from nlp.training.fit import Example, examples, predict
from nlp.training.mixing import SEVERAL, Mix
from nlp.training.network import Network
from nlp.training.recipes import Stage
from nlp.training.rows import Row
from nlp.training.stages import Way, run_stage

#: Tokens of one text that the teacher reads.
MAX_LENGTH = 128
#: Words whose mean a mark begins as.
MEANINGS = {
    TARGET: ("brand", "product", "company", "it"),
    OTHER: ("brand", "product", "company", "competitor", "rival", "another"),
}


class Teacher:
    """A network that answers the rows it is good at; a row that comes again is not asked again."""

    def __init__(self, network: Network, encoder: Encoder, answers: Callable[[Row], bool]) -> None:
        self.network, self.encoder, self.answers = network, encoder, answers
        self._known: dict[tuple[str, str | None, tuple[str, ...]], Any] = {}

    @classmethod
    def larger(cls, base: Path) -> Teacher:
        """Return one that is to learn first; it answers the sets labelled for this question."""
        encoder = Encoder.from_file(base / "tokenizer.json", MAX_LENGTH)
        network = Network(base, encoder.mark_ids, vocabulary=encoder.size)
        give_meaning(network, encoder)
        return cls(network, encoder, _is_ours)

    @classmethod
    def before(cls, network: Network, encoder: Encoder) -> Teacher:
        """Return a network as it is now; it answers all other sets, so that they are not forgotten."""
        return cls(copy.deepcopy(network), encoder, lambda row: not _is_ours(row))

    def learn(self, mix: Mix, stages: Sequence[Stage], way: Way) -> None:
        """Train by `stages`; each that was done before is taken from below `way.out`."""
        for stage in stages:
            run_stage(self.network, self.encoder, mix, stage, way)

    def teach(self, rows: Sequence[Row], made: Sequence[Example]) -> list[Example]:
        """Give each example whose row it answers its logits."""
        wanted = {_question(row): row for row in rows if self.answers(row)}
        unknown = [row for question, row in wanted.items() if question not in self._known]
        # In bf16 throughout: twice as fast, and its answers are soft anyway.
        network = copy.deepcopy(self.network).bfloat16()
        logits = predict(network, examples(unknown, self.encoder), self.encoder.pad_id)
        self._known |= {_question(row): said for row, said in zip(unknown, logits, strict=True)}
        return [
            dataclasses.replace(example, teacher=np.array(self._known[_question(row)]))
            if self.answers(row)
            else example
            for row, example in zip(rows, made, strict=True)
        ]


def _is_ours(row: Row) -> bool:
    return row.source.startswith(SEVERAL)


def give_meaning(network: Network, encoder: Encoder) -> None:
    """Let each brand mark begin as the mean of the words it stands for."""
    table = network.encoder.get_input_embeddings().weight
    with torch.no_grad():
        for mark, words in MEANINGS.items():
            at = [ids[1] for ids in encoder.encode(words)]
            table[encoder.encode([mark])[0][1]] = table[at].mean(0)


def _question(row: Row) -> tuple[str, str | None, tuple[str, ...]]:
    return row.text, row.brand, row.others
