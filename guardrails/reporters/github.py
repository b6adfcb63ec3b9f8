"""GitHub workflow commands: annotations on the lines of a pull request."""

from __future__ import annotations

from guardrails.finding import Report, Severity
from guardrails.model import Location, Place
from guardrails.reporters import Context, plural

_COMMANDS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "notice",
    Severity.INFO: "notice",
}


def render(report: Report, context: Context) -> str:
    """See `Reporter.render`. The worst come first: GitHub shows ten annotations of each level for a step."""
    lines = [
        _command("error", problem.location, f"guardrails: incomplete ({problem.stage})", problem.message, context)
        for problem in report.problems
    ]
    for finding in sorted(report.findings, key=lambda each: -each.severity.rank):
        text = "\n".join([f"{finding.resource}: {finding.message}", *finding.details, finding.hint])
        title = f"{finding.check} ({finding.severity.value})"
        lines.append(_command(_COMMANDS[finding.severity], finding.origin.location, title, text, context))
    if report.undecided and not context.quiet:
        reasons = dict.fromkeys(each.reason for each in report.undecided)
        text = f"{plural(len(report.undecided), 'result')} could not be decided:\n" + "\n".join(list(reasons)[:20])
        lines.append(_command("notice", None, "guardrails: undecided", text, context))
    return "".join(f"{line}\n" for line in lines)


def _command(name: str, place: Place | None, title: str, text: str, context: Context) -> str:
    properties: list[tuple[str, str]] = []
    if isinstance(place, Location):
        properties += [("file", context.from_root(place.path)), ("line", str(place.line))]
        end = max(place.line, place.end_line)
        properties.append(("endLine", str(end)))
        if end == place.line:  # columns are for annotations of one line only
            properties.append(("col", str(place.column)))
            if place.end_column > place.column:
                properties.append(("endColumn", str(place.end_column)))
    properties.append(("title", title))
    written = ",".join(f"{key}={_property(value)}" for key, value in properties)
    return f"::{name} {written}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
