"""Other tools beside the checks: which are wanted, and on what."""

from __future__ import annotations

import enum
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from guardrails import workspace
from guardrails.engines import Engine
from guardrails.reporters.safe import visible

if TYPE_CHECKING:
    from guardrails.config import Loaded
    from guardrails.engines.checkov import Checkov


class Tool(enum.StrEnum):
    """The tools that can be asked."""

    CHECKOV = "checkov"


With = Annotated[
    list[Tool] | None,
    typer.Option("--with", help="Also ask this tool, beside the checks; `guardrails engines` says where it is."),
]


class Wanted:
    """The tools that the command line or the configuration wants."""

    def __init__(self, loaded: Loaded | None, tools: Sequence[Tool] | None) -> None:
        self._some = bool(tools or (loaded and loaded.config.engines))
        self._executable = executable_of(loaded)
        self._seconds = loaded.config.checkov.timeout if loaded else None

    def started(
        self, paths: Iterable[Path], variables: Iterable[str] = (), var_files: Iterable[Path] = ()
    ) -> AbstractContextManager[Sequence[Engine]]:
        """Set them to work on the paths until the context ends."""
        if not self._some:
            return nullcontext(())
        from guardrails.engines import checkov  # noqa: PLC0415  # with an engine alone

        folders, plans, others = _sorted(paths)
        if others:
            names = visible(", ".join(others))
            print(f"guardrails: checkov reads configuration and plans: it does not look at {names}", file=sys.stderr)
        given = (text.partition("=") for text in variables)
        options = checkov.Options(
            executable=self._executable,
            seconds=self._seconds or checkov.SECONDS,
            variables={name.strip(): value for name, _, value in given},
            var_files=tuple(str(path) for path in var_files),
            avoid=avoided([*folders, *plans]),
        )
        return _Running(checkov.Checkov(checkov.targets(folders, plans), options))


class _Running:
    """One engine as the context of a run."""

    def __init__(self, engine: Checkov) -> None:
        self._engine = engine

    def __enter__(self) -> Sequence[Engine]:
        return (self._engine,)

    def __exit__(self, *_: object) -> None:
        self._engine.close()


def executable_of(loaded: Loaded | None) -> str:
    """The program that the user's own configuration names, absolute; empty where it names none."""
    named = loaded.config.checkov.executable if loaded else ""
    return os.path.abspath(loaded.path_of(os.path.expanduser(named))) if loaded and named else ""


def avoided(paths: Iterable[str]) -> tuple[str, ...]:
    """The trees around the paths: no program and no cache is taken from there."""
    return tuple(
        dict.fromkeys(workspace.root(path if Path(path).is_dir() else str(Path(path).parent)) for path in paths)
    )


def _sorted(paths: Iterable[Path]) -> tuple[list[str], list[str], list[str]]:
    """Configuration, plans, and what is neither."""
    from guardrails.sources import is_configuration  # noqa: PLC0415  # with an engine alone
    from guardrails.sources.document import Document, Unusable  # noqa: PLC0415  # as above

    folders: list[str] = []
    plans: list[str] = []
    others: list[str] = []
    for path in paths:
        if is_configuration(path):
            folders.append(str(path))
            continue
        try:
            what = Document.open(path).what
        except (Unusable, OSError):
            continue  # a problem of the run's own reading
        (plans if what == "plan" else others).append(str(path))
    return folders, plans, others
