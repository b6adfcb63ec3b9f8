"""`guardrails show`: the design as it was evaluated."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from guardrails.commands import _shared as shared


class ShowFormat(enum.StrEnum):
    """How to write the design."""

    TEXT = "text"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(show)


def show(
    paths: shared.Paths = None,
    *,
    format_: Annotated[ShowFormat, typer.Option("--format", help="How to write it.")] = ShowFormat.TEXT,
    var: shared.Vars = None,
    var_file: shared.VarFiles = None,
    source: shared.Source = None,
    config: shared.ConfigFile = None,
) -> None:
    """Show what guardrails sees: every resource with its values, what is unknown and why, and where values came from.

    Exit codes: 0 everything was read, 2 usage error, 3 there is nothing, 4 something could not be read.
    """
    from guardrails import show as design  # noqa: PLC0415  # loads msgspec

    loaded = shared.load_config(config)
    models = shared.read_models(paths or [Path()], var or (), shared.var_files_of(loaded, var_file), source)
    shared.put(design.as_json(models) if format_ is ShowFormat.JSON else design.as_text(models))
    if any(model.incomplete() for model in models):
        raise typer.Exit(shared.INCOMPLETE)
    if not any(model.types() for model in models):
        raise typer.Exit(shared.NOTHING)
