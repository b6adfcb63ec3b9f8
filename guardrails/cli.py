"""The command line: loads the command that is called, and turns what goes wrong into an exit code."""

from __future__ import annotations

import gc
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

import guardrails

HELP = """Lint Terraform, plans and AWS accounts: what is insecure, what stops people from working, what is wasted.

Exit codes: 0 clean, 1 findings, 2 usage or configuration error, 3 nothing to scan, 4 incomplete.
"""


def run(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    gc.set_threshold(50_000, 20, 20)  # a run makes many objects and drops few: collecting often only costs
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # text streams of the interpreter
    try:
        application(arguments)(arguments, prog_name="guardrails")
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception:  # never exit 1 for want of a report: 1 means findings
        from guardrails.reporters.safe import visible_lines, without_secrets  # noqa: PLC0415  # on errors only

        sys.stderr.write(without_secrets(visible_lines(traceback.format_exc())))
        sys.stderr.write("guardrails: this is a bug of guardrails; nothing can be said about what was scanned\n")
        raise SystemExit(4) from None


def application(arguments: Sequence[str]) -> typer.Typer:
    """The command line with the command that the arguments call, or with all of them."""
    app = typer.Typer(name="guardrails", help=HELP, no_args_is_help=True, pretty_exceptions_enable=False)
    app.callback()(_options)
    names = commands()
    called = arguments[0] if arguments else ""
    for name in [called] if called in names else names:
        importlib.import_module(f"guardrails.commands.{name.replace('-', '_')}").register(app)
    return app


def commands() -> list[str]:
    """The names of the commands: the files of `guardrails/commands`."""
    folder = os.path.join(os.path.dirname(__file__), "commands")
    files = (name.removesuffix(".py") for name in os.listdir(folder) if name.endswith(".py"))
    return sorted(name.replace("_", "-") for name in files if not name.startswith("_"))


def _options(
    version: Annotated[bool, typer.Option("--version", "-V", help="Say the version.", is_eager=True)] = False,
) -> None:
    if version:
        typer.echo(f"guardrails {guardrails.__version__}")
        raise typer.Exit
