"""`earful bench`: how fast each part is, as JSON, beside what the part is compared with."""

from __future__ import annotations

from cli import benches
from cli.main import DropIn

command = DropIn(
    benches,
    name="bench",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Measure a part of Earful; the figures come as JSON with ratios taken in the same run.",
)
