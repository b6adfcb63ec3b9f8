"""`guardrails init`: the files that a repository needs to be checked on every commit."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from guardrails import workspace
from guardrails.commands import _shared as shared
from guardrails.files import write_whole
from guardrails.reporters.safe import visible_lines


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(init)


def init(
    *,
    force: Annotated[bool, typer.Option("--force", help="Write our own files anew where they are there.")] = False,
) -> None:
    """Write a configuration, a pre-commit hook and a CI job that suit the repository that you stand in.

    Files of other tools that are there already are never changed: what to add to them is printed.
    """
    from guardrails.starting import look, propose  # noqa: PLC0415  # not for `--help`

    root = workspace.root()
    proposal = propose(look(root))
    there = [path for path in proposal.files if os.path.lexists(os.path.join(root, path))]
    if there and not force:
        shared.fail(f"{', '.join(there)}: there already; --force writes anew")
    for path in proposal.files:
        if not workspace.is_inside(os.path.dirname(os.path.join(root, path)), root):
            shared.fail(f"{path} is not inside {root}")
    for path, text in proposal.files.items():
        whole = os.path.join(root, path)
        try:
            os.makedirs(os.path.dirname(whole), exist_ok=True)
            write_whole(whole, text.encode())
        except OSError as error:
            shared.fail(f"cannot write {whole}: {error.strerror}")
        shared.put(f"wrote {os.path.relpath(whole)}\n")
    for note in proposal.notes:
        shared.put(f"\n{visible_lines(note)}\n")
    shared.put("\nNext: `guardrails check`, or `guardrails baseline write` to start from what there is.\n")
