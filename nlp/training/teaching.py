"""A teacher: a larger model learns the same texts first, and the small one learns from its answers too.

The teacher is not shipped. Its words and the matrices of its lowest layers stay as they are, to save work.
The brand marks, which no base has seen, begin as the mean of the words they stand for, and learn fastest.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
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
    """A larger network that learns by stages of its own, then answers rows."""

    def __init__(self, base: Path) -> None:
        self.encoder = Encoder.from_file(base / "tokenizer.json", MAX_LENGTH)
        self.network = Network(base, self.encoder.mark_ids, vocabulary=self.encoder.size)
        self._known: dict[tuple[str, str | None, tuple[str, ...]], Any] = {}
        give_meaning(self.network, self.encoder)

    def learn(self, mix: Mix, stages: Sequence[Stage], way: Way) -> None:
        """Train by `stages`; each that was done before is taken from below `way.out`."""
        for stage in stages:
            run_stage(self.network, self.encoder, mix, stage, way)

    def teach(self, rows: Sequence[Row], made: Sequence[Example]) -> list[Example]:
        """Give the teacher's logits to the examples whose rows it knows more of than the small model does.

        These are the sets labelled for this question; of tweets it has seen few. A row that comes again is
        not asked again.
        """
        wanted = {_question(row): row for row in rows if row.source.startswith(SEVERAL)}
        unknown = [row for question, row in wanted.items() if question not in self._known]
        # In bf16 throughout: twice as fast, and its answers are soft anyway.
        network = copy.deepcopy(self.network).bfloat16()
        logits = predict(network, examples(unknown, self.encoder), self.encoder.pad_id)
        self._known |= {_question(row): said for row, said in zip(unknown, logits, strict=True)}
        return [
            dataclasses.replace(example, teacher=np.array(self._known[_question(row)]))
            if row.source.startswith(SEVERAL)
            else example
            for row, example in zip(rows, made, strict=True)
        ]


def give_meaning(network: Network, encoder: Encoder) -> None:
    """Let each brand mark begin as the mean of the words it stands for."""
    table = network.encoder.get_input_embeddings().weight
    with torch.no_grad():
        for mark, words in MEANINGS.items():
            at = [ids[1] for ids in encoder.encode(words)]
            table[encoder.encode([mark])[0][1]] = table[at].mean(0)


def _question(row: Row) -> tuple[str, str | None, tuple[str, ...]]:
    return row.text, row.brand, row.others
