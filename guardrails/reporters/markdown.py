"""Markdown, for comments and step summaries."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from guardrails.finding import Finding, Report, Severity
from guardrails.reporters import Context, plural

_ACTIVE = re.compile(r"[&<>\"'`*_{}\[\]()#!|~@\\$:]")
_MOST_UNDECIDED = 20


def render(report: Report, context: Context) -> str:
    """See `Reporter.render`."""
    return "\n".join(_lines(report, context)) + "\n"


def _lines(report: Report, context: Context) -> Iterator[str]:
    yield "## guardrails"
    yield ""
    yield _summary(report)
    if report.problems:
        yield ""
        yield f"### Incomplete ({len(report.problems)})"
        yield ""
        for problem in report.problems:
            place = f"{code(str(problem.location))} " if problem.location else ""
            yield f"- {place}{prose(problem.message)}"
    for severity in reversed(Severity):
        findings = [each for each in report.findings if each.severity is severity]
        if findings:
            yield ""
            yield f"### {severity.value.capitalize()} ({len(findings)})"
            yield ""
            for finding in findings:
                yield from _finding(finding)
    if report.undecided and not context.quiet:
        yield ""
        yield "<details>"
        yield f"<summary>Could not be decided ({len(report.undecided)})</summary>"
        yield ""
        reasons = Counter(each.reason for each in report.undecided)
        for reason, number in reasons.most_common(_MOST_UNDECIDED):
            yield f"- {prose(reason)}{f' ({number} times)' if number > 1 else ''}"
        if len(reasons) > _MOST_UNDECIDED:
            yield f"- and {len(reasons) - _MOST_UNDECIDED} other reasons"
        yield ""
        yield "</details>"


def _summary(report: Report) -> str:
    kinds = Counter(each.kind for each in report.findings)
    sides = f" ({', '.join(f'{number} {kind}' for kind, number in kinds.most_common())})" if kinds else ""
    number = len(report.findings)
    parts = [f"**{number or 'No'} finding{'' if number == 1 else 's'}**{sides}"]
    if report.suppressed:
        parts.append(f"{len(report.suppressed)} suppressed")
    if report.undecided:
        parts.append(f"{len(report.undecided)} undecided")
    return f"{', '.join(parts)} in {plural(report.resources, 'resource')}, {plural(report.checks, 'check')}."


def _finding(finding: Finding) -> Iterator[str]:
    place = finding.origin.location
    where = f" in {code(str(place))}" if place else ""
    yield f"- {code(finding.check)} {code(finding.resource)}{where}  "
    yield f"  {prose(finding.message)}  "
    for detail in finding.details:
        yield f"  {prose(detail)}  "
    for label in finding.related:
        yield f"  {code(str(label.location))}: {prose(label.text)}  "
    yield f"  *Fix:* {prose(finding.hint)}"


def prose(text: str) -> str:
    """Text in which nothing is Markdown but code between backticks."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # a backtick that nothing closes
        return _unmentioned(text)
    return "".join(code(part) if number % 2 else _unmentioned(part) for number, part in enumerate(parts))


def code(text: str) -> str:
    """Text set as code, in which nothing is Markdown."""
    return f"<code>{_literal(text)}</code>" if text else ""


def _unmentioned(text: str) -> str:
    """Literal text that calls nobody: code hosts look for `@name` and `#1` after entities are read, code aside."""
    return re.sub(r"(&#(?:64|35);)(?=\w)", r"\1&#8203;", _literal(text))


def _literal(text: str) -> str:
    """Text that stands for itself: every character that Markdown or a code host acts on is an entity."""
    return _ACTIVE.sub(lambda match: f"&#{ord(match[0])};", text).replace("www.", "www&#46;")
