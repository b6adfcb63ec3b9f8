"""What the commands that answer questions have in common: what they look at, how they write, how they end."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from guardrails.commands import _shared as shared

if TYPE_CHECKING:
    from guardrails.model import Model


class AnswerFormat(enum.StrEnum):
    """How to write the answer."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


On = Annotated[
    list[Path] | None,
    typer.Option(
        "--on",
        metavar="PATH",
        help="What to look at: configuration, plan, state or saved account; several are looked at together.",
        show_default=".",
    ),
]
Format = Annotated[AnswerFormat, typer.Option("--format", help="How to write the answer.")]


def read(
    on: Sequence[Path] | None,
    variables: Iterable[str] | None,
    var_files: Sequence[Path] | None,
    source: Path | None,
    config: str | None,
) -> tuple[list[Model], bool]:
    """The designs that are looked at, and whether all of them could be read."""
    loaded = shared.load_config(config)
    scanned = on or [Path()]
    models = shared.read_models(scanned, variables or (), shared.var_files_of(loaded, var_files), source)
    complete = not shared.say_problems(problem for model in models for problem in model.incomplete())
    if not any(model.types() for model in models):
        names = ", ".join(str(path) for path in scanned)
        code = shared.NOTHING if complete else shared.INCOMPLETE
        shared.fail(f"nothing to look at in {names}: no resource was found", code)
    return models, complete


def end(code: int, *, complete: bool) -> NoReturn:
    """Exit, and never clean where something could not be read."""
    raise typer.Exit(shared.INCOMPLETE if code == shared.CLEAN and not complete else code)
