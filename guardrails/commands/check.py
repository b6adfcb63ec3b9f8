"""`guardrails check`: the findings of designs and accounts."""

from __future__ import annotations

import enum
import functools
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace

from guardrails import engine, explain, workspace
from guardrails.commands import _before as before
from guardrails.commands import _engines as tools
from guardrails.commands import _live as lives
from guardrails.commands import _shared as shared
from guardrails.commands._progress import Progress
from guardrails.finding import Report, Severity
from guardrails.overview import Overview, overview
from guardrails.reporters import Context, Format, render
from guardrails.reporters.source import Sources
from guardrails.suppress import CHECKS as CHECKS_OF_SUPPRESSIONS


class FailOn(enum.StrEnum):
    """The lowest severity that makes the exit code 1."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"
    NEVER = "never"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(check)


def check(
    paths: shared.Paths = None,
    *,
    format_: Annotated[Format | None, typer.Option("--format", help="What to print.", show_default="text")] = None,
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output", metavar="[FORMAT=]FILE", help="Also write FORMAT to FILE; without FORMAT: instead of printing."
        ),
    ] = None,
    select: shared.Select = None,
    ignore: shared.Ignore = None,
    kind: shared.Kinds = None,
    fail_on: Annotated[
        FailOn | None,
        typer.Option("--fail-on", help="The lowest severity that makes the exit code 1.", show_default="low"),
    ] = None,
    var: shared.Vars = None,
    var_file: shared.VarFiles = None,
    source: shared.Source = None,
    live: lives.Live = None,
    live_account: lives.LiveAccount = "",
    checks: shared.CheckFolders = None,
    pack: shared.Packs = None,
    config: shared.ConfigFile = None,
    profile: shared.ProfileOption = None,
    baseline: shared.BaselineFile = None,
    diff_base: before.DiffBase = None,
    with_: tools.With = None,
    allow_incomplete: Annotated[
        bool, typer.Option("--allow-incomplete", help="Do not exit 4 for what could not be read or run.")
    ] = False,
    no_color: shared.NoColor = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print findings and problems only.")] = False,
    compliance: Annotated[
        bool, typer.Option("--compliance", help="Print by controls of frameworks: --format compliance.")
    ] = False,
    step_summary: Annotated[
        bool, typer.Option("--step-summary", help="Also append a summary to the file that GITHUB_STEP_SUMMARY names.")
    ] = False,
) -> None:
    """Check Terraform, plans, states and saved accounts.

    Exit codes: 0 clean; 1 findings at or above --fail-on; 2 usage or configuration error; 3 nothing to scan;
    4 something could not be read or run, whatever was found (--allow-incomplete turns it back into 0 or 1). A check
    that could not decide is counted in the summary and does not change the exit code.
    """
    loaded = shared.load_config(config, pack)
    printed, files = outputs(format_ or (Format.COMPLIANCE if compliance else Format.TEXT), output or ())
    catalog = shared.load_checks(loaded, checks)
    scanned = paths or [Path()]
    settings = shared.settings_of(loaded, scanned, select, ignore, kind, profile=profile)
    settings = replace(settings, baseline=shared.load_baseline(loaded, baseline, settings.profile))
    var_files = shared.var_files_of(loaded, var_file)
    wanted = tools.Wanted(loaded, with_)
    drawn = step_summary or bool({printed, *(each for each, _ in files)} & {Format.HTML, Format.SUMMARY})
    look: Overview | None = None
    with (
        Progress(quiet=quiet) as progress,
        wanted.started(scanned, var or (), var_files) as engines,
    ):
        progress("reading")
        models = shared.read_models(scanned, var or (), var_files, source)
        account = lives.account_of(live, live_account) if live else None
        models = models if account is None else lives.laid_over(models, account)
        everything = list(catalog.checks.values())
        try:
            report = engine.run(
                models, everything, settings, problems=catalog.problems, progress=progress, engines=engines
            )
            if account:
                former = engine.run(lives.before(models, account), everything, settings, progress=progress)
                lives.take_out_former(report, former, account.name, live, quiet=quiet)
            if diff_base is not None:
                progress(f"looking at {diff_base}")
                with before.state_before(diff_base) as then:
                    there, values = then.scanned(scanned), [then.input(each) for each in var_files]
                    judged = before.settings_of(settings, loaded, config)
                    models_then = before.read(there, var or (), values, source and then.input(source))
                    with wanted.started(there, var or (), values) as engines_then:
                        earlier = engine.run(
                            models_then,
                            everything,
                            judged,
                            progress=progress,
                            engines=engines_then,
                        )
                    if drawn:
                        look = overview(
                            models, engine.select([*everything, *CHECKS_OF_SUPPRESSIONS], settings), models_then
                        )
                before.take_out(report, earlier, diff_base)
        except engine.SelectionError as error:
            shared.fail(str(error))
    rules = [rule for each in engines for rule in each.rules()]
    chosen = engine.select([*catalog.checks.values(), *CHECKS_OF_SUPPRESSIONS, *rules], settings)
    context = Context(
        checks={**{each.id: each for each in (*rules, *CHECKS_OF_SUPPRESSIONS)}, **catalog.checks},
        ran=frozenset(each.id for each in chosen),
        sources=Sources(report.files),
        color=shared.wants_color(no_color),
        width=shared.width(),
        root=workspace.root(),
        page=explain.markdown,
        quiet=quiet,
        overview=functools.cache(lambda: look or overview(models, chosen)),
    )
    write(report, context, printed, files)
    if step_summary:
        _append_step_summary(report, context)
    # A folder without a resource may be the wrong one; a file that was named, as a hook does, is what was meant.
    some = any(model.types() for model in models) or (bool(models) and all(path.is_file() for path in scanned))
    given = loaded.config if loaded else None
    code = shared.exit_code(
        report,
        scanned=some,
        fail_on=threshold(fail_on, given.fail_on if given else None),
        allow_incomplete=allow_incomplete or bool(given and given.allow_incomplete),
        profile=settings.profile,
    )
    if code == shared.NOTHING:
        names = ", ".join(str(path) for path in scanned)
        print(f"guardrails: nothing to scan in {names}: no resource was found", file=sys.stderr)
    raise typer.Exit(code)


def threshold(asked: FailOn | None, configured: Severity | None) -> Severity | None:
    """The lowest severity that fails the run: what was asked for, else what is configured; None for never."""
    match asked:
        case FailOn.NEVER:
            return None
        case None:
            return configured or Severity.LOW
        case _:
            return Severity(asked.value)


def outputs(format_: Format, texts: Sequence[str]) -> tuple[Format | None, list[tuple[Format, str]]]:
    """What to print, and what to write where."""
    printed: Format | None = format_
    files: list[tuple[Format, str]] = []
    for text in texts:
        name, sign, path = text.partition("=")
        if sign and name in list(Format):
            files.append((Format(name), path))
        else:
            files.append((format_, text))
            printed = None
    return printed, files


def _append_step_summary(report: Report, context: Context) -> None:
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        print("guardrails: GITHUB_STEP_SUMMARY is not set: no step summary is written", file=sys.stderr)
        return
    try:
        with open(path, "a", encoding="utf-8", newline="\n") as file:
            file.write(render(Format.SUMMARY, report, context))
    except OSError as error:
        shared.fail(f"cannot write {path}: {error.strerror}")


def write(report: Report, context: Context, printed: Format | None, files: Sequence[tuple[Format, str]]) -> None:
    """Print the report, and write it to the files; exits where one cannot be written."""
    if printed:
        shared.put(render(printed, report, context))
    plain = replace(context, color=False, width=100)
    for format_, path in files:
        text = render(format_, report, plain)
        try:
            with open(path, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except OSError as error:
            shared.fail(f"cannot write {path}: {error.strerror}")
