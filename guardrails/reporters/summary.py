"""A short Markdown summary for comments of pull requests: what the plan changes, then what is wrong, worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from guardrails.finding import Finding, Report, Severity
from guardrails.overview import Change, Overview
from guardrails.reporters import Context, plural
from guardrails.reporters.markdown import code, prose

MARK = "<!-- guardrails summary -->"
"""The first line, by which a bot finds the comment that it wrote before."""
MAX_CHARACTERS = 60_000
"""GitHub takes comments of 65,536 characters."""

_ICONS = {
    Severity.CRITICAL: "🟣",
    Severity.HIGH: "🔴",
    Severity.MEDIUM: "🟠",
    Severity.LOW: "🔵",
    Severity.INFO: "⚪",
}
_SUBJECTS = (
    ("reachability", "🌐 Reachability", "newly reachable from the internet", "no longer reachable"),
    ("access", "🔑 Access", "newly granted", "taken away"),
    ("cost", "💰 Cost", "newly paid for without use", "no longer paid for"),
)
_SHOWN = 10
"""Changes of one sort, or lines of a list, that are shown before the rest is only counted."""
_OPEN = 10
"""Findings that stand outside of a fold."""


def render(report: Report, context: Context) -> str:
    """See `Reporter.render`. Never longer than `MAX_CHARACTERS`: what is left out is counted."""
    overview = context.overview()
    head = [MARK, *_head(report), *_problems(report), *_changes(overview)]
    tail = [] if context.quiet else list(_undecided(report, overview))
    ranked = sorted(report.findings, key=lambda each: -each.severity.rank)
    budget = MAX_CHARACTERS - len("\n".join((*head, *tail))) - 500
    return "\n".join((*head, *_findings(ranked, budget), *tail)) + "\n"


def _head(report: Report) -> Iterator[str]:
    number = len(report.findings)
    if number:
        worst = max(report.findings, key=lambda each: each.severity.rank).severity
        yield f"## {_ICONS[worst]} guardrails: {plural(number, 'finding')}"
    elif report.problems:
        yield "## ⚠️ guardrails: no finding, but the picture is incomplete"
    else:
        yield "## ✅ guardrails: no findings"
    yield ""
    severities = Counter(each.severity for each in report.findings)
    parts = [f"**{severities[each]} {each.value}**" for each in reversed(Severity) if severities[each]]
    kinds = Counter(each.kind.value for each in report.findings)
    sides = f" ({', '.join(f'{count} {kind}' for kind, count in kinds.most_common())})" if kinds else ""
    looked = f"{plural(report.resources, 'resource')}, {plural(report.checks, 'check')}"
    waste = sum(each.monthly or 0 for each in report.findings)
    rest = [f"{waste:,.2f} USD a month paid for without use"] if waste else []
    rest += [f"{len(report.suppressed)} suppressed"] if report.suppressed else []
    rest += [f"{len(report.undecided)} undecided"] if report.undecided else []
    yield f"{', '.join(parts)}{sides}{' in ' if parts else ''}{looked}{'; ' if rest else ''}{', '.join(rest)}."


def _problems(report: Report) -> Iterator[str]:
    if not report.problems:
        return
    yield ""
    yield "> [!WARNING]"
    yield f"> {plural(len(report.problems), 'thing')} could not be read or run, so more may be wrong:"
    for problem in report.problems[:_SHOWN]:
        place = f"{code(str(problem.location))} " if problem.location else ""
        yield f"> - {place}{prose(problem.message[:500])}"
    if len(report.problems) > _SHOWN:
        yield f"> - and {len(report.problems) - _SHOWN} more"


def _changes(overview: Overview) -> Iterator[str]:
    if overview.changes is None:
        return
    yield ""
    yield "### What changes"
    yield ""
    for subject, title, worse, better in _SUBJECTS:
        ours = [each for each in overview.changes if each.subject == subject]
        if not ours:
            yield f"{title}: nothing changes.  "
            continue
        counts = [
            f"**{number} {words}**"
            for number, words in ((sum(c.worse for c in ours), worse), (sum(not c.worse for c in ours), better))
            if number
        ]
        yield f"{title}: {', '.join(counts)}{_monthly(ours)}"
        yield ""
        yield from _listed(sorted(ours, key=lambda each: (not each.worse, not each.marks)))
        yield ""


def _monthly(changes: Sequence[Change]) -> str:
    """What costs more and less make together."""
    known = [each.monthly if each.worse else -each.monthly for each in changes if each.monthly]
    more = ", and more whose price is not known" if len(known) < len(changes) else ""
    return f" ({sum(known):+,.2f} USD a month by list prices{more})" if known else ""


def _listed(changes: Sequence[Change]) -> Iterator[str]:
    for change in changes[:_SHOWN]:
        marks = "".join(f" **{each}**" for each in change.marks)
        yield f"- {'🔺' if change.worse else '🔻'} {code(change.name)}: {prose(change.text[:500])}{marks}"
    if len(changes) > _SHOWN:
        yield f"- and {len(changes) - _SHOWN} more"


def _findings(ranked: Sequence[Finding], budget: int) -> Iterator[str]:
    if not ranked:
        return
    yield ""
    yield "### Findings"
    yield ""
    yield from _TABLE
    shown = 0
    for finding in ranked:
        row = _row(finding)
        if budget < len(row):
            break
        if shown == _OPEN:
            yield ""
            yield f"<details><summary>{plural(len(ranked) - _OPEN, 'further finding')}</summary>"
            yield ""
            yield from _TABLE
        yield row
        budget -= len(row) + 1
        shown += 1
    if shown > _OPEN:
        yield ""
        yield "</details>"
    if shown < len(ranked):
        yield ""
        yield f"{plural(len(ranked) - shown, 'finding')} more did not fit in here."


_TABLE = ("| | Finding | Where | Fix |", "| --- | --- | --- | --- |")


def _row(finding: Finding) -> str:
    place = finding.origin.location
    where = code(finding.resource) + (f"<br>{code(str(place))}" if place else "")
    severity = f"{_ICONS[finding.severity]} {finding.severity.value}"
    return f"| {severity} | {prose(finding.message[:500])}<br>{code(finding.check)} | {where} | {prose(finding.hint)} |"


def _undecided(report: Report, overview: Overview) -> Iterator[str]:
    reasons = Counter(each.reason for each in report.undecided)
    reasons.update(overview.unknown if overview.changes is not None else ())
    if not reasons:
        return
    yield ""
    yield f"<details><summary>Could not be decided ({sum(reasons.values())})</summary>"
    yield ""
    for reason, number in reasons.most_common(_SHOWN):
        yield f"- {prose(reason[:500])}{f' ({number} times)' if number > 1 else ''}"
    if len(reasons) > _SHOWN:
        yield f"- and {len(reasons) - _SHOWN} other reasons"
    yield ""
    yield "</details>"
