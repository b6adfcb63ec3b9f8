"""Runs checks over models and makes the report."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar, cast

from guardrails.catalog import AnyCheck
from guardrails.check import Subject
from guardrails.finding import Finding, Kind, Report, Severity, Suppressed, Undecided
from guardrails.model import LiveLocation, Location, Model, Origin, Place, Problem, Resource, Unknown
from guardrails.suppress import CHECKS as CHECKS_OF_SUPPRESSIONS
from guardrails.suppress import Ledger, Rule, Scope, matches

_T = TypeVar("_T")


class SelectionError(ValueError):
    """A pattern of `select` or `ignore` that means no check."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What to run, and how to judge it."""

    select: tuple[str, ...] = ()
    """Ids, globs of ids, kinds or severities; empty: every check."""
    ignore: tuple[str, ...] = ()
    kinds: frozenset[Kind] = frozenset()
    """Empty: every kind."""
    severities: Mapping[str, Severity] = field(default_factory=dict)
    """Severity by id or glob of ids; the last one that fits counts."""
    suppressions: tuple[Rule, ...] = ()
    unsuppressible: tuple[str, ...] = ()
    scope: Scope = field(default_factory=Scope)
    today: date = field(default_factory=date.today)
    base: str = "."
    """The folder that roots are named from in fingerprints, so that these do not depend on where the user stands."""


def run(
    models: Iterable[Model],
    checks: Sequence[AnyCheck],
    settings: Settings | None = None,
    *,
    problems: Iterable[Problem] = (),
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Ask every selected check about every subject of every model; `problems` are those of making checks and models.

    Raises `SelectionError` for a selection that means no check. What a check could not decide or could not do is in
    the report.
    """
    settings = settings or Settings()
    everything = [*checks, *CHECKS_OF_SUPPRESSIONS]
    chosen = [_graded(check, settings) for check in select(everything, settings)]
    grades = {check.id: severity for check, severity in chosen}
    known = {name: check for check in everything for name in (check.id, *check.aliases)}
    ledger = Ledger(
        settings.suppressions, known, grades.keys(), settings.unsuppressible, settings.today, settings.scope
    )
    models = list(models)
    findings: list[tuple[Finding, Model]] = []
    suppressed: list[tuple[Suppressed, Model]] = []
    undecided: list[Undecided] = []
    problems = list(problems)
    for model in models:
        asked = _Questioning(model)
        for check, severity in chosen:
            if progress:
                progress(f"{model.name}: {check.id}")
            asked.ask(check, severity)
        kept, hidden = ledger.apply(model, asked.findings, asked.undecided, asked.crashed)
        findings += ((each, model) for each in kept)
        suppressed += ((each, model) for each in hidden)
        undecided += asked.undecided
        problems += asked.problems()
    findings += (
        (replace(each, severity=grades[each.check]), models[0]) for each in ledger.faults() if each.check in grades
    )
    names = _Names(settings.base)
    resources = sum(_count(model, problems) for model in models)
    for model in models:  # last: models find problems while they are evaluated
        problems += model.incomplete()
    return Report(
        findings=[names.named(each, model) for each, model in _merged(findings)],
        suppressed=[
            replace(each, finding=names.named(each.finding, model))
            for each, model in sorted(suppressed, key=lambda pair: _order(pair[0].finding))
        ],
        undecided=sorted(_distinct(undecided), key=_undecided_order),
        problems=sorted(_distinct(problems), key=_problem_order),
        resources=resources,
        checks=sum(1 for check, _ in chosen if check not in CHECKS_OF_SUPPRESSIONS),
        files=tuple(sorted({path for model in models for path in model.files})),
    )


def joined(reports: Iterable[Report]) -> Report:
    """One report of several runs with the same checks and settings, each over models of its own."""
    whole = Report()
    findings: dict[str, Finding] = {}
    files: set[str] = set()
    for report in reports:
        # What is wrong with a suppression is said in each run.
        findings.update((each.fingerprint, each) for each in report.findings)
        whole.suppressed += report.suppressed
        whole.undecided += report.undecided
        whole.problems += report.problems
        whole.resources += report.resources
        whole.checks = max(whole.checks, report.checks)
        files.update(report.files)
    whole.findings = sorted(findings.values(), key=_order)
    whole.suppressed.sort(key=lambda each: _order(each.finding))
    whole.undecided = sorted(_distinct(whole.undecided), key=_undecided_order)
    whole.problems = sorted(_distinct(whole.problems), key=_problem_order)
    whole.files = tuple(sorted(files))
    return whole


def select(checks: Sequence[AnyCheck], settings: Settings) -> list[AnyCheck]:
    """The checks of a selection, in their order. Raises `SelectionError` for a pattern that means none."""
    for pattern in (*settings.severities, *settings.unsuppressible):
        if not any(_names(pattern, check) for check in checks):
            raise SelectionError(_no_such_check(pattern, checks))
    for pattern in (*settings.select, *settings.ignore):
        if not any(_means(pattern, check, settings) for check in checks):
            raise SelectionError(_no_such_check(pattern, checks))
    return [
        check
        for check in checks
        if (not settings.kinds or check.kind in settings.kinds)
        and (not settings.select or any(_means(pattern, check, settings) for pattern in settings.select))
        and not any(_means(pattern, check, settings) for pattern in settings.ignore)
    ]


def _names(pattern: str, check: AnyCheck) -> bool:
    return pattern in check.aliases or matches(pattern, check.id)


def _means(pattern: str, check: AnyCheck, settings: Settings) -> bool:
    return _names(pattern, check) or pattern in {check.kind.value, _graded(check, settings)[1].value}


def _no_such_check(pattern: str, checks: Iterable[AnyCheck]) -> str:
    names = [*(check.id for check in checks), *Kind, *Severity]
    close = difflib.get_close_matches(pattern, names, n=1)
    meant = f": did you mean {close[0]}?" if close else "; `guardrails checks` lists them"
    return f"no check, kind or severity is called {pattern!r}{meant}"


def _graded(check: AnyCheck, settings: Settings) -> tuple[AnyCheck, Severity]:
    severity = check.severity
    for pattern, wanted in settings.severities.items():
        if _names(pattern, check):
            severity = wanted
    return check, severity


class _Questioning:
    """One model under every check."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.findings: list[Finding] = []
        self.undecided: list[Undecided] = []
        self.crashed: set[str] = set()
        self._crashes: dict[tuple[str, str], list[Resource | None]] = {}
        self._views: dict[type, tuple[list[tuple[object, Resource | None]], Exception | None]] = {}

    def ask(self, check: AnyCheck, severity: Severity) -> None:
        try:
            for subject, resource in self._subjects(check):
                self._ask_about(check, severity, subject, resource)
        except Unknown as unknown:
            self.undecided.append(self._not_known(check, unknown, None))
        except Exception as error:  # a view that breaks must not end the run
            self._crash(check, error, None)

    def _subjects(self, check: AnyCheck) -> Iterator[tuple[object, Resource | None]]:
        """What a check looks at; a view's `Unknown` comes after the subjects that are known."""
        model = self.model
        if check.subject is Model:
            yield model, None
        elif check.subject is Resource:
            for resource in model.all(*check.types) if check.types else _managed(model):
                yield resource, resource
        elif issubclass(check.subject, Resource) or not hasattr(check.subject, "subjects"):
            raise TypeError(f"{check.subject.__name__} is nothing that a check can look at")
        else:
            subjects, broken = self._view(cast("type[Subject]", check.subject))
            yield from subjects
            if broken:
                raise broken

    def _view(self, view: type[Subject]) -> tuple[list[tuple[object, Resource | None]], Exception | None]:
        """The subjects of a view, made once for all checks, and what ended them before their end."""
        if view not in self._views:
            made: list[tuple[object, Resource | None]] = []
            broken: Exception | None = None
            try:
                made.extend((subject, subject.resource) for subject in view.subjects(self.model))
            except Exception as error:  # raised again for every check that needs the view
                broken = error
            self._views[view] = made, broken
        return self._views[view]

    def _ask_about(self, check: AnyCheck, severity: Severity, subject: object, resource: Resource | None) -> None:
        try:
            for finding in check.check(subject):
                if not isinstance(finding, Finding):
                    raise TypeError(f"it gave {type(finding).__name__}, not a finding")
                self.findings.append(_settled(finding, check, severity))
        except Unknown as unknown:
            self.undecided.append(self._not_known(check, unknown, resource))
        except Exception as error:  # one check that breaks must not end the run
            self._crash(check, error, resource)

    def _not_known(self, check: AnyCheck, unknown: Unknown, resource: Resource | None) -> Undecided:
        home = _origin(resource)
        return Undecided(
            check=check.id,
            resource=resource.address if resource else self.model.name,
            reason=f"{unknown.reason}",
            origin=Origin(unknown.location or home.location, home.related, home.calls),
        )

    def _crash(self, check: AnyCheck, error: Exception, resource: Resource | None) -> None:
        self.crashed.add(check.id)
        self._crashes.setdefault((check.id, f"{type(error).__name__}: {error}"), []).append(resource)

    def problems(self) -> Iterator[Problem]:
        """Each way in which a check broke, once."""
        for (check, error), resources in self._crashes.items():
            first = resources[0]
            where = first.address if first else self.model.name
            more = f" (and {len(resources) - 1} more)" if len(resources) > 1 else ""
            yield Problem("check", f"{check} crashed on {where}{more}: {error}", _origin(first).location)


def _origin(resource: Resource | None) -> Origin:
    try:
        return resource.locate(()) if resource else Origin(None)
    except Exception:  # asked only to say where something else went wrong
        return Origin(None)


def _managed(model: Model) -> Iterator[Resource]:
    types = [each for each in model.types() if not each.startswith("data.")]
    return model.all(*types) if types else iter(())


def _count(model: Model, problems: list[Problem]) -> int:
    try:
        return sum(1 for _ in _managed(model))
    except Exception as error:  # the run must not end here either
        problems.append(Problem("evaluate", f"the resources of {model.name} cannot be counted: {error}"))
        return 0


def _settled(finding: Finding, check: AnyCheck, severity: Severity) -> Finding:
    """A finding with plain text and the severity that the settings want.

    What a check graded itself stays below the severity that a configuration turns the check down to, and is not
    raised by one that turns it up.
    """
    wanted = finding.severity
    if wanted is check.severity or severity.rank < wanted.rank:
        wanted = severity
    return replace(finding, severity=wanted, message=f"{finding.message}", resource=f"{finding.resource}")


def _merged(findings: Sequence[tuple[Finding, Model]]) -> list[tuple[Finding, Model]]:
    """In order, and what several roots say of the same line once, with the other addresses in its details."""
    by_line: dict[tuple[object, ...], list[tuple[Finding, Model]]] = {}
    also: dict[int, list[str]] = {}
    kept: list[tuple[Finding, Model]] = []
    for finding, model in findings:
        place = finding.origin.location
        key = (finding.check, finding.severity, place, finding.path, finding.message)
        same = [] if place is None else [pair for pair in by_line.get(key, ()) if pair[1] is not model]
        if same:
            first = next((each for each, _ in same if each.resource == finding.resource), same[0][0])
            also.setdefault(id(first), []).append(f"also {finding.resource} in {model.name}")
            continue
        by_line.setdefault(key, []).append((finding, model))
        kept.append((finding, model))
    kept.sort(key=lambda pair: _order(pair[0]))
    return [
        (replace(finding, details=(*finding.details, *also[id(finding)])) if id(finding) in also else finding, model)
        for finding, model in kept
    ]


def _order(finding: Finding) -> tuple[object, ...]:
    return (_place(finding.origin.location), finding.resource, finding.check, finding.path, finding.message)


def _undecided_order(each: Undecided) -> tuple[object, ...]:
    return (_place(each.origin.location), each.resource, each.check)


def _problem_order(each: Problem) -> tuple[object, ...]:
    return (_place(each.location), each.stage, each.message)


def _place(place: Place | None) -> tuple[int, str, int, int]:
    match place:
        case Location():
            return (0, place.path, place.line, place.column)
        case LiveLocation():
            return (1, place.arn, 0, 0)
        case None:
            return (2, "", 0, 0)


def _distinct(items: Iterable[_T]) -> list[_T]:
    return list(dict.fromkeys(items))


class _Names:
    """Gives findings their fingerprints: no line, no message, no position among its brothers."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._seen: dict[str, int] = {}

    def named(self, finding: Finding, model: Model) -> Finding:
        root = ""
        if model.kind == "configuration":
            root = os.path.relpath(model.name, self._base).replace(os.sep, "/")
        elif model.kind == "account":
            root = model.name
        place = finding.origin.location
        region = place.region if isinstance(place, LiveLocation) else ""
        path = re.sub(r"\[\d+\]", "[]", finding.path)
        parts = (finding.engine, finding.check, root, region, finding.resource, path)
        digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
        number = self._seen[digest] = self._seen.get(digest, 0) + 1
        if number > 1:
            digest = hashlib.sha256(f"{digest}\0{number}".encode()).hexdigest()[:32]
        return replace(finding, fingerprint=digest)
