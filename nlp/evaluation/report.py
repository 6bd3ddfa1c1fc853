"""An evaluation as JSON, as lines for a terminal, and as one HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from nlp.evaluation import plots
from nlp.evaluation.comparing import Comparison
from nlp.evaluation.items import Item
from nlp.evaluation.judge import Verdict
from nlp.evaluation.measure import churn_of, tones_of
from nlp.evaluation.metrics import confusion
from nlp.heads import SENTIMENT, TONES

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
td, th { border: 1px solid #8886; padding: .25rem .6rem; text-align: right; }
th:first-child, td:first-child { text-align: left; }
svg { margin: .5rem; } svg text { font-size: 12px; fill: currentColor; } svg .title { font-weight: 600; }
svg .field { fill: none; stroke: #8888; } svg .guide { stroke: #8888; stroke-dasharray: 4; }
svg polyline { fill: none; stroke: #2a7de1; stroke-width: 2; } svg circle, svg rect { fill: #2a7de1; }
svg rect.field { fill: none; } svg .interval { stroke: #e1722a; stroke-width: 3; }
"""


def as_json(
    items: Sequence[Item], verdicts: Sequence[Verdict], comparisons: Sequence[Comparison], bad_rows: int
) -> dict[str, object]:
    """Return all figures as plain values."""
    return {
        "texts": len({item.text for item in items}),
        "questions": len(items),
        "bad_rows": bad_rows,
        "models": [
            {
                "model": verdict.model,
                "not_labelled": verdict.not_labelled,
                "figures": {name: figure.to_json() for name, figure in verdict.figures.items()},
                "confusion": confusion_of(items, verdict),
                "worst_source": verdict.worst_source,
                "worst_language": verdict.worst_language,
            }
            for verdict in verdicts
        ],
        "comparison": [
            {
                "head": found.head,
                "difference": round(found.difference, 4),
                "low": round(found.low, 4),
                "high": round(found.high, 4),
                "p_value": round(found.p_value, 4),
                "n": found.n,
            }
            for found in comparisons
        ],
    }


def as_lines(verdicts: Sequence[Verdict], comparisons: Sequence[Comparison]) -> list[str]:
    """Return the figures as lines of text."""
    lines = []
    for verdict in verdicts:
        lines.append(f"{verdict.model}  ({verdict.not_labelled} not labelled)")
        for name, figure in verdict.figures.items():
            lines.append(
                f"  {name:44} {figure.value:6.3f}  [{figure.low:.3f}, {figure.high:.3f}]  n={figure.n}"
            )
        for what, found in (("source", verdict.worst_source), ("language", verdict.worst_language)):
            if found is not None:
                lines.append(f"  worst {what}: {found[0]}, sentiment accuracy {found[1]:.3f}")
    lines += [
        f"{found.head}: the first is better by {found.difference:+.3f} "
        f"[{found.low:+.3f}, {found.high:+.3f}], p = {found.p_value:.4f}, n={found.n}"
        for found in comparisons
    ]
    return lines


def as_html(
    items: Sequence[Item], verdicts: Sequence[Verdict], comparisons: Sequence[Comparison], title: str
) -> str:
    """Return one page with every figure, a plot of each and the tables under them; nothing is fetched."""
    texts = len({item.text for item in items})
    parts = [f"<h1>{escape(title)}</h1><p>{len(items)} questions about {texts} texts.</p>"]
    for verdict in verdicts:
        parts.append(f"<h2>{escape(verdict.model)}</h2><p>{verdict.not_labelled} not labelled.</p>")
        parts.append(_plots(items, verdict))
        parts.append(_figures(verdict))
        parts.append(_confusion(items, verdict))
    if comparisons:
        rows = [
            [f.head, f"{f.difference:+.4f}", f"{f.low:+.4f} to {f.high:+.4f}", f"{f.p_value:.4f}", str(f.n)]
            for f in comparisons
        ]
        head = ["figure", "first better by", "95 % interval", "p", "n"]
        parts.append("<h2>Paired test</h2>" + _table(head, rows))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def confusion_of(items: Sequence[Item], verdict: Verdict) -> list[list[int]]:
    """Return counts of tones: a row for each true one, a column for each said."""
    _, truth, said = tones_of(items, verdict.p)
    table: list[list[int]] = confusion(truth, said).tolist()
    return table


def _plots(items: Sequence[Item], verdict: Verdict) -> str:
    drawn = []
    shares = [
        (name, max(0.0, f.value), max(0.0, f.low), f.high)
        for name, f in verdict.figures.items()
        if not np.isnan([f.value, f.low, f.high]).any()
    ]
    if shares:
        drawn.append(plots.bars(shares, "Figures with their 95 % intervals"))
    at, truth, said = tones_of(items, verdict.p)
    if len(at):
        sure = verdict.p[at][:, SENTIMENT].max(1)
        drawn.append(plots.reliability((truth == said).astype(np.float64), sure, "Sentiment: said and came"))
    at, leaving, likely = churn_of(items, verdict.p)
    if leaving.any():
        drawn.append(plots.reliability(leaving.astype(np.float64), likely, "Churn: said and came"))
        drawn.append(plots.precision_recall(leaving, likely, "Churn: precision over recall"))
    return "".join(drawn)


def _figures(verdict: Verdict) -> str:
    rows = [
        [name, f"{figure.value:.4f}", f"{figure.low:.4f} to {figure.high:.4f}", str(figure.n)]
        for name, figure in verdict.figures.items()
    ]
    for what, found in (("source", verdict.worst_source), ("language", verdict.worst_language)):
        if found is not None:
            rows.append([f"worst {what}: {found[0]} (sentiment accuracy)", f"{found[1]:.4f}", "", ""])
    return _table(["figure", "value", "95 % interval", "n"], rows)


def _confusion(items: Sequence[Item], verdict: Verdict) -> str:
    rows = [
        [f"truly {tone.value}", *map(str, counts)]
        for tone, counts in zip(TONES, confusion_of(items, verdict), strict=True)
    ]
    return _table(["", *(f"said {tone.value}" for tone in TONES)], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
