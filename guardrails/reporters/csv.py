"""CSV (RFC 4180, Unix line ends), for spreadsheets: a row for each finding, and for what else a report has."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from guardrails.finding import Finding, Report
from guardrails.model import LiveLocation, Location, Place
from guardrails.reporters import Context

COLUMNS = (
    "status",
    "check",
    "kind",
    "severity",
    "message",
    "resource",
    "type",
    "attribute",
    "file",
    "line",
    "account",
    "region",
    "arn",
    "hint",
    "monthly_usd",
    "same_as",
    "compliance",
    "engine",
    "fingerprint",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # Excel reads the wide ones, too


def render(report: Report, context: Context) -> str:
    """See `Reporter.render`. `status` is finding, suppressed, undecided or error."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    for row in _rows(report, context):
        writer.writerow({name: inert(value) for name, value in row.items()})
    return text.getvalue()


def inert(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: https://owasp.org/www-community/attacks/CSV_Injection."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _rows(report: Report, context: Context) -> Iterator[dict[str, str]]:
    for finding in report.findings:
        yield _finding(finding, "finding", finding.message, context)
    for problem in report.problems:
        message = f"{problem.stage}: {problem.message}"
        yield {"status": "error", "message": message, **_place(problem.location)}
    if context.quiet:
        return
    for undecided in report.undecided:
        yield {
            "status": "undecided",
            "check": undecided.check,
            "message": undecided.reason,
            "resource": undecided.resource,
            **_place(undecided.origin.location),
        }
    for suppressed in report.suppressed:
        yield _finding(suppressed.finding, "suppressed", f"{suppressed.finding.message} ({suppressed.reason})", context)


def _finding(finding: Finding, status: str, message: str, context: Context) -> dict[str, str]:
    check = context.checks.get(finding.check)
    return {
        "status": status,
        "check": finding.check,
        "kind": finding.kind.value,
        "severity": finding.severity.value,
        "message": message,
        "resource": finding.resource,
        "type": finding.type,
        "attribute": finding.path,
        **_place(finding.origin.location),
        "hint": finding.hint,
        "monthly_usd": "" if finding.monthly is None else f"{finding.monthly:.2f}",
        "same_as": " ".join(finding.same_as),
        "compliance": " ".join(check.compliance) if check else "",
        "engine": finding.engine,
        "fingerprint": finding.fingerprint,
    }


def _place(place: Place | None) -> dict[str, str]:
    match place:
        case Location():
            return {"file": place.path, "line": str(place.line)}
        case LiveLocation():
            return {"account": place.account, "region": place.region, "arn": place.arn}
        case None:
            return {}
