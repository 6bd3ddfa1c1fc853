"""What training minimises: the labels, the teacher's answers, and brands of one text told apart."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from nlp.heads import CHURN, INTENT, REASON, SENTIMENT

#: Share of the weight that each of the other heads has beside sentiment.
CHURN_WEIGHT, REASON_WEIGHT, INTENT_WEIGHT, TEACHER_WEIGHT = 1.0, 0.5, 0.8, 2.0
#: How far apart, in logits, the answers toward two brands of one text are wanted where their truths differ.
CHURN_APART, TONE_APART = 2.0, 1.5
TONE_SHARE = 0.5
HALF = 0.5


def loss_of(logits: Any, truth: Any, tone_weight: Any, teacher: Any | None) -> Any:
    """Return the loss over what each row was asked; NaN in `truth` is not asked."""
    asked = ~torch.isnan(truth)
    known = torch.nan_to_num(truth)
    count = float(len(truth))
    tone = -(known[:, SENTIMENT] * functional.log_softmax(logits[:, SENTIMENT], -1)).sum(-1)
    loss = (tone * asked[:, 0] * tone_weight).sum() / count
    churn = functional.binary_cross_entropy_with_logits(logits[:, CHURN], known[:, CHURN], reduction="none")
    loss = loss + CHURN_WEIGHT * (churn * asked[:, CHURN]).sum() / count
    reason = -(known[:, REASON] * functional.log_softmax(logits[:, REASON], -1)).sum(-1)
    loss = loss + REASON_WEIGHT * (reason * asked[:, REASON.start]).sum() / count
    intent = functional.binary_cross_entropy_with_logits(
        logits[:, INTENT], known[:, INTENT], reduction="none"
    )
    loss = loss + INTENT_WEIGHT * (intent * asked[:, INTENT]).sum() / count
    return loss if teacher is None else loss + TEACHER_WEIGHT * _distance(logits, teacher)


def _distance(logits: Any, teacher: Any) -> Any:
    """Return how far the answers are from the teacher's, for sentiment and churn; NaN rows had none."""
    taught = ~torch.isnan(teacher[:, 0])
    if not bool(taught.any()):
        return torch.zeros(())
    said, wanted = logits[taught], teacher[taught]
    tone = functional.kl_div(
        functional.log_softmax(said[:, SENTIMENT], -1),
        functional.log_softmax(wanted[:, SENTIMENT], -1),
        reduction="none",
        log_target=True,
    ).sum(-1)
    churn = functional.binary_cross_entropy_with_logits(
        said[:, CHURN], torch.sigmoid(wanted[:, CHURN]), reduction="none"
    )
    return (tone + churn).sum() / len(logits)


def apart(logits: Any, truth: Any, texts: Any) -> Any:
    """Return how much less than wanted the answers toward brands of one text differ, by row.

    A brand that is left shall look likelier to be left than one that stays, whatever both look like; the
    same for the better liked. `texts` holds the same number for rows about the same text.
    """
    same = texts[:, None] == texts[None, :]
    churn, leaves = logits[:, CHURN], truth[:, CHURN]
    left = same & (leaves[:, None] > leaves[None, :])
    loss = (functional.softplus(CHURN_APART - (churn[:, None] - churn[None, :])) * left).sum()
    worst, best = SENTIMENT.start, SENTIMENT.stop - 1
    tone, liked = logits[:, best] - logits[:, worst], truth[:, best] - truth[:, worst]
    better = same & (liked[:, None] - liked[None, :] > HALF)
    wanted = functional.softplus(TONE_APART - (tone[:, None] - tone[None, :])) * better
    return (loss + TONE_SHARE * wanted.sum()) / len(logits)
