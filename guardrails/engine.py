"""Runs checks over models and makes the report."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar, cast

from msgspec.structs import replace

from guardrails.baseline import Baseline, Entry
from guardrails.catalog import AnyCheck
from guardrails.check import Subject
from guardrails.engines import Claim, Engine
from guardrails.engines.merging import merge
from guardrails.finding import Finding, Report, Severity, Suppressed, Undecided, is_foreign
from guardrails.model import LiveLocation, Location, Model, Origin, Place, Problem, Resource, Resources, Unknown
from guardrails.selection import Override, Selection, SelectionError, Settings, is_unsuppressible, select
from guardrails.suppress import CHECKS as CHECKS_OF_SUPPRESSIONS
from guardrails.suppress import Ledger, stale_entry

__all__ = ["Override", "SelectionError", "Settings", "is_unsuppressible", "joined", "run", "select"]

_T = TypeVar("_T")


def run(
    models: Iterable[Model],
    checks: Sequence[AnyCheck],
    settings: Settings | None = None,
    *,
    problems: Iterable[Problem] = (),
    progress: Callable[[str], None] | None = None,
    engines: Sequence[Engine] = (),
) -> Report:
    """Ask every selected check about every subject of every model; `problems` are those of making checks and models.

    `engines` were started on the same input: what they say comes to what the checks say. Raises `SelectionError` for a
    selection that means no check. What a check could not decide or could not do is in the report.
    """
    settings = settings or Settings()
    everything = [*checks, *CHECKS_OF_SUPPRESSIONS]
    rules = [rule for engine in engines for rule in engine.rules()]
    selection = Selection([*everything, *rules], settings)
    chosen = [check for check in selection.chosen if not is_foreign(check.id)]
    models = list(models)
    problems = list(problems)
    all_loaded = not any(problem.stage == "check" for problem in problems)
    asked = [_Questioning(model, selection) for model in models]
    for each in asked:
        for check in chosen:
            if progress:
                progress(f"{each.model.name}: {check.id}")
            each.ask(check)
    if progress and engines:
        progress("waiting for checkov")
    outcomes = [engine.outcome(models) for engine in engines]
    problems += (problem for outcome in outcomes for problem in outcome.problems)
    found_rules = [rule for outcome in outcomes for rule in outcome.rules]
    selection.add(found_rules)
    by_id = {check.id: check for check in (*everything, *found_rules, *rules)}
    ledger = Ledger(
        settings.suppressions,
        {name: check for check in by_id.values() for name in (check.id, *check.aliases)},
        selection.everywhere.keys(),
        settings.unsuppressible,
        settings.today,
        settings.scope,
        whole_answer=bool(engines) and not any(outcome.problems for outcome in outcomes),
    )
    claims = [claim for outcome in outcomes for claim in outcome.claims]
    if claims and not asked:
        asked.append(_Questioning(Model(".", "configuration", Resources(())), selection))
    findings: list[tuple[Finding, Model]] = []
    suppressed: list[tuple[Suppressed, Model]] = []
    undecided: list[Undecided] = []
    for each in asked:
        own = [claim for claim in claims if (claim.model or asked[0].model) is each.model]
        merged = merge(each.findings, own)
        foreign, skipped, ignored = _of_engines(merged.alone, by_id, selection, ledger)
        unseen = [*each.unseen, *(claim.finding for claim in merged.doubles), *ignored]
        kept, hidden = ledger.apply(
            each.model, [*merged.findings, *foreign], each.undecided, each.crashed, unseen=unseen
        )
        findings += ((finding, each.model) for finding in kept)
        suppressed += ((suppression, each.model) for suppression in (*hidden, *skipped))
        undecided += each.undecided
        problems += each.problems()
    home = asked[0].model if asked else Model(".", "configuration", Resources(()))
    for fault in ledger.faults():
        if severity := selection.severity(fault, by_id[fault.check]):
            findings.append((replace(fault, severity=severity), home))
    names = _Names(settings.base)
    resources = sum(_count(model, problems) for model in models)
    for model in models:  # last: models find problems while they are evaluated
        problems += model.incomplete()
    report = Report(
        findings=[names.named(each, model) for each, model in _merged(findings)],
        suppressed=[
            replace(each, finding=names.named(each.finding, model))
            for each, model in sorted(suppressed, key=lambda pair: _order(pair[0].finding))
        ],
        undecided=sorted(_distinct(undecided), key=_undecided_order),
        problems=sorted(_distinct(problems), key=_problem_order),
        resources=resources,
        checks=sum(1 for check in chosen if check not in CHECKS_OF_SUPPRESSIONS),
        files=tuple(sorted({path for model in models for path in model.files})),
    )
    if settings.baseline:
        judged = _Judged(
            models=models,
            selection=selection,
            by_id=by_id,
            asked=asked,
            whole_answer=ledger.whole_answer,
            all_loaded=all_loaded,
            settings=settings,
        )
        _lay_baseline(report, settings.baseline, ledger, judged, names)
    return report


def _of_engines(
    claims: Iterable[Claim], by_id: Mapping[str, AnyCheck], selection: Selection, ledger: Ledger
) -> tuple[list[Finding], list[Suppressed], list[Finding]]:
    """The findings of engines that count, those that a comment to the engine hides, and those that do not count."""
    findings: list[Finding] = []
    skipped: list[Suppressed] = []
    ignored: list[Finding] = []
    for claim in claims:
        severity = selection.severity(claim.finding, by_id[claim.finding.check])
        if severity is None:
            ignored.append(claim.finding)
            continue
        finding = replace(claim.finding, severity=severity)
        if claim.skipped is None or ledger.forbids(finding.check):
            findings.append(finding)
        else:
            skipped.append(replace(claim.skipped, finding=finding))
    return findings, skipped, ignored


def _lay_baseline(report: Report, baseline: Baseline, ledger: Ledger, judged: _Judged, names: _Names) -> None:
    """Part what is known from what is new, and say which entries nothing answers to any more."""
    present = {each.finding.fingerprint for each in report.suppressed}
    kept: list[Finding] = []
    hidden: list[Suppressed] = []
    for finding in report.findings:
        former = [names.formerly(finding, alias) for alias in judged.aliases(finding.check)]
        found = (baseline.entry_for(each) for each in (finding, *former))
        entry = None if ledger.forbids(finding.check) else next(filter(None, found), None)
        if entry is None:
            kept.append(finding)
        else:
            present.add(entry.fingerprint)
            hidden.append(baseline.hidden(finding, entry))
    report.suppressed = sorted((*report.suppressed, *hidden), key=lambda each: _order(each.finding))
    for entry in baseline.entries.values():
        if entry.fingerprint not in present and judged.covers(baseline, entry):
            report.stale.append(entry.fingerprint)
            fault = stale_entry(entry.check, entry.resource, baseline.place(entry.fingerprint))
            if severity := judged.severity(fault):
                kept.append(names.named(replace(fault, severity=severity), judged.home))
    report.findings = sorted(kept, key=_order)


class _Judged:
    """What of a baseline this run can speak about."""

    def __init__(
        self,
        *,
        models: Sequence[Model],
        selection: Selection,
        by_id: Mapping[str, AnyCheck],
        asked: Sequence[_Questioning],
        whole_answer: bool,
        all_loaded: bool,
        settings: Settings,
    ) -> None:
        self.home = asked[0].model if asked else Model(".", "configuration", Resources(()))
        self._selection = selection
        self._by_id = by_id
        self._whole_answer = whole_answer
        self._all_loaded = all_loaded
        self._scope = settings.scope
        self._sources = {source_of(model, settings.base) for model in models}
        self._partial = {source_of(model, settings.base) for model in models if model.gaps or model.problems}
        self._crashed: Collection[str] = {check for each in asked for check in each.crashed}
        self._open = {(each.check, each.resource) for questioning in asked for each in questioning.undecided}

    def severity(self, finding: Finding) -> Severity | None:
        return self._selection.severity(finding, self._by_id[finding.check])

    def aliases(self, check: str) -> Sequence[str]:
        """Former ids of a check."""
        return self._by_id[check].aliases

    def covers(self, baseline: Baseline, entry: Entry) -> bool:
        """Whether the finding of an entry would have been found if it were still so."""
        if entry.source.startswith("configuration"):
            if not entry.path or not self._scope.covers(baseline.path_of(entry)):
                return False
        elif entry.source not in self._sources:
            return False
        if entry.source in self._partial or entry.check in self._crashed:
            return False
        if (entry.check, entry.resource) in self._open:
            return False
        if is_foreign(entry.check) and not self._whole_answer:
            return False
        if entry.check in self._by_id:
            return entry.check in self._selection.everywhere
        return self._all_loaded  # else its check may be one that could not be loaded


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
        whole.stale += report.stale
        whole.resources += report.resources
        whole.checks = max(whole.checks, report.checks)
        files.update(report.files)
    whole.findings = sorted(findings.values(), key=_order)
    whole.suppressed.sort(key=lambda each: _order(each.finding))
    whole.undecided = sorted(_distinct(whole.undecided), key=_undecided_order)
    whole.problems = sorted(_distinct(whole.problems), key=_problem_order)
    whole.files = tuple(sorted(files))
    return whole


class _Questioning:
    """One model under every check."""

    def __init__(self, model: Model, selection: Selection) -> None:
        self.model = model
        self._selection = selection
        self.findings: list[Finding] = []
        self.unseen: list[Finding] = []
        """Those of a check that does not count where they stand."""
        self.undecided: list[Undecided] = []
        self.crashed: set[str] = set()
        self._crashes: dict[tuple[str, str], list[Resource | None]] = {}
        self._views: dict[type, tuple[list[tuple[object, Resource | None]], Exception | None]] = {}

    def ask(self, check: AnyCheck) -> None:
        try:
            for subject, resource in self._subjects(check):
                self._ask_about(check, subject, resource)
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

    def _ask_about(self, check: AnyCheck, subject: object, resource: Resource | None) -> None:
        try:
            for finding in check.check(subject):
                if not isinstance(finding, Finding):
                    raise TypeError(f"it gave {type(finding).__name__}, not a finding")
                self._take(check, finding)
        except Unknown as unknown:
            self.undecided.append(self._not_known(check, unknown, resource))
        except Exception as error:  # one check that breaks must not end the run
            self._crash(check, error, resource)

    def _take(self, check: AnyCheck, finding: Finding) -> None:
        """Keep a finding, with plain text, as what it is where it stands."""
        finding = replace(finding, message=f"{finding.message}", resource=f"{finding.resource}")
        severity = self._selection.severity(finding, check)
        if severity is None:
            self.unseen.append(finding)
            return
        if self._selection.only_certain(finding) and (found := self.model.at(finding.resource)) and found.conditional:
            reason = f"{finding.resource} may exist: {found.conditional}"
            self.undecided.append(Undecided(check.id, finding.resource, reason, finding.origin))
            return
        self.findings.append(replace(finding, severity=severity))

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
        self._numbers: dict[str, int] = {}
        self._sources: dict[Model, str] = {}

    def named(self, finding: Finding, model: Model) -> Finding:
        source = self._sources.get(model)
        if source is None:
            source = self._sources[model] = source_of(model, self._base)
        finding = replace(finding, source=source)
        plain = self._digest(finding, finding.check)
        number = self._seen[plain] = self._seen.get(plain, 0) + 1
        fingerprint = self._numbered(plain, number)
        self._numbers[fingerprint] = number
        return replace(finding, fingerprint=fingerprint)

    def formerly(self, finding: Finding, check: str) -> Finding:
        """A finding as it was named when its check had another id."""
        digest = self._numbered(self._digest(finding, check), self._numbers[finding.fingerprint])
        return replace(finding, check=check, fingerprint=digest)

    def _digest(self, finding: Finding, check: str) -> str:
        place = finding.origin.location
        region = place.region if isinstance(place, LiveLocation) else ""
        path = re.sub(r"\[\d+\]", "[]", finding.path)
        parts = (finding.engine, check, finding.source.partition(" ")[2], region, finding.resource, path)
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def _numbered(self, digest: str, number: int) -> str:
        if number == 1:
            return digest
        return hashlib.sha256(f"{digest}\0{number}".encode()).hexdigest()[:32]


def source_of(model: Model, base: str) -> str:
    """What a finding was found in, such that it is the same in every run: of plans and states not their files."""
    match model.kind:
        case "configuration":
            return f"configuration {os.path.relpath(model.name, base).replace(os.sep, '/')}"
        case "account":
            return f"account {model.name}"
    return model.kind
