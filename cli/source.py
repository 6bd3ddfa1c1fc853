"""`earful source`: what can be read, with which keys, and whether it answers."""

from __future__ import annotations

from cli import sourcing
from cli.main import DropIn

command = DropIn(
    package=sourcing,
    name="source",
    help="Say what can be read, take keys, and try a source with one request.",
)
