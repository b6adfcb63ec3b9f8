"""`guardrails baseline`: the findings that a repository lives with for now."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace

from guardrails import baseline as baselines
from guardrails import engine
from guardrails.baseline import Baseline, Entry
from guardrails.commands import _engines as tools
from guardrails.commands import _shared as shared
from guardrails.commands._progress import Progress
from guardrails.files import write_whole
from guardrails.finding import Report
from guardrails.profiles import Profile
from guardrails.reporters import plural
from guardrails.reporters.safe import visible, without_secrets

_STALE = "stale-baseline-entry"
_LISTED = 20


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The findings that a repository lives with for now.", no_args_is_help=True)
    for command in (write, show, prune):
        group.command()(command)
    app.add_typer(group, name="baseline")


def write(
    paths: shared.Paths = None,
    *,
    baseline: shared.BaselineFile = None,
    force: Annotated[bool, typer.Option("--force", help="Take in findings that an existing baseline lacks.")] = False,
    var: shared.Vars = None,
    var_file: shared.VarFiles = None,
    source: shared.Source = None,
    checks: shared.CheckFolders = None,
    pack: shared.Packs = None,
    profile: shared.ProfileOption = None,
    config: shared.ConfigFile = None,
    with_: tools.With = None,
) -> None:
    """Write what is found now into the baseline: `check` tells only what is new from then on.

    A baseline that is there may only shrink: a finding that it lacks is refused, with exit code 1, unless forced.
    """
    run = _Run(paths, baseline, var, var_file, source, checks, pack, profile, config, with_)
    entries = {entry.fingerprint: entry for entry in run.new}
    if run.old and entries and not force:
        _list("not in the baseline", entries.values())
        shared.fail(
            f"{plural(len(entries), 'finding')} not in {run.path}: mend them, or take them in with --force",
            shared.FINDINGS,
        )
    left = {name: entry for name, entry in run.entries.items() if name not in run.report.stale}
    _write(run.path, [*left.values(), *entries.values()])
    gone = f", {len(run.report.stale)} gone" if run.report.stale else ""
    shared.put(f"{visible(run.path)}: {plural(len(left) + len(entries), 'finding')}, {len(entries)} new{gone}\n")
    if run.unsuppressible:
        names = ", ".join(sorted({each.check for each in run.unsuppressible}))
        text = f"left out, for the configuration lets nobody suppress them: {names}"
        print(f"guardrails: {len(run.unsuppressible)} {text}", file=sys.stderr)
    if shared.say_problems(run.report.problems):
        raise typer.Exit(shared.INCOMPLETE)


def show(
    *,
    baseline: shared.BaselineFile = None,
    config: shared.ConfigFile = None,
) -> None:
    """List the baseline's findings."""
    loaded = shared.load_config(config)
    found = shared.load_baseline(loaded, baseline, Profile.STRICT)
    if found is None:
        shared.fail(f"there is no baseline at {shared.baseline_path(loaded, baseline)}")
    entries = sorted(found.entries.values())
    width = max((len(each.check) for each in entries), default=0)
    lines = [f"{each.check:<{width}}  {each.resource}  {each.path}".rstrip() for each in entries]
    shared.put("".join(f"{without_secrets(visible(line))}\n" for line in lines))
    print(f"guardrails: {plural(len(entries), 'finding')} in {visible(found.path)}", file=sys.stderr)


def prune(
    paths: shared.Paths = None,
    *,
    baseline: shared.BaselineFile = None,
    var: shared.Vars = None,
    var_file: shared.VarFiles = None,
    source: shared.Source = None,
    checks: shared.CheckFolders = None,
    pack: shared.Packs = None,
    profile: shared.ProfileOption = None,
    config: shared.ConfigFile = None,
    with_: tools.With = None,
) -> None:
    """Take out of the baseline what is not found any more. Entries that this run cannot judge stay."""
    run = _Run(paths, baseline, var, var_file, source, checks, pack, profile, config, with_)
    if run.old is None:
        shared.fail(f"there is no baseline at {run.path}")
    left = {name: entry for name, entry in run.entries.items() if name not in run.report.stale}
    if run.report.stale:
        _write(run.path, left.values())
    shared.put(f"{visible(run.path)}: {len(run.report.stale)} gone, {plural(len(left), 'finding')} left\n")
    if shared.say_problems(run.report.problems):
        raise typer.Exit(shared.INCOMPLETE)


class _Run:
    """What a run finds, beside the baseline that there is."""

    def __init__(  # noqa: PLR0917  # the options of two commands, in their order
        self,
        paths: Sequence[Path] | None,
        baseline: str | None,
        var: Sequence[str] | None,
        var_file: Sequence[Path] | None,
        source: Path | None,
        checks: Sequence[Path] | None,
        pack: Sequence[str] | None,
        profile: Profile | None,
        config: str | None,
        with_: Sequence[tools.Tool] | None,
    ) -> None:
        loaded = shared.load_config(config, pack)
        catalog = shared.load_checks(loaded, checks)
        scanned = list(paths or [Path()])
        settings = shared.settings_of(loaded, scanned, profile=profile)
        self.path = shared.baseline_path(loaded, baseline)
        self.old = shared.load_baseline(loaded, baseline, Profile.STRICT) if os.path.exists(self.path) else None
        settings = replace(settings, baseline=self.old or Baseline(self.path))
        var_files = shared.var_files_of(loaded, var_file)
        everything = list(catalog.checks.values())
        with Progress() as progress, tools.Wanted(loaded, with_).started(scanned, var or (), var_files) as engines:
            progress("reading")
            models = shared.read_models(scanned, var or (), var_files, source)
            try:
                self.report: Report = engine.run(
                    models, everything, settings, problems=catalog.problems, progress=progress, engines=engines
                )
            except engine.SelectionError as error:
                shared.fail(str(error))
        if not any(model.types() for model in models):
            shared.fail(f"nothing to scan in {', '.join(map(str, scanned))}", shared.NOTHING)
        self.entries = dict(self.old.entries) if self.old else {}
        found = [each for each in self.report.findings if each.check != _STALE]
        # What nobody may suppress is a finding although an entry names it.
        forbidden = {
            name for name in {each.check for each in found} if engine.is_unsuppressible(name, everything, settings)
        }
        self.unsuppressible = [each for each in found if each.check in forbidden]
        self.new = [baselines.entry_of(each, self.path) for each in found if each.check not in forbidden]


def _write(path: str, entries: Iterable[Entry]) -> None:
    try:
        write_whole(path, baselines.dump(entries).encode("utf-8", "surrogateescape"))
    except OSError as error:
        shared.fail(f"cannot write {path}: {error.strerror}")


def _list(what: str, entries: Iterable[Entry]) -> None:
    rows = sorted(entries)
    for each in rows[:_LISTED]:
        print(f"{what}: {without_secrets(visible(f'{each.path}: {each.check} {each.resource}'))}", file=sys.stderr)
    if len(rows) > _LISTED:
        print(f"{what}: {len(rows) - _LISTED} more", file=sys.stderr)
