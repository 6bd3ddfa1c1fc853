"""`earful account`: the customers' list, brought in and kept in step."""

from __future__ import annotations

from cli import accounting
from cli.main import DropIn

command = DropIn(
    package=accounting,
    name="account",
    help="Bring in the list of your customers, keep it in step, and see where each stands.",
)
