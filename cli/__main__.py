"""Run `python -m cli`, which is what the launcher does."""

from cli.main import run

run()
