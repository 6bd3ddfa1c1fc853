"""Where each head's numbers stand in the model's output, and how they become labels."""

from __future__ import annotations

from core.labels import ChurnReason, Intent, Tone

TONES = tuple(Tone)
REASONS = tuple(ChurnReason)
INTENTS = tuple(Intent)

SENTIMENT = slice(0, 3)
CHURN = 3
REASON = slice(4, 4 + len(REASONS))
INTENT = slice(REASON.stop, REASON.stop + len(INTENTS))
#: Width of the output.
WIDTH = INTENT.stop
