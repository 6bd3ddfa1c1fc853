from __future__ import annotations

import numpy as np

from nlp.heads import CHURN, SENTIMENT, WIDTH
from nlp.training.calibrate import calibrate
from nlp.training.rows import Row, one_hot


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


def test_texts_with_several_brands_have_a_temperature_of_their_own() -> None:
    draw = np.random.default_rng(4)
    tones = ("negative", "neutral", "positive")
    logits = np.zeros((2000, WIDTH))
    logits[:, SENTIMENT] = draw.normal(0, 3, (2000, 3))
    rows = []
    for at, said in enumerate(logits[:, SENTIMENT]):
        # Beside other brands the truth follows the logits only a third as closely.
        among = at % 2 == 0
        share = np.exp(said / (3.0 if among else 1.0))
        tone = tones[int(draw.choice(3, p=share / share.sum()))]
        rows.append(
            Row(
                source="made",
                source_id=str(at),
                text=f"A is {at}, and B is not",
                brand="A",
                others=("B",) if among else (),
                sentiment=one_hot(tone),
            )
        )
    found = calibrate(rows, logits)
    assert 0.85 < found.toward_temperature < 1.2
    assert 2.4 < found.among_temperature < 3.6


def test_sets_read_for_brands_do_not_make_leaving_less_likely() -> None:
    draw = np.random.default_rng(5)
    logits = np.zeros((1200, WIDTH))
    logits[:, CHURN] = draw.normal(0, 2, 1200)
    left = draw.random(1200) < 1 / (1 + np.exp(-logits[:, CHURN]))
    rows = [
        Row(source="made", source_id=str(at), text=f"t{at}", brand="A", churn=bool(truth))
        for at, truth in enumerate(left)
    ]
    nobody = [
        Row(source="read3", source_id=str(at), text=f"r{at}", brand="A", churn=False) for at in range(600)
    ]
    with_them = calibrate([*rows, *nobody], np.concatenate([logits, np.full((600, WIDTH), 1.0)]))
    assert with_them.churn == calibrate(rows, logits).churn
