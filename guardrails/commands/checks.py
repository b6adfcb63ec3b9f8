"""`guardrails checks`: the list of checks."""

from __future__ import annotations

import enum
import json
from collections.abc import Sequence
from typing import Annotated

import typer

from guardrails import engine
from guardrails.catalog import AnyCheck, Catalog
from guardrails.commands import _shared as shared
from guardrails.suppress import CHECKS as CHECKS_OF_SUPPRESSIONS


class ListFormat(enum.StrEnum):
    """How to write the list."""

    TEXT = "text"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(checks)


def checks(
    *,
    format_: Annotated[ListFormat, typer.Option("--format", help="How to write it.")] = ListFormat.TEXT,
    select: shared.Select = None,
    ignore: shared.Ignore = None,
    kind: shared.Kinds = None,
    folders: shared.CheckFolders = None,
    config: shared.ConfigFile = None,
    compliance: Annotated[
        bool, typer.Option("--compliance", help="By controls of frameworks, those alone that have one.")
    ] = False,
) -> None:
    """List the checks that a run would ask."""
    loaded = shared.load_config(config)
    catalog = shared.load_checks(loaded, folders)
    settings = shared.settings_of(loaded, [], select, ignore, kind)
    try:
        chosen = engine.select([*catalog.checks.values(), *CHECKS_OF_SUPPRESSIONS], settings)
    except engine.SelectionError as error:
        shared.fail(str(error))
    if compliance:
        from guardrails.reporters import compliance as view  # noqa: PLC0415  # the plain list does not need it

        document = {"version": 1, "frameworks": view.as_json(chosen)}
        as_json = format_ is ListFormat.JSON
        shared.put(json.dumps(document, indent=2) + "\n" if as_json else view.listing(chosen))
    else:
        shared.put(_json(chosen, catalog) if format_ is ListFormat.JSON else _text(chosen))
    if shared.say_problems(catalog.problems):
        raise typer.Exit(shared.INCOMPLETE)


def _text(chosen: Sequence[AnyCheck]) -> str:
    width = max((len(each.id) for each in chosen), default=0)
    return "".join(
        f"{each.id:<{width}}  {each.kind.value:<12}  {each.severity.value:<8}  {each.title}\n" for each in chosen
    )


def _json(chosen: Sequence[AnyCheck], catalog: Catalog) -> str:
    rows = [
        {
            "id": each.id,
            "title": each.title,
            "kind": each.kind.value,
            "severity": each.severity.value,
            "area": catalog.area(each.id) or "guardrails",
            "hint": each.hint,
            "types": list(each.types),
            "same_as": list(each.same_as),
            "aliases": list(each.aliases),
            "counter_checks": list(each.counter_checks),
            "compliance": list(each.compliance),
            "references": list(each.references),
        }
        for each in chosen
    ]
    return json.dumps({"version": 1, "checks": rows}, indent=2) + "\n"
