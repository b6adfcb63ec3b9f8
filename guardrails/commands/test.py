"""`guardrails test`: the examples of checks, as their tests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from guardrails import catalog
from guardrails.commands import _shared as shared
from guardrails.commands._progress import Progress


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("test")(run_examples)


def run_examples(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Folders or files of checks.", show_default="the built-in checks")
    ] = None,
    *,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print failures only.")] = False,
) -> None:
    """Test checks by their examples.

    Every line of `bad` that ends in `# finding` or `# undecided` must give one, and no other line; `fixed` must be
    clean under the check itself and under every built-in one. Exit codes: 0 all hold, 1 some do not, 2 usage error,
    3 no example, 4 a check does not load.
    """
    from guardrails import testing  # noqa: PLC0415  # loads what reads Terraform

    everything = catalog.load()
    for path in paths or ():
        if not path.exists():
            shared.fail(f"no such file or directory: {path}")
    folders = [str(path) for path in paths or () if path.is_dir()]
    wanted = [
        catalog.load(folders, builtin=False, installed=False),
        catalog.load_files(str(path) for path in paths or () if not path.is_dir()),
    ]
    if not paths:
        wanted = [everything]
    broken = shared.say_problems(problem for each in wanted for problem in each.problems)
    checks = [check for each in wanted for check in each.checks.values()]
    own = {check.id for check in checks}
    others = [check for check in everything.checks.values() if check.id not in own]
    run = failed = 0
    with Progress(quiet=quiet) as progress:
        for case in testing.cases(checks):
            progress(case.name)
            wrong = testing.failures(case, [*others, *checks])
            run += 1
            failed += bool(wrong)
            for line in wrong:
                typer.echo(f"FAIL {case.name}: {line}")
    examples = f"{run} example{'' if run == 1 else 's'} of {len(checks)} check{'' if len(checks) == 1 else 's'}"
    if not quiet:
        typer.echo(f"{examples}: {f'{failed} failed' if failed else 'all hold'}.")
    if failed:
        raise typer.Exit(shared.FINDINGS)
    if broken:
        raise typer.Exit(shared.INCOMPLETE)
    if not run:
        shared.fail("there is no example to test", shared.NOTHING)
