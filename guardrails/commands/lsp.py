"""`guardrails lsp`: the language server, on stdin and stdout."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from msgspec import Struct
from msgspec.structs import replace

from guardrails import engine
from guardrails.commands import _shared as shared
from guardrails.finding import Finding, Kind
from guardrails.model import Model
from guardrails.profiles import Profile
from guardrails.suppress import CHECKS as CHECKS_OF_SUPPRESSIONS

if TYPE_CHECKING:
    from guardrails.catalog import Catalog
    from guardrails.config import Loaded
    from guardrails.lsp import Analysis, Change


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(lsp)


def lsp(
    *,
    select: shared.Select = None,
    ignore: shared.Ignore = None,
    kind: shared.Kinds = None,
    var_file: shared.VarFiles = None,
    checks: shared.CheckFolders = None,
    pack: shared.Packs = None,
    config: shared.ConfigFile = None,
    profile: shared.ProfileOption = None,
    baseline: shared.BaselineFile = None,
) -> None:
    """Serve an editor: findings as you type, the pages of checks, fixes. Needs the extra `lsp`."""
    try:
        from guardrails.lsp import server  # noqa: PLC0415  # an extra
    except ModuleNotFoundError as error:
        shared.fail(f"`guardrails lsp` needs {error.name}: python -m pip install 'guardrails-aws[lsp]'")
    session = _Session(
        select,
        ignore,
        kind,
        profile,
        # The editor's folder may be another than the one we stand in.
        var_files=[path.absolute() for path in var_file or ()],
        folders=[path.absolute() for path in checks or ()],
        packs=[os.path.abspath(each) if os.path.isdir(each) else each for each in pack or ()],
        config=os.path.abspath(config) if config else None,
        baseline=os.path.abspath(baseline) if baseline else None,
    )
    server(session.analyse, session.repair).start_io()


class _Session(Struct):
    """The command's own way from files to a report, for files as an editor has them."""

    select: Sequence[str] | None
    ignore: Sequence[str] | None
    kind: Sequence[Kind] | None
    profile: Profile | None
    var_files: Sequence[Path]
    folders: Sequence[Path]
    """Of further checks."""
    packs: Sequence[str]
    config: str | None
    baseline: str | None
    _kept: tuple[Loaded | None, Catalog] | None = None

    def analyse(self, paths: Sequence[Path], unsaved: Mapping[str, str], /) -> Analysis:
        """See `lsp.Analyse`."""
        from guardrails.lsp import Analysis  # noqa: PLC0415  # an extra

        try:
            loaded, catalog, settings = self._prepared(paths)
            models = self._read(loaded, paths, unsaved)
            report = engine.run(models, list(catalog.checks.values()), settings, problems=catalog.problems)
        except (shared.Failure, engine.SelectionError) as error:
            return Analysis(refusal=str(error))
        return Analysis(report, {**catalog.checks, **{each.id: each for each in CHECKS_OF_SUPPRESSIONS}})

    def repair(self, finding: Finding, paths: Sequence[Path], unsaved: Mapping[str, str], /) -> Sequence[Change]:
        """See `lsp.Repair`."""
        from guardrails import fix  # noqa: PLC0415  # when it is asked for
        from guardrails.fix.verify import UnusableParserError  # noqa: PLC0415  # the same
        from guardrails.lsp import Change  # noqa: PLC0415  # an extra

        try:
            loaded, catalog, settings = self._prepared(paths)
            outcome = fix.mend(
                lambda texts: self._read(loaded, paths, {**unsaved, **texts}),
                list(catalog.checks.values()),
                settings,
                unsafe=True,  # the user chose it
                texts=unsaved,
                only=frozenset({finding.fingerprint}),
            )
        except (shared.Failure, engine.SelectionError, UnusableParserError):
            return ()
        return [Change(each.path, each.before, each.after) for each in outcome.changes]

    def _prepared(self, paths: Sequence[Path]) -> tuple[Loaded | None, Catalog, engine.Settings]:
        """The configuration and the checks, loaded again only when the configuration changes, and the settings."""
        loaded = shared.load_config(self.config, self.packs)
        if self._kept is None or self._kept[0] != loaded:
            self._kept = loaded, shared.load_checks(loaded, self.folders)
        settings = shared.settings_of(loaded, paths, self.select, self.ignore, self.kind, profile=self.profile)
        settings = replace(settings, baseline=shared.load_baseline(loaded, self.baseline, settings.profile))
        return loaded, self._kept[1], settings

    def _read(self, loaded: Loaded | None, paths: Sequence[Path], unsaved: Mapping[str, str]) -> list[Model]:
        return shared.read_models(paths, (), shared.var_files_of(loaded, self.var_files), None, unsaved)
