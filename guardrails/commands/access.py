"""`guardrails access`: who may do what, how principals gain permissions, and what a plan changes about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from guardrails.commands import _shared as shared
from guardrails.commands._questions import AnswerFormat, Format, On, end, read

if TYPE_CHECKING:
    from guardrails.access.lens import Access
    from guardrails.access.request import ContextValue


Given = Annotated[
    list[str] | None,
    typer.Option("--context", metavar="KEY=VALUE", help="A condition key of the request; KEY= for an absent one."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    access = typer.Typer(
        name="access", help="Who may do what, and how principals gain permissions.", no_args_is_help=True
    )
    access.command("can")(can)
    access.command("who-can")(who_can)
    access.command("paths")(paths)
    access.command("diff")(diff)
    app.add_typer(access)


def can(
    principal: Annotated[str, typer.Argument(help="An address, ARN, account, service, or `*` for everybody.")],
    action: Annotated[str, typer.Argument(help="Such as s3:GetObject.")],
    resource: Annotated[str, typer.Argument(help="An address (with `/key` for an object) or ARN.")] = "*",
    *,
    on: On = None,
    context: Given = None,
    format_: Format = AnswerFormat.TEXT,
    var: shared.Vars = None,
    var_file: shared.VarFiles = None,
    source: shared.Source = None,
    config: shared.ConfigFile = None,
) -> None:
    """Say whether PRINCIPAL may call ACTION on RESOURCE, and which layer and statement decides.

    Exit codes: 0 allowed, 1 denied, 2 usage error, 3 nothing to look at, 4 undecided or incomplete.
    """
    from guardrails.access.evaluation import Outcome  # noqa: PLC0415  # with the command alone
    from guardrails.reporters import access as report  # noqa: PLC0415  # as above

    lens, complete = _read(on, var, var_file, source, config)
    try:
        answer = lens.can(principal, action, resource, _context(context))
    except LookupError as error:
        shared.fail(str(error))
    known = lens.principal(principal)
    shown = (lens, known.arn if known else principal, action, resource, answer)
    match format_:
        case AnswerFormat.JSON:
            shared.put(report.dump(report.can_json(*shown)))
        case AnswerFormat.MARKDOWN:
            shared.put(report.can_markdown(*shown))
        case AnswerFormat.TEXT:
            shared.put(report.can_text(*shown))
    match answer.outcome:
        case Outcome.ALLOWED:
            end(shared.CLEAN, complete=complete)
        case Outcome.DENIED:
            raise typer.Exit(shared.FINDINGS)
        case Outcome.UNDECIDED:
            raise typer.Exit(shared.INCOMPLETE)


def who_can(
    action: Annotated[str, typer.Argument(help="Such as s3:GetObject.")],
    resource: Annotated[str, typer.Argument(help="An address (with `/key` for an object) or ARN.")] = "*",
    *,
    on: On = None,
    context: Given = None,
    format_: Format = AnswerFormat.TEXT,
    var: shared.Vars = None,
    var_file: shared.VarFiles = None,
    source: shared.Source = None,
    config: shared.ConfigFile = None,
) -> None:
    """List everybody who may call ACTION on RESOURCE: principals in view, and whom the resource's policy names.

    Exit codes: 0 answered, 2 usage error, 3 nothing to look at, 4 incomplete.
    """
    from guardrails.reporters import access as report  # noqa: PLC0415  # with the command alone

    lens, complete = _read(on, var, var_file, source, config)
    try:
        found = list(lens.who_can(action, resource, _context(context)))
    except LookupError as error:
        shared.fail(str(error))
    match format_:
        case AnswerFormat.JSON:
            shared.put(report.dump(report.who_json(lens, action, resource, found)))
        case AnswerFormat.MARKDOWN:
            shared.put(report.who_markdown(lens, action, resource, found))
        case AnswerFormat.TEXT:
            shared.put(report.who_text(lens, action, resource, found))
    end(shared.CLEAN, complete=complete)


def paths(
    *,
    to: Annotated[str, typer.Option("--to", metavar="admin|RESOURCE", help="Where paths lead.")] = "admin",
    start: Annotated[str | None, typer.Option("--from", metavar="PRINCIPAL", help="Paths of this one only.")] = None,
    on: On = None,
    format_: Format = AnswerFormat.TEXT,
    var: shared.Vars = None,
    var_file: shared.VarFiles = None,
    source: shared.Source = None,
    config: shared.ConfigFile = None,
) -> None:
    """Show how principals come to administrate, or to read the data of a resource, over several hops and accounts.

    Exit codes: 0 no path, 1 paths found, 2 usage error, 3 nothing to look at, 4 no path as far as is known, but
    something is not known.
    """
    from guardrails.reporters import access as report  # noqa: PLC0415  # with the command alone

    lens, complete = _read(on, var, var_file, source, config)
    principal = None
    if start is not None:
        principal = lens.principal(start)
        if principal is None:
            shared.fail(f"{start} is not in view")
    try:
        found = lens.paths(to, start=principal)
    except LookupError as error:
        shared.fail(str(error))
    undecided = lens.undecided()
    match format_:
        case AnswerFormat.JSON:
            shared.put(report.dump(report.paths_json(lens, found, undecided)))
        case AnswerFormat.MARKDOWN:
            shared.put(report.paths_markdown(lens, found, undecided))
        case AnswerFormat.TEXT:
            shared.put(report.paths_text(lens, found, undecided))
    end(shared.FINDINGS if found else shared.CLEAN, complete=complete and not undecided)


def diff(
    plan: Annotated[Path, typer.Argument(help="A plan (`terraform show -json`).")],
    *,
    allow_public: Annotated[bool, typer.Option("--allow-public", help="Newly public access is wanted.")] = False,
    allow_admin: Annotated[bool, typer.Option("--allow-admin", help="New administrators are wanted.")] = False,
    format_: Format = AnswerFormat.TEXT,
    source: shared.Source = None,
    config: shared.ConfigFile = None,
) -> None:
    """Show what PLAN newly grants and what it takes away, each with a request that shows it.

    Exit codes: 0 neither newly public nor newly administrator, 1 one of them, 2 usage error, 4 incomplete.
    """
    from guardrails.access.diff import Diff, diff_of_plan  # noqa: PLC0415  # with the command alone
    from guardrails.reporters import access as report  # noqa: PLC0415  # as above

    shared.load_config(config)
    models = shared.read_models([plan], (), (), source)
    complete = not shared.say_problems(problem for model in models for problem in model.problems)
    try:
        each = [diff_of_plan(model) for model in models]
    except LookupError as error:
        shared.fail(str(error))
    found = Diff(tuple(c for d in each for c in d.granted), tuple(c for d in each for c in d.removed))
    match format_:
        case AnswerFormat.JSON:
            shared.put(report.dump(report.diff_json(found)))
        case AnswerFormat.MARKDOWN:
            shared.put(report.diff_markdown(found))
        case AnswerFormat.TEXT:
            shared.put(report.diff_text(found))
    bad = any((c.public and not allow_public) or (c.admin and not allow_admin) for c in found.granted)
    end(shared.FINDINGS if bad else shared.CLEAN, complete=complete)


def _read(
    on: Sequence[Path] | None,
    variables: Iterable[str] | None,
    var_files: Sequence[Path] | None,
    source: Path | None,
    config: str | None,
) -> tuple[Access, bool]:
    """The lens over everything that is looked at, and whether all of it could be read."""
    from guardrails.access.lens import Access  # noqa: PLC0415  # not for the help text

    models, complete = read(on, variables, var_files, source, config)
    return Access(models), complete


def _context(given: Iterable[str] | None) -> dict[str, ContextValue]:
    found: dict[str, ContextValue] = {}
    for text in given or ():
        key, sign, value = text.partition("=")
        if not sign or not key.strip():
            shared.fail(f"`--context {text}`: write KEY=VALUE")
        key = key.strip().lower()
        old = found.get(key)
        if isinstance(old, tuple):
            found[key] = (*old, value)
        elif isinstance(old, str):
            found[key] = (old, value)
        else:
            found[key] = value or None
    return found
