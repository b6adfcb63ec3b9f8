"""What a run asks, and how it judges what it finds: for the whole of it, and for parts of the tree."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from msgspec import Struct, field
from msgspec.structs import replace

from guardrails.baseline import Baseline
from guardrails.catalog import AnyCheck
from guardrails.finding import Finding, Kind, Severity, is_foreign
from guardrails.model import Location
from guardrails.profiles import Profile
from guardrails.suppress import Rule, Scope, matches


class SelectionError(ValueError):
    """A pattern of `select` or `ignore` that means no check."""


class Override(Struct, frozen=True):
    """Other settings for a part of the tree."""

    path: str
    """A folder, a file or a glob of files."""
    folder: str = "."
    """The folder that `path` is relative to, as seen from the working directory."""
    profile: Profile | None = None
    ignore: tuple[str, ...] = ()
    severities: Mapping[str, Severity] = field(default_factory=dict)

    def covers(self, path: str) -> bool:
        """Whether a file is in that part."""
        relative = os.path.relpath(path, self.folder).replace(os.sep, "/")
        return matches(self.path, relative) or matches(f"{self.path.rstrip('/')}/*", relative) or self.path == "."


class Settings(Struct, frozen=True):
    """What to run, and how to judge it."""

    select: tuple[str, ...] = ()
    """Ids, globs of ids, kinds or severities; empty: every check that the profile takes."""
    ignore: tuple[str, ...] = ()
    kinds: frozenset[Kind] = frozenset()
    """Empty: every kind."""
    profile: Profile = Profile.STRICT
    severities: Mapping[str, Severity] = field(default_factory=dict)
    """Severity by id or glob of ids; the last one that fits counts."""
    overrides: tuple[Override, ...] = ()
    """Of those that cover a file, the last one wins."""
    suppressions: tuple[Rule, ...] = ()
    unsuppressible: tuple[str, ...] = ()
    baseline: Baseline | None = None
    """Findings that are known and lived with."""
    scope: Scope = field(default_factory=Scope)
    today: date = field(default_factory=date.today)
    base: str = "."
    """The folder that roots are named from in fingerprints, so that these do not depend on where the user stands."""

    def within(self, overrides: Sequence[Override]) -> Settings:
        """The settings under some overrides, in their order."""
        settings = self
        for each in overrides:
            settings = replace(
                settings,
                profile=each.profile or settings.profile,
                ignore=(*settings.ignore, *each.ignore),
                severities={**settings.severities, **each.severities},
            )
        return settings


def select(checks: Sequence[AnyCheck], settings: Settings) -> list[AnyCheck]:
    """The checks of a selection, in their order. Raises `SelectionError` for a pattern that means none."""
    overrides = settings.overrides
    severities = (*settings.severities, *(pattern for each in overrides for pattern in each.severities))
    for pattern in (*severities, *settings.unsuppressible):
        if not any(_names(pattern, check) for check in checks) and not is_foreign(pattern):
            raise SelectionError(_no_such_check(pattern, checks))
    ignore = (*settings.ignore, *(pattern for each in overrides for pattern in each.ignore))
    for pattern in (*settings.select, *ignore):
        if any(_means(pattern, check, settings) for check in checks):
            continue
        if not is_foreign(pattern):
            raise SelectionError(_no_such_check(pattern, checks))
        if pattern in settings.select and not any(is_foreign(check.id) for check in checks):
            raise SelectionError(f"{pattern} is a rule of checkov: add `--with checkov`")
    return [check for check in checks if _takes(check, settings)]


def is_unsuppressible(name: str, checks: Iterable[AnyCheck], settings: Settings) -> bool:
    """Whether findings of a check cannot be suppressed."""
    aliases = next((check.aliases for check in checks if check.id == name), ())
    return any(pattern in aliases or matches(pattern, name) for pattern in settings.unsuppressible)


def _takes(check: AnyCheck, settings: Settings) -> bool:
    if settings.kinds and check.kind not in settings.kinds:
        return False
    if any(_means(pattern, check, settings) for pattern in settings.ignore):
        return False
    if settings.select:
        return any(_means(pattern, check, settings) for pattern in settings.select)
    return settings.profile.takes(_graded(check, settings), foreign=is_foreign(check.id))


def _names(pattern: str, check: AnyCheck) -> bool:
    return pattern in check.aliases or matches(pattern, check.id)


def _means(pattern: str, check: AnyCheck, settings: Settings) -> bool:
    return _names(pattern, check) or pattern in {check.kind.value, _graded(check, settings).value}


def _no_such_check(pattern: str, checks: Iterable[AnyCheck]) -> str:
    names = [*(check.id for check in checks), *Kind, *Severity]
    close = difflib.get_close_matches(pattern, names, n=1)
    meant = f": did you mean {close[0]}?" if close else "; `guardrails checks` lists them"
    return f"no check, kind or severity is called {pattern!r}{meant}"


def _graded(check: AnyCheck, settings: Settings) -> Severity:
    severity = check.severity
    for pattern, wanted in settings.severities.items():
        if _names(pattern, check):
            severity = wanted
    return severity


class Selection:
    """Which checks count where, and how much."""

    def __init__(self, checks: Sequence[AnyCheck], settings: Settings) -> None:
        """Raises `SelectionError`."""
        self._checks = list(checks)
        self._settings = settings
        self._by_overrides: dict[tuple[int, ...], tuple[Settings, dict[str, Severity]]] = {}
        self._by_path: dict[str, tuple[Settings, dict[str, Severity]]] = {}
        select(checks, settings)  # refuses patterns that mean nothing
        numbers = range(len(settings.overrides))
        wanted = self._grades(()).keys() | {name for number in numbers for name in self._grades((number,))}
        self.chosen = [check for check in self._checks if check.id in wanted]
        """The checks that are asked: those that count anywhere."""

    @property
    def everywhere(self) -> Mapping[str, Severity]:
        """The severities of the checks that count where nothing else is said."""
        return self._grades(())

    def add(self, rules: Iterable[AnyCheck]) -> None:
        """Take in rules that nobody knew before they were named."""
        known = {check.id for check in self._checks}
        self._checks += (each for each in rules if each.id not in known)
        self._by_overrides.clear()
        self._by_path.clear()

    def severity(self, finding: Finding, check: AnyCheck) -> Severity | None:
        """How bad a finding is where it stands; None where its check does not count there.

        What a check graded itself stays below the severity that a configuration turns the check down to, and is not
        raised by one that turns it up.
        """
        wanted = self._at(finding)[1].get(check.id)
        if wanted is None:
            return None
        if finding.severity is check.severity or wanted.rank < finding.severity.rank:
            return wanted
        return finding.severity

    def only_certain(self, finding: Finding) -> bool:
        """Whether a resource that may not exist is no finding where this one stands."""
        return self._at(finding)[0].profile is Profile.REGULAR

    def _at(self, finding: Finding) -> tuple[Settings, dict[str, Severity]]:
        place = finding.origin.location
        path = place.path if self._settings.overrides and isinstance(place, Location) else ""
        if path not in self._by_path:
            numbers = tuple(
                number for number, each in enumerate(self._settings.overrides) if path and each.covers(path)
            )
            self._by_path[path] = self._under(numbers)
        return self._by_path[path]

    def _grades(self, numbers: tuple[int, ...]) -> dict[str, Severity]:
        return self._under(numbers)[1]

    def _under(self, numbers: tuple[int, ...]) -> tuple[Settings, dict[str, Severity]]:
        if numbers not in self._by_overrides:
            settings = self._settings.within([self._settings.overrides[number] for number in numbers])
            grades = {check.id: _graded(check, settings) for check in self._checks if _takes(check, settings)}
            self._by_overrides[numbers] = settings, grades
        return self._by_overrides[numbers]
