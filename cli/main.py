"""The command line: finds the commands of this package and turns errors into one clear line."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from keyword import iskeyword
from pathlib import Path
from types import ModuleType

import click

import cli
from core.errors import EarfulError

#: Modules here that are no commands.
PARTS = frozenset(
    {
        "__main__",
        "main",
        "config",
        "keyring",
        "children",
        "scheduling",
        "chores",
        "crawling",
        "hints",
        "listening",
        "opening",
        "turns",
        "watching",
        "foretelling",
        "demo_story",
        "demo_deeds",
    }
)


def _load(ctx: click.Context, _option: click.Parameter, data: Path | None) -> None:
    """Put the settings of a data directory where every command finds them: `ctx.obj`."""
    if data is not None or ctx.obj is None:
        from cli.config import load_settings  # noqa: PLC0415 - pydantic costs 0.2 s that --help need not pay

        ctx.obj = load_settings(data)


def data_option() -> click.Option:
    """Return the `--data` option that every command has."""
    return click.Option(
        ["--data"],
        type=click.Path(path_type=Path, file_okay=False),
        envvar="EARFUL_DATA_DIR",
        help="Data directory (default: earful-data here).",
        expose_value=False,
        is_eager=True,
        callback=_load,
    )


class DropIn(click.Group):
    """Find commands in the modules of a package, importing one only when it is asked for."""

    def __init__(self, package: ModuleType, **settings: object) -> None:
        super().__init__(**settings)  # type: ignore[arg-type]  # click types its keywords one by one
        self.package = package

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names."""
        del ctx
        found = pkgutil.iter_modules(self.package.__path__)
        names = [module.name for module in found if not module.ispkg and module.name not in PARTS]
        # `import_` is the command `import`: a module cannot be named after a keyword.
        return sorted(name.rstrip("_").replace("_", "-") for name in names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command; None where there is none of that name.

        Raises:
            TypeError: the module's `command` is none.
        """
        if cmd_name not in self.list_commands(ctx):
            return None
        name = cmd_name.replace("-", "_")
        module = importlib.import_module(f"{self.package.__name__}.{name}{'_' if iskeyword(name) else ''}")
        command = module.command
        if not isinstance(command, click.Command):
            raise TypeError(f"{module.__name__}.command is no command")
        if not any(option.name == "data" for option in command.params):
            command.params.append(data_option())
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the commands there are when one is misspelled.

        Raises:
            UsageError: there is no such command.
        """
        if args and args[0] not in self.list_commands(ctx) and not args[0].startswith("-"):
            names = ", ".join(self.list_commands(ctx))
            raise click.UsageError(f"there is no command {args[0]!r}; there are {names}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=DropIn,
    package=cli,
    name="earful",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Listen to what people say in public about a product, and find the threads that need you now.\n\n"
    'Begin with `./earful up --demo`, or `./earful up "Your Product"`.',
)
@click.version_option("0.1.0", prog_name="earful")
def earful() -> None:
    """Be the root of all commands."""


def run() -> None:
    """Run the command line; end with a clear line and an exit code whatever happens."""
    try:
        # Not standalone, click hands back the code of `ctx.exit(code)` instead of ending the process with it.
        code = earful(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except EarfulError as error:
        click.echo(f"earful: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader (head, less) has seen enough; a second error at interpreter exit would say nothing new.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
