"""GitLab's Code Quality report: degradations in the merge request and on its changed lines.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import hashlib
from typing import Any

from guardrails.finding import Finding, Report, Severity
from guardrails.model import Location, Place, Problem
from guardrails.reporters import Context
from guardrails.reporters.json import dumped

Object = dict[str, Any]
"""A JSON object of the format."""

_SEVERITIES = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}


def render(report: Report, context: Context) -> str:
    """See `Reporter.render`. Problems are degradations, too: a report that misses something must not look clean."""
    return dumped(
        [
            *(_problem(each, context) for each in report.problems),
            *(_finding(each, context) for each in report.findings),
        ]
    )


def _finding(finding: Finding, context: Context) -> Object:
    return {
        "type": "issue",
        "check_name": finding.check,
        "description": f"{finding.resource}: {finding.message}. {finding.hint}",
        "severity": _SEVERITIES[finding.severity],
        "fingerprint": finding.fingerprint,
        "location": _location(finding.origin.location, finding.resource, context),
    }


def _problem(problem: Problem, context: Context) -> Object:
    place = str(problem.location) if problem.location else ""
    name = "\0".join(("incomplete", problem.stage, problem.message, place))
    return {
        "type": "issue",
        "check_name": "incomplete",
        "description": f"incomplete ({problem.stage}): {problem.message}",
        "severity": "blocker",
        "fingerprint": hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32],
        "location": _location(problem.location, problem.stage, context),
    }


def _location(place: Place | None, name: str, context: Context) -> Object:
    """GitLab wants a path and a line in any case: what stands in no file is named in place of one."""
    if not isinstance(place, Location):
        return {"path": str(place) if place else name, "lines": {"begin": 1}}
    lines = {"begin": place.line}
    if place.end_line > place.line:
        lines["end"] = place.end_line
    return {"path": context.from_root(place.path), "lines": lines}
