from __future__ import annotations

import numpy as np

from nlp.heads import CHURN, WIDTH
from nlp.training.calibrate import calibrate
from nlp.training.rows import Row


def test_wide_logits_do_not_run_away_and_come_out_honest() -> None:
    draw = np.random.default_rng(3)
    logits = np.zeros((2000, WIDTH))
    logits[:, CHURN] = draw.normal(-2, 9, 2000)
    truth = draw.random(2000) < 1 / (1 + np.exp(-(0.4 * logits[:, CHURN] + 0.5)))
    rows = [
        Row(source="made", source_id=str(at), text=f"t{at}", brand="A", churn=bool(left))
        for at, left in enumerate(truth)
    ]
    line = calibrate(rows, logits).churn
    assert 0.3 < line.scale < 0.5
    assert 0.2 < line.shift < 1.6
