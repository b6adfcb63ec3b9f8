"""`guardrails new`: the file of a new check."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from guardrails.commands import _shared as shared
from guardrails.finding import Kind

_TEMPLATE = '''from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class {name}(Check[Resource]):
    """A log group keeps what it gets for ever.

    ## Why is this bad?
    Say what happens to whom, and since when it is known.
    """

    id = "{id}"
    kind = Kind.{kind}
    severity = Severity.MEDIUM
    hint = "Set `retention_in_days`."
    types = ("aws_cloudwatch_log_group",)
    examples = (
        Example(
            bad="""
            resource "aws_cloudwatch_log_group" "app" {{ # finding
              name = "app"
            }}
            """,
            fixed="""
            resource "aws_cloudwatch_log_group" "app" {{
              name              = "app"
              retention_in_days = 30
            }}
            """,
        ),
    )

    def check(self, group: Resource, /) -> Iterator[Finding]:
        if group.number("retention_in_days") == 0:
            yield self.finding(group, "its retention is not limited", path="retention_in_days")
'''


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(new)


def new(
    name: Annotated[str, typer.Argument(metavar="ID", help="What is bad, in kebab-case: `open-admin-port`.")],
    *,
    area: Annotated[str, typer.Option("--area", help="The folder for it: network, access, account, waste, ...")] = "",
    kind: Annotated[Kind, typer.Option("--kind", help="Its side.")] = Kind.SECURITY,
    checks: Annotated[Path, typer.Option("--checks", metavar="DIR", help="The folder of checks.")] = Path("checks"),
) -> None:
    """Make the file of a new check: a small one that works, to be changed into yours."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        shared.fail(f"{name!r} is not in kebab-case: write it as `open-admin-port`")
    if area and not re.fullmatch(r"[a-z][a-z0-9_]*", area):
        shared.fail(f"{area!r} is not the name of a folder: write it as `network`")
    path = checks / area / f"{name.replace('-', '_')}.py"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            class_name = "".join(part.capitalize() for part in name.split("-"))
            file.write(_TEMPLATE.format(name=class_name, id=name, kind=kind.name))
    except FileExistsError:
        shared.fail(f"{path} is there already")
    except OSError as error:
        shared.fail(f"cannot write {path}: {error.strerror}")
    typer.echo(f"{path} is made: change it, then run `guardrails test {path}`.")
