"""Fine-tune the network: masked losses of all heads, averaged weights, checkpoints that can be resumed."""

from __future__ import annotations

import copy
import dataclasses
import json
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.errors import ConfigError
from nlp.encoding import Encoder, padded
from nlp.heads import CHURN, INTENT, INTENTS, REASON, REASONS, SENTIMENT, WIDTH
from nlp.marking import marked_windows
from nlp.training.losses import apart, loss_of
from nlp.training.network import Network
from nlp.training.rounding import Rounding
from nlp.training.rows import Row

#: Batches whose texts are sorted by length together; small enough to stay mixed.
SORTED_TOGETHER = 50
#: Steps between two checkpoints and between two progress lines.
CHECKPOINT_EVERY = 200
REPORT_EVERY = 50
#: The last of BERT's places for marks; no vocabulary that grew from it has words before.
LAST_MARK = 998
#: Tokens of one text seen in training.
MAX_LENGTH = 192
#: Each tone of the tweets weighs the same in all: macro recall asks for that. Where a set has few of one
#: tone, that one weighs more.
TONE_WEIGHTS = {
    "semeval": (2.15, 0.74, 0.84),
    "cf_brands": (2.2, 0.8, 1.1),
    "cf_apple": (1.0, 0.9, 1.6),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """How to train; saved beside the checkpoint, and a checkpoint of another plan is not resumed."""

    epochs: int = 2
    batch: int = 32
    learning_rate: float = 5e-5
    head_learning_rate: float = 3e-4
    #: Of biases and norms, and of the words (of which the marks may be all that learns); None: as the rest.
    bias_learning_rate: float | None = None
    word_learning_rate: float | None = None
    warm_up: float = 0.06
    weight_decay: float = 0.01
    average: float = 0.998
    seed: int = 7
    bfloat16: bool = True
    threads: int = 1
    #: Share of the words that are hidden in training, so that none is relied on alone.
    hidden_words: float = 0.0
    #: How much of a tone's certainty is spread over all three.
    smooth: float = 0.0
    #: How much it weighs that brands of one text whose truths differ get answers that differ.
    apart: float = 0.0
    #: Share of the steps, the last ones, that see their numbers as coarse as int8 will make them.
    rounded: float = 0.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Example:
    """One row as tensors are made of it: ids, truths with NaN for what is not asked, weight of the tone."""

    ids: list[int]
    truth: np.ndarray[Any, np.dtype[np.float32]]
    tone_weight: float
    #: The same for all rows about the same text.
    text: int = 0
    #: The teacher's logits, where it was asked.
    teacher: np.ndarray[Any, np.dtype[np.float32]] | None = None


def examples(rows: Sequence[Row], encoder: Encoder) -> list[Example]:
    """Encode rows; of a long text the window around the first naming of the brand."""
    texts = [marked_windows(row.request())[0] for row in rows]
    ids = encoder.encode(texts)
    return [
        Example(ids=ids[at], truth=_truth(row), tone_weight=_tone_weight(row), text=hash(row.text))
        for at, row in enumerate(rows)
    ]


def fit(
    network: Network,
    epoch_of: Callable[[int], Sequence[Example]],
    plan: Plan,
    out: Path,
    *,
    pad_id: int,
    mask_id: int,
    say: Callable[[str], None],
) -> None:
    """Train in place; at the end the network holds the averaged weights.

    Raises:
        ConfigError: `out` holds a checkpoint of another plan or of other data.
    """
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    batches = [batch for number in range(plan.epochs) for batch in _batches(epoch_of(number), plan, number)]
    run = _Run(network, plan, len(batches), out / "checkpoint.pt")
    if run.resume():
        say(f"resumed at step {run.step} of {run.steps}")
    started, first = time.monotonic(), run.step
    loss = 0.0
    run.worker.train()
    for batch in batches[first:]:
        loss += run.learn(batch, pad_id, mask_id)
        if run.step % REPORT_EVERY == 0 or run.step == run.steps:
            left = (time.monotonic() - started) / (run.step - first) * (run.steps - run.step)
            say(f"step {run.step}/{run.steps} loss {loss / REPORT_EVERY:.3f}, {left / 60:.1f} min left")
            loss = 0.0
        if run.step % CHECKPOINT_EVERY == 0:
            run.save()
    network.load_state_dict(run.average)
    network.eval()


class _Run:
    """One training run: what changes from step to step, and how it is kept."""

    def __init__(self, network: Network, plan: Plan, steps: int, checkpoint: Path) -> None:
        self.network, self.plan, self.steps, self.checkpoint = network, plan, steps, checkpoint
        self.step = 0
        # Weights stay in fp32; a copy in bf16 does the work, so that nothing is cast on the way.
        self.worker = copy.deepcopy(network) if plan.bfloat16 or plan.rounded else network
        if plan.bfloat16:
            self.worker.bfloat16()
        self.rounding = Rounding(self.worker) if plan.rounded else None
        self.optimiser = _optimiser(network, plan)
        self.hiding = random.Random(plan.seed)  # noqa: S311 - repeatable noise, not a secret
        self.average = {name: value.detach().clone() for name, value in network.state_dict().items()}

    def learn(self, batch: Sequence[Example], pad_id: int, mask_id: int) -> float:
        _set_rate(self.optimiser, self.plan, self.step, self.steps)
        if self.rounding is not None:
            self.rounding.on = self.step >= self.steps * (1 - self.plan.rounded)
        share = self.plan.hidden_words
        ids = [_with_hidden_words(row.ids, share, self.hiding, mask_id) for row in batch]
        loss = self._backwards(batch, ids, pad_id)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self._hand_over()
        # Early on the average must not hold on to the untrained heads.
        keep = min(self.plan.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.network.named_parameters():
                if value.requires_grad:
                    self.average[name].lerp_(value, 1.0 - keep)
        self.step += 1
        return loss

    def _backwards(self, batch: Sequence[Example], hidden: Sequence[Sequence[int]], pad_id: int) -> float:
        """Leave the gradients of one batch at the weights; return the loss."""
        ids, mask = padded(hidden, pad_id)
        truth = torch.from_numpy(np.stack([row.truth for row in batch]))
        if self.plan.smooth:
            truth[:, SENTIMENT] = truth[:, SENTIMENT] * (1 - self.plan.smooth) + self.plan.smooth / 3
        weight = torch.tensor([row.tone_weight for row in batch])
        logits = self.worker(torch.from_numpy(ids), torch.from_numpy(mask)).float()
        loss = loss_of(logits, truth, weight, _teacher(batch))
        if self.plan.apart:
            texts = torch.tensor([row.text for row in batch])
            loss = loss + self.plan.apart * apart(logits, truth, texts)
        loss.backward()
        if self.worker is not self.network:
            for working, kept in zip(self.worker.parameters(), self.network.parameters(), strict=True):
                if working.grad is not None:
                    kept.grad, working.grad = working.grad.float(), None
        self.network.hold()
        return float(loss.detach())

    def _hand_over(self) -> None:
        """Bring the weights into the copy that works."""
        if self.worker is self.network:
            return
        named = zip(self.worker.parameters(), self.network.named_parameters(), strict=True)
        with torch.no_grad():
            for working, (name, kept) in named:
                if kept.requires_grad:
                    working.copy_(kept if self.rounding is None else self.rounding.weights(name, kept))

    def save(self) -> None:
        state = {
            "plan": self._fingerprint(),
            "step": self.step,
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": self.average,
            "random": torch.get_rng_state(),
        }
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.checkpoint)

    def resume(self) -> bool:
        if not self.checkpoint.exists():
            return False
        saved = torch.load(self.checkpoint, weights_only=True)
        if saved["plan"] != self._fingerprint():
            raise ConfigError(
                f"{self.checkpoint} is of another plan or other data; remove it or change --out"
            )
        self.network.load_state_dict(saved["network"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.average.update(saved["average"])
        torch.set_rng_state(saved["random"])
        self.step = saved["step"]
        self.hiding.seed(self.step)
        self._hand_over()
        return True

    def _fingerprint(self) -> str:
        return json.dumps(
            {**dataclasses.asdict(self.plan), "steps": self.steps, "threads": 0}, sort_keys=True
        )


def predict(network: Network, rows: Sequence[Example], pad_id: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return the logits of each example."""
    network.eval()
    logits = np.zeros((len(rows), WIDTH), dtype=np.float32)
    order = sorted(range(len(rows)), key=lambda at: len(rows[at].ids))
    with torch.inference_mode():
        for start in range(0, len(order), 32):
            chosen = order[start : start + 32]
            ids, mask = padded([rows[at].ids for at in chosen], pad_id)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                said = network(torch.from_numpy(ids), torch.from_numpy(mask))
            logits[chosen] = said.float().numpy()
    return logits


def _truth(row: Row) -> np.ndarray[Any, np.dtype[np.float32]]:
    truth = np.full(WIDTH, np.nan, dtype=np.float32)
    if row.sentiment is not None:
        truth[SENTIMENT] = row.sentiment
    if row.churn is not None:
        truth[CHURN] = float(row.churn)
    if row.reason is not None:
        truth[REASON] = [float(reason is row.reason) for reason in REASONS]
    for intent, wanted in row.intents.items():
        truth[INTENT.start + INTENTS.index(intent)] = float(wanted)
    return truth


def _tone_weight(row: Row) -> float:
    weights = TONE_WEIGHTS.get(row.source)
    if weights is None or row.sentiment is None:
        return 1.0
    return weights[row.sentiment.index(max(row.sentiment))]


def _batches(rows: Sequence[Example], plan: Plan, epoch: int) -> list[list[Example]]:
    draw = random.Random(plan.seed * 1000 + epoch)  # noqa: S311 - a repeatable shuffle, not a secret
    made: list[list[Example]] = []
    together = SORTED_TOGETHER * plan.batch
    for start in range(0, len(rows), together):
        chunk = sorted(rows[start : start + together], key=lambda row: len(row.ids))
        made += [chunk[at : at + plan.batch] for at in range(0, len(chunk), plan.batch)]
    draw.shuffle(made)
    return made


def _teacher(batch: Sequence[Example]) -> Any | None:
    if all(row.teacher is None for row in batch):
        return None
    none = np.full(WIDTH, np.nan, dtype=np.float32)
    return torch.from_numpy(np.stack([none if row.teacher is None else row.teacher for row in batch]))


def _with_hidden_words(ids: Sequence[int], share: float, draw: random.Random, mask_id: int) -> Sequence[int]:
    """Hide some tokens behind the mask that the base knows; both ends and the brand marks stay."""
    if not share:
        return ids
    return [mask_id if word > LAST_MARK and draw.random() < share else word for word in ids]


def _optimiser(network: Network, plan: Plan) -> Any:
    groups: dict[tuple[float, float], list[Any]] = {}
    words = network.encoder.get_input_embeddings().weight
    for name, parameter in network.named_parameters():
        rate = plan.learning_rate if name.startswith("encoder.") else plan.head_learning_rate
        if parameter is words:
            rate = plan.word_learning_rate or rate
        elif name.startswith("encoder.") and parameter.ndim == 1:
            rate = plan.bias_learning_rate or rate
        # Decay would also move words that get no gradient.
        decay = 0.0 if parameter.ndim == 1 or parameter is words else plan.weight_decay
        groups.setdefault((rate, decay), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": found, "lr": rate, "weight_decay": decay, "full": rate}
            for (rate, decay), found in groups.items()
        ],
        fused=True,
    )


def _set_rate(optimiser: Any, plan: Plan, step: int, steps: int) -> None:
    warm = max(1, int(plan.warm_up * steps))
    share = (step + 1) / warm if step < warm else max(0.02, (steps - step) / max(1, steps - warm))
    for group in optimiser.param_groups:
        group["lr"] = group["full"] * share
