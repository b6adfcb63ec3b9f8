"""`guardrails explain`: the page of a check."""

from __future__ import annotations

import difflib
import enum
from typing import Annotated

import typer

from guardrails import explain as pages
from guardrails.commands import _shared as shared
from guardrails.suppress import CHECKS as CHECKS_OF_SUPPRESSIONS


class PageFormat(enum.StrEnum):
    """How to write a page."""

    TEXT = "text"
    MARKDOWN = "markdown"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(explain)


def explain(
    name: Annotated[
        str, typer.Argument(metavar="CHECK", help="An id, a former one, or another tool's, as CKV_AWS_24.")
    ],
    *,
    format_: Annotated[PageFormat, typer.Option("--format", help="How to write it.")] = PageFormat.TEXT,
    checks: shared.CheckFolders = None,
    config: shared.ConfigFile = None,
    no_color: shared.NoColor = False,
) -> None:
    """Explain a check: why it matters, before and after, and what to do."""
    catalog = shared.load_checks(shared.load_config(config), checks)
    known = {**catalog.checks, **{each.id: each for each in CHECKS_OF_SUPPRESSIONS}}
    check = catalog.find(name) or known.get(name)
    found = [check] if check else [each for each in known.values() if name.upper() in each.same_as]
    if not found:
        close = difflib.get_close_matches(name, known, n=1)
        meant = f": did you mean {close[0]}?" if close else "; `guardrails checks` lists them"
        shared.fail(f"there is no check {name!r}{meant}")
    color = shared.wants_color(no_color)
    parts = [
        pages.markdown(each) if format_ is PageFormat.MARKDOWN else pages.text(each, color=color) for each in found
    ]
    shared.put("\n".join(parts))
