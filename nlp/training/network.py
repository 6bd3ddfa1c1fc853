"""The network: a small encoder, three ways of pooling it, a head for each label."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoModel

from nlp.heads import INTENTS, REASONS

#: Hidden units between the pooled text and each head.
HIDDEN = 384


class Network(nn.Module):  # type: ignore[misc]  # torch is not installed where types are checked
    """Read token ids, answer with one row of `nlp.heads` logits per text.

    The text is pooled three ways: first token, mean of all, mean of the target's marks. The last makes
    the answer depend on the brand asked about. Where no brand is marked, another sentiment head answers.
    """

    def __init__(
        self,
        base: Path,
        mark_ids: tuple[int, int],
        *,
        vocabulary: int = 0,
        dropout: float = 0.1,
        attention: str = "eager",
    ) -> None:
        super().__init__()
        # Dropping attention shares costs a sixth of a step on a CPU; the states are dropped from anyway.
        self.encoder = AutoModel.from_pretrained(
            str(base), attn_implementation=attention, attention_probs_dropout_prob=0.0
        )
        self.encoder.pooler = None
        if vocabulary > self.encoder.config.vocab_size:
            # A base without free places gets two more rows for the brand marks.
            self.encoder.resize_token_embeddings(vocabulary)
        width = 3 * int(self.encoder.config.hidden_size)
        self.mark_ids = mark_ids
        self._words_stay = False
        self.whole = _head(width, 3, dropout)
        self.toward = _head(width, 3, dropout)
        self.churn = _head(width, 1 + len(REASONS), dropout)
        self.intents = _head(width, len(INTENTS), dropout)

    @property
    def target_id(self) -> int:
        """The token that stands for the target."""
        return self.mark_ids[0]

    def freeze(self, *, words: bool, layers: int = 0) -> None:
        """Let the words stay as they are (the marks learn), and the matrices of the lowest `layers`.

        Biases and norms learn everywhere: a mark means nothing to layers that cannot answer it at all.
        """
        self.requires_grad_(requires_grad=True)
        self._words_stay = words or layers > 0
        if not layers:
            return
        encoder, table = self.encoder.encoder, self.encoder.get_input_embeddings().weight
        # MPNet's layers share one table of how far apart two words stand.
        shared = getattr(encoder, "relative_attention_bias", None)
        for part in [self.encoder.embeddings, *encoder.layer[:layers], *([shared] if shared else [])]:
            for parameter in part.parameters():
                parameter.requires_grad_(parameter.ndim == 1 or parameter is table)

    def hold(self) -> None:
        """Take the gradient from the words that stay; the marks keep theirs."""
        gradient = self.encoder.get_input_embeddings().weight.grad
        if self._words_stay and gradient is not None:
            marks = list(self.mark_ids)
            learnt = gradient[marks]
            gradient.zero_()
            gradient[marks] = learnt

    def forward(self, input_ids: Any, attention_mask: Any) -> Any:
        """Return logits of shape (texts, WIDTH)."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        mean = (states * mask).sum(1) / mask.sum(1)
        target = (input_ids == self.target_id).unsqueeze(-1).to(states.dtype)
        count = target.sum(1)
        asked = (count > 0).to(states.dtype)
        toward = (states * target).sum(1) / count.clamp(min=1.0)
        pooled = torch.cat([states[:, 0], mean, toward * asked + mean * (1.0 - asked)], dim=-1)
        sentiment = self.toward(pooled) * asked + self.whole(pooled) * (1.0 - asked)
        return torch.cat([sentiment, self.churn(pooled), self.intents(pooled)], dim=-1)


def _head(width: int, classes: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Dropout(dropout),
        nn.Linear(width, HIDDEN),
        nn.GELU(),
        nn.Dropout(dropout),
        nn.Linear(HIDDEN, classes),
    )
