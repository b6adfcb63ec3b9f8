"""`guardrails fix`: mends what has a fix that holds."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from guardrails import engine
from guardrails.commands import _shared as shared
from guardrails.commands._progress import Progress
from guardrails.finding import Finding, Severity
from guardrails.model import Model
from guardrails.reporters.safe import visible_lines

if TYPE_CHECKING:
    from guardrails.fix import Outcome


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(fix)


def fix(
    paths: shared.Paths = None,
    *,
    unsafe: Annotated[bool, typer.Option("--unsafe", help="Also make the fixes that a person should look at.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Print what would change, and change nothing.")] = False,
    select: shared.Select = None,
    ignore: shared.Ignore = None,
    kind: shared.Kinds = None,
    var: shared.Vars = None,
    var_file: shared.VarFiles = None,
    checks: shared.CheckFolders = None,
    config: shared.ConfigFile = None,
    allow_incomplete: Annotated[
        bool, typer.Option("--allow-incomplete", help="Do not exit 4 for what could not be read or run.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print what was changed only.")] = False,
) -> None:
    """Mend the Terraform where a check knows how.

    Each change is evaluated before it is written: one that changes another value, opens a finding of any check, or that
    python-hcl2 does not read as meant is withdrawn, and said so. All files are written, or none. Of live accounts the
    command and the Terraform that would manage the thing are printed.

    Exit codes: 0 nothing is left to mend; 1 findings are left; 2 usage or configuration error, or nothing could be
    written; 3 nothing to scan; 4 something could not be read or run.
    """
    loaded = shared.load_config(config)
    catalog = shared.load_checks(loaded, checks)
    scanned = paths or [Path()]
    settings = shared.settings_of(loaded, scanned, select, ignore, kind)
    settings = replace(settings, baseline=shared.load_baseline(loaded, None, settings.profile))
    var_files = shared.var_files_of(loaded, var_file)

    def read(unsaved: Mapping[str, str]) -> list[Model]:
        return shared.read_models(scanned, var or (), var_files, None, unsaved)

    from guardrails import fix as fixing  # noqa: PLC0415  # loads what reads and edits Terraform
    from guardrails.fix.verify import UnusableParserError  # noqa: PLC0415  # the same

    everything = list(catalog.checks.values())
    try:
        with Progress(quiet=quiet) as progress:
            within = [path if path.is_dir() else path.parent for path in scanned]
            outcome = fixing.mend(read, everything, settings, unsafe=unsafe, progress=progress, within=within)
        if not diff:
            fixing.write(outcome.changes)
    except (UnusableParserError, fixing.WriteError, engine.SelectionError) as error:
        shared.fail(f"nothing was changed: {error}")
    models = read({})
    report = engine.run(models, everything, settings, problems=catalog.problems)
    if diff:
        text = fixing.diff(outcome.changes)
        shared.put(visible_lines(text) if sys.stdout.isatty() else text)
    say = sys.stderr if diff else sys.stdout
    lines = _lines(outcome, diff=diff, quiet=quiet)
    if not quiet:
        lines += _live(models, report.findings)
    if lines:
        print(visible_lines("\n".join(lines)), file=say)
    shared.say_problems(report.problems)
    fail_on = loaded.config.fail_on if loaded and loaded.config.fail_on else Severity.LOW
    raise typer.Exit(
        shared.exit_code(
            report,
            scanned=any(model.types() for model in models),
            fail_on=fail_on,
            allow_incomplete=allow_incomplete,
        )
    )


def _lines(outcome: Outcome, *, diff: bool, quiet: bool) -> list[str]:
    """What was done and what was not, a line each."""
    done = "would be mended" if diff else "mended"
    lines = [
        f"{each.replacements[0].shown}:{each.replacements[0].line}: {done}: {_what(each.finding)}"
        for each in outcome.applied
    ]
    if quiet:
        return lines
    lines += [f"{_where(e.finding)}: withdrawn: {_what(e.finding)}: {e.reason}" for e in outcome.withdrawn]
    lines += [f"{_where(each.finding)}: by hand: {_what(each.finding)}: {each.reason}" for each in outcome.manual]
    lines += [f"{_where(each)}: not safe, asks for --unsafe: {_what(each)}" for each in outcome.unsafe]
    count, files = len(outcome.applied), len(outcome.changes)
    noun = f"{count} finding{'' if count == 1 else 's'} in {files} file{'' if files == 1 else 's'}"
    return [*lines, f"{noun} {done}." if count else "Nothing to mend."]


def _what(finding: Finding) -> str:
    title = finding.fix.title if finding.fix else finding.hint
    return f"{title} in {finding.resource} ({finding.check})"


def _where(finding: Finding) -> str:
    return str(finding.origin.location or finding.resource)


def _live(models: list[Model], findings: list[Finding]) -> list[str]:
    from guardrails.fix import manual_steps  # noqa: PLC0415  # as above

    lines = []
    for finding in findings:
        for model in models:
            there = finding.resource == model.name or model.at(finding.resource) is not None
            if model.kind == "account" and finding.fix and there:
                steps = [f"  {line}".rstrip() for line in manual_steps(finding, model)]
                lines += [f"{_where(finding)}: {finding.message} ({finding.check})", *steps] if steps else []
                break
    return lines
