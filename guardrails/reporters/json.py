"""JSON, version 1: its own types, so that what is inside can change and the output does not."""

from __future__ import annotations

import msgspec

import guardrails
from guardrails.finding import Finding, Fix, Report, Severity, Suppressed, Undecided
from guardrails.model import Label, LiveLocation, Location, Place, Problem
from guardrails.reporters import Context


class FileV1(msgspec.Struct, omit_defaults=True):
    """A span of a file, lines and columns from 1, the end column exclusive."""

    path: str
    line: int
    end_line: int
    column: int = 0
    end_column: int = 0


class LiveV1(msgspec.Struct):
    """A resource of a live account."""

    arn: str
    account: str
    region: str


class NowhereV1(msgspec.Struct):
    """A place that the source does not tell: an empty object."""


PlaceV1 = FileV1 | LiveV1 | NowhereV1


class RelatedFileV1(msgspec.Struct):
    """A line that has to do with a finding."""

    path: str
    line: int
    end_line: int
    label: str


class RelatedLiveV1(msgspec.Struct):
    """A live resource that has to do with a finding."""

    arn: str
    account: str
    region: str
    label: str


class FixV1(msgspec.Struct):
    """How to mend a finding."""

    title: str
    safety: str
    terraform: str
    cli: str


class FindingV1(msgspec.Struct):
    """One violation."""

    check: str
    kind: str
    severity: str
    message: str
    resource: str
    type: str
    attribute: str
    location: PlaceV1
    related: list[RelatedFileV1 | RelatedLiveV1]
    details: list[str]
    hint: str
    fix: FixV1 | None
    engine: str
    same_as: list[str]
    fingerprint: str
    monthly_usd: float | msgspec.UnsetType = msgspec.UNSET
    """What it costs a month by list prices; left out where that is nothing or not known."""


class UndecidedV1(msgspec.Struct):
    """A question without an answer."""

    check: str
    resource: str
    reason: str
    location: PlaceV1


class SuppressedV1(msgspec.Struct):
    """A finding that somebody decided to live with."""

    check: str
    resource: str
    reason: str
    expires: str | None
    message: str
    location: PlaceV1
    fingerprint: str


class ErrorV1(msgspec.Struct):
    """Something that could not be read or run."""

    stage: str
    message: str
    location: PlaceV1


class ToolV1(msgspec.Struct):
    """Who wrote the report."""

    name: str
    version: str


class SummaryV1(msgspec.Struct):
    """Counts."""

    resources: int
    checks: int
    files: int
    findings: dict[str, int]
    undecided: int
    suppressed: int
    errors: int
    incomplete: bool


class ReportV1(msgspec.Struct):
    """The whole document."""

    version: int
    tool: ToolV1
    findings: list[FindingV1]
    undecided: list[UndecidedV1]
    suppressed: list[SuppressedV1]
    errors: list[ErrorV1]
    summary: SummaryV1


def render(report: Report, context: Context) -> str:
    """See `Reporter.render`."""
    del context  # the document holds no source lines and no titles
    document = ReportV1(
        version=1,
        tool=ToolV1("guardrails", guardrails.__version__),
        findings=[finding_v1(each) for each in report.findings],
        undecided=[_undecided(each) for each in report.undecided],
        suppressed=[_suppressed(each) for each in report.suppressed],
        errors=[_error(each) for each in report.problems],
        summary=SummaryV1(
            resources=report.resources,
            checks=report.checks,
            files=len(report.files),
            findings={
                severity.value: sum(1 for each in report.findings if each.severity is severity)
                for severity in reversed(Severity)
            },
            undecided=len(report.undecided),
            suppressed=len(report.suppressed),
            errors=len(report.problems),
            incomplete=bool(report.problems),
        ),
    )
    return dumped(document)


def dumped(document: object) -> str:
    """A document as indented JSON that no CI runner takes for a command."""
    text = msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
    return text.replace("##[", "\\u0023#[") + "\n"


def finding_v1(finding: Finding) -> FindingV1:
    """A finding as version 1 writes it."""
    labels = dict.fromkeys((*finding.related, *finding.origin.calls))
    return FindingV1(
        check=finding.check,
        kind=finding.kind.value,
        severity=finding.severity.value,
        message=finding.message,
        resource=finding.resource,
        type=finding.type,
        attribute=finding.path,
        location=place_v1(finding.origin.location),
        related=[_related(each) for each in labels],
        details=list(finding.details),
        hint=finding.hint,
        fix=_fix(finding.fix) if finding.fix else None,
        engine=finding.engine,
        same_as=list(finding.same_as),
        fingerprint=finding.fingerprint,
        monthly_usd=msgspec.UNSET if finding.monthly is None else round(finding.monthly, 2),
    )


def place_v1(place: Place | None) -> PlaceV1:
    """A place as version 1 writes it."""
    match place:
        case Location():
            return FileV1(
                place.path,
                place.line,
                max(place.line, place.end_line),
                column=place.column,
                end_column=place.end_column,
            )
        case LiveLocation():
            return LiveV1(place.arn, place.account, place.region)
        case None:
            return NowhereV1()


def _related(label: Label) -> RelatedFileV1 | RelatedLiveV1:
    match label.location:
        case Location() as place:
            return RelatedFileV1(place.path, place.line, max(place.line, place.end_line), label.text)
        case LiveLocation() as place:
            return RelatedLiveV1(place.arn, place.account, place.region, label.text)


def _fix(fix: Fix) -> FixV1:
    return FixV1(fix.title, fix.safety.value, fix.terraform, fix.cli)


def _undecided(each: Undecided) -> UndecidedV1:
    return UndecidedV1(each.check, each.resource, each.reason, place_v1(each.origin.location))


def _suppressed(each: Suppressed) -> SuppressedV1:
    finding = each.finding
    return SuppressedV1(
        check=finding.check,
        resource=finding.resource,
        reason=each.reason,
        expires=each.expires or None,
        message=finding.message,
        location=place_v1(finding.origin.location),
        fingerprint=finding.fingerprint,
    )


def _error(each: Problem) -> ErrorV1:
    return ErrorV1(each.stage, each.message, place_v1(each.location))
