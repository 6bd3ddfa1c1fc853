"""`earful test`: lint, types, import contract and tests, all with one command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
#: What is checked before the tests; each is a module of the test requirements.
CHECKS = (
    ("ruff", ["ruff", "check", "."]),
    ("ruff format", ["ruff", "format", "--check", "."]),
    ("mypy", ["mypy"]),
    ("import contract", ["cli.test"]),
)


@click.command("test", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def command(ctx: click.Context, arguments: tuple[str, ...]) -> None:
    """Run all checks and tests; with ARGUMENTS, only pytest with these."""
    failed = [] if arguments else [name for name, module in CHECKS if _run(name, module)]
    if failed:
        click.echo(f"earful test: {', '.join(failed)} failed; the lines above say where", err=True)
    code = _run("pytest", ["pytest", *arguments])
    ctx.exit(code or (1 if failed else 0))


def _run(name: str, module: list[str]) -> int:
    if name != "pytest":
        click.echo(f"earful test: {name}", err=True)
    return subprocess.run([sys.executable, "-m", *module], cwd=ROOT, check=False).returncode  # noqa: S603 - our tools


if __name__ == "__main__":
    # import-linter has no `python -m` door of its own.
    from importlinter.cli import lint_imports_command

    lint_imports_command()
