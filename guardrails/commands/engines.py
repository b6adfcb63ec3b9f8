"""`guardrails engines`: the other tools that can be asked, and how to get them."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from guardrails import workspace
from guardrails.commands import _engines as tools
from guardrails.commands import _shared as shared
from guardrails.reporters.safe import visible


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The other tools that can be asked beside the checks.", invoke_without_command=True)
    group.callback()(engines)
    group.command()(install)
    app.add_typer(group, name="engines")


def engines(context: typer.Context, *, config: shared.ConfigFile = None) -> None:
    """Say which other tools are there. Exit code 4 if one that the configuration wants is not."""
    if context.invoked_subcommand:
        return
    from guardrails.engines import installation  # noqa: PLC0415  # not for `--help`

    loaded = shared.load_config(config)
    wanted = bool(loaded and loaded.config.engines)
    state = "runs with every check, by configuration" if wanted else "runs with `check --with checkov`"
    try:
        found = installation.find(tools.executable_of(loaded), [workspace.root()])
        version = installation.ask_version(found)
    except installation.EngineError as error:
        shared.put(f"checkov  {visible(str(error))}\n")
        raise typer.Exit(shared.INCOMPLETE if wanted else shared.CLEAN) from None
    shared.put(f"checkov {version}  {visible(found.path)} ({found.found}); {state}\n")
    if not installation.is_supported(version):
        shared.put(f"  older than {installation.OLDEST}, the oldest that is supported: its answers are incomplete\n")
        raise typer.Exit(shared.INCOMPLETE if wanted else shared.CLEAN)
    if not found.identity:
        shared.put("  its answers are not kept: the version of this program cannot be told without running it\n")


def install(
    tool: Annotated[tools.Tool, typer.Argument(help="The tool to install.")],
) -> None:
    """Install a tool, in the version that the tests run against, into an environment of its own in your cache."""
    from guardrails.engines import installation  # noqa: PLC0415  # not for `--help`

    del tool  # there is one
    try:
        found = installation.install(lambda text: print(visible(text), file=sys.stderr), [workspace.root()])
    except installation.EngineError as error:
        shared.fail(str(error), shared.INCOMPLETE)
    shared.put(f"checkov {found.version}  {visible(found.path)}\n")
