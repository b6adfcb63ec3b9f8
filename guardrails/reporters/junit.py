"""JUnit XML: a failure for each finding, an error for what could not be read, a skipped test for what is undecided."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from guardrails.finding import Report
from guardrails.model import Location, Place
from guardrails.reporters import Context, plural


def render(report: Report, context: Context) -> str:
    """See `Reporter.render`."""
    tests: list[str] = []
    for finding in report.findings:
        body = "\n".join(
            [
                f"{finding.message}",
                *finding.details,
                *(f"{label.location}: {label.text}" for label in finding.related),
                f"Fix: {finding.hint}",
            ]
        )
        inner = f"<failure type={_quoted(finding.severity.value)} message={_quoted(finding.message)}>{escape(body)}"
        tests.append(_test(finding.check, finding.resource, finding.origin.location, f"{inner}</failure>", context))
    for each in report.undecided:
        inner = f"<skipped message={_quoted(f'cannot be decided: {each.reason}')}/>"
        tests.append(_test(each.check, each.resource, each.origin.location, inner, context))
    for problem in report.problems:
        inner = f"<error type={_quoted(problem.stage)} message={_quoted(problem.message)}/>"
        tests.append(_test("guardrails", problem.stage, problem.location, inner, context))
    if not tests:
        tests.append(
            _test(
                "guardrails",
                f"{plural(report.checks, 'check')} of {plural(report.resources, 'resource')}",
                None,
                "",
                context,
            )
        )
    counts = (
        f'tests="{len(tests)}" failures="{len(report.findings)}" errors="{len(report.problems)}"'
        f' skipped="{len(report.undecided)}"'
    )
    body = "".join(f"    {test}\n" for test in tests)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="guardrails" {counts}>\n'
        f'  <testsuite name="guardrails" {counts}>\n{body}  </testsuite>\n</testsuites>\n'
    )


def _test(check: str, name: str, place: Place | None, inner: str, context: Context) -> str:
    where = ""
    if isinstance(place, Location):
        path = context.from_root(place.path)
        where = f" file={_quoted(path)} line={_quoted(str(place.line))}"
        name = f"{name} ({path}:{place.line})"
    head = f"testcase classname={_quoted(check)} name={_quoted(name)}{where}"
    return f"<{head}>{inner}</testcase>" if inner else f"<{head}/>"


def _quoted(text: str) -> str:
    return quoteattr(text, {"\n": "&#10;"})
