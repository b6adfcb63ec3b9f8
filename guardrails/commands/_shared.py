"""What the commands have in common: options, and the way from options to models, checks and settings."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from msgspec.structs import replace

from guardrails import baseline, catalog, workspace
from guardrails.engine import Override, Settings
from guardrails.finding import Kind, Report, Severity
from guardrails.model import Location, Model, Problem
from guardrails.profiles import Profile
from guardrails.reporters.safe import visible
from guardrails.suppress import Rule, Scope

if TYPE_CHECKING:
    from guardrails.config import Loaded

Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Folders, Terraform files, plans and states (`terraform show -json`), saved accounts, in any mix.",
        show_default=".",
    ),
]
Vars = Annotated[list[str] | None, typer.Option("--var", metavar="NAME=VALUE", help="A variable of the root modules.")]
VarFiles = Annotated[list[Path] | None, typer.Option("--var-file", help="A file of variables.")]
Source = Annotated[Path | None, typer.Option("--source", help="The root module that a plan was made from.")]
CheckFolders = Annotated[list[Path] | None, typer.Option("--checks", metavar="DIR", help="A folder of further checks.")]
ConfigFile = Annotated[
    str | None,
    typer.Option("--config", metavar="FILE", help="Instead of the guardrails.toml or pyproject.toml found above."),
]
Select = Annotated[
    list[str] | None,
    typer.Option("--select", metavar="CHECK,...", help="Run only these: ids, globs, kinds or severities."),
]
Ignore = Annotated[list[str] | None, typer.Option("--ignore", metavar="CHECK,...", help="Do not run these.")]
Kinds = Annotated[list[Kind] | None, typer.Option("--kind", help="Look at one side only.")]
Packs = Annotated[
    list[str] | None, typer.Option("--pack", metavar="DIR|NAME", help="A policy pack: a folder or an installed one.")
]
ProfileOption = Annotated[
    Profile | None,
    typer.Option(
        "--profile",
        help="How much to demand: few and sure findings, all, or what nobody knows too.",
        show_default="strict",
    ),
]
BaselineFile = Annotated[
    str | None,
    typer.Option("--baseline", metavar="FILE", help=f"Known findings, instead of those in {baseline.FILE}."),
]
NoColor = Annotated[bool, typer.Option("--no-color", help="Plain text; so does NO_COLOR.")]

CLEAN, FINDINGS, USAGE, NOTHING, INCOMPLETE = range(5)


class Failure(typer.Exit):
    """The end of a command that cannot do what it was asked; its text says why."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(code)
        self.message = message

    def __str__(self) -> str:
        return self.message


def fail(message: str, code: int = USAGE) -> NoReturn:
    """Say what is wrong on stderr and exit."""
    print(f"guardrails: {visible(message)}", file=sys.stderr)
    raise Failure(message, code)


def load_config(path: str | None, packs: Sequence[str] | None = None) -> Loaded | None:
    """The configuration on top of its packs, None where there is none; exits for one that cannot be used."""
    if path is None and workspace.find_config() is None and not packs:
        return None
    from guardrails import config  # noqa: PLC0415  # loads msgspec, which a run without a file need not

    try:
        loaded = config.load(path)
        if not packs and not loaded.config.packs:
            return loaded
        from guardrails.packs import applied  # noqa: PLC0415  # with packs alone

        return applied(loaded, packs or ())
    except config.ConfigError as error:
        fail(str(error))


def baseline_path(loaded: Loaded | None, given: str | None) -> str:
    """Where the baseline is, or would be."""
    if given:
        return given
    if loaded and loaded.config.baseline:
        return loaded.path_of(loaded.config.baseline)
    folder = loaded.folder if loaded and loaded.path else os.path.relpath(workspace.root())
    return os.path.normpath(os.path.join(folder, baseline.FILE))


def load_baseline(loaded: Loaded | None, given: str | None, profile: Profile) -> baseline.Baseline | None:
    """The baseline, None where there is none or an audit does not want it; exits for one that cannot be used."""
    path = baseline_path(loaded, given)
    named = given or (loaded and loaded.config.baseline)
    if (profile is Profile.AUDIT and not given) or not (named or os.path.exists(path)):
        return None
    try:
        return baseline.load(path)
    except baseline.BaselineError as error:
        fail(str(error))


def load_checks(loaded: Loaded | None, folders: Iterable[Path] | None) -> catalog.Catalog:
    """The built-in, the installed and the user's own checks."""
    own = [loaded.path_of(folder) for folder in loaded.config.checks] if loaded else []
    own += [str(folder) for folder in folders or ()]
    for folder in own:
        if not os.path.isdir(folder):
            fail(f"there is no folder of checks at {folder}")
    found = catalog.load(own)
    if loaded is None or not loaded.config.options:
        return found
    from guardrails import config  # noqa: PLC0415  # loads msgspec, which a run without a file need not

    try:
        return replace(found, checks=config.configured(loaded, found.checks))
    except config.ConfigError as error:
        fail(str(error))


def var_files_of(loaded: Loaded | None, given: Sequence[Path] | None) -> list[Path]:
    """The variable files of the configuration, then those of the command line, which win."""
    configured = [Path(loaded.path_of(name)) for name in loaded.config.var_files] if loaded else []
    return [*configured, *(given or ())]


def read_models(
    paths: Sequence[Path],
    variables: Iterable[str],
    var_files: Sequence[Path],
    source: Path | None,
    unsaved: Mapping[str, str] | None = None,
) -> list[Model]:
    """What the paths hold, with what an editor has not saved; exits for paths and options that cannot be used."""
    from guardrails.sources import InputError, ReadOptions, read  # noqa: PLC0415  # not for `checks` and `explain`

    given: dict[str, str] = {}
    for text in variables:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            fail(f"`--var {text}`: write NAME=VALUE")
        given[name.strip()] = value
    for path in (*var_files, *([source] if source else [])):
        if not path.exists():
            fail(f"no such file or directory: {path}")
    try:
        return introduced(read(paths, ReadOptions(given, tuple(var_files), source, unsaved or {})))
    except InputError as error:
        fail(str(error))


def introduced(models: list[Model]) -> list[Model]:
    """The models, with the accounts among them told what the states and plans among them manage."""
    accounts = [model for model in models if model.kind == "account"]
    if not accounts or len(accounts) == len(models):
        return models
    from guardrails.account.manager import know_state, managed_by  # noqa: PLC0415  # only where there are both

    managed: dict[str, str] = {}
    for model in models:
        if model.kind in ("state", "plan"):
            managed |= managed_by(model)
    for account in accounts:
        know_state(account, managed)
    return models


def settings_of(
    loaded: Loaded | None,
    paths: Sequence[Path],
    select: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    kinds: Sequence[Kind] | None = None,
    *,
    profile: Profile | None = None,
) -> Settings:
    """The engine's settings: the configuration's, where the command line does not say otherwise."""
    settings = Settings(
        select=_split(select),
        ignore=_split(ignore),
        kinds=frozenset(kinds or ()),
        profile=profile or Profile.STRICT,
        scope=Scope(
            tuple(str(path) for path in paths if path.is_dir()),
            tuple(str(path.parent) for path in paths if not path.is_dir()),
        ),
        base=workspace.root(),
    )
    if loaded is None:
        return settings
    given = loaded.config
    return replace(
        settings,
        select=settings.select or given.select,
        ignore=(*given.ignore, *settings.ignore),
        kinds=settings.kinds or frozenset(given.kind),
        profile=profile or given.profile or Profile.STRICT,
        severities=given.severity,
        overrides=tuple(
            Override(each.path, loaded.folder, each.profile, each.ignore, each.severity) for each in given.override
        ),
        suppressions=rules_of(loaded),
        unsuppressible=given.unsuppressible,
    )


def rules_of(loaded: Loaded) -> tuple[Rule, ...]:
    """The suppressions of a configuration."""
    return tuple(
        Rule(
            checks=(each.check,),
            reason=each.reason,
            until=each.until,
            by=Location(loaded.path, line),
            address=each.address,
            path=each.path,
            folder=loaded.folder,
        )
        for each, line in zip(loaded.config.suppress, loaded.lines, strict=True)
    )


def _split(names: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(part.strip() for name in names or () for part in name.split(",") if part.strip())


def exit_code(
    report: Report,
    *,
    scanned: bool,
    fail_on: Severity | None,
    allow_incomplete: bool,
    profile: Profile = Profile.STRICT,
) -> int:
    """What is missing comes first: without it the findings are not all there are. Then those, then that nothing was."""
    missing = report.problems or (profile is Profile.AUDIT and report.undecided)
    if missing and not allow_incomplete:
        return INCOMPLETE
    if fail_on and any(each.severity.rank >= fail_on.rank for each in report.findings):
        return FINDINGS
    return CLEAN if scanned else NOTHING


def put(text: str) -> None:
    """Print text on stdout. A reader that leaves early, as `head` does, changes nothing of the exit code."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def wants_color(no_color: bool) -> bool:
    """Whether stdout takes colours: https://no-color.org."""
    if no_color or os.environ.get("NO_COLOR"):
        return False
    return sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))


def width() -> int:
    """Columns of text output."""
    return min(shutil.get_terminal_size((100, 24)).columns, 120) if sys.stdout.isatty() else 100


def say_problems(problems: Iterable[Problem]) -> bool:
    """Print problems on stderr; whether there are any."""
    some = False
    for problem in problems:
        some = True
        place = f"{problem.location}: " if problem.location else ""
        print(f"guardrails: {visible(place + problem.message)}", file=sys.stderr)
    return some
