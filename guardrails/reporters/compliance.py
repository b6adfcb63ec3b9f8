"""What a run says about the controls of compliance frameworks: a line for each control that a check speaks to.

A control without a finding is no control that is met: most ask for more than a design shows, and the line says so.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence

from guardrails.catalog import AnyCheck
from guardrails.finding import Report
from guardrails.model import Place
from guardrails.reporters import Context, plural

_MOST = 5
"""Findings of a control that are listed."""


def controls(checks: Iterable[AnyCheck]) -> dict[str, dict[str, list[AnyCheck]]]:
    """Checks by framework and control, in the order in which people count: 3.9 comes before 3.10."""
    found: dict[str, dict[str, list[AnyCheck]]] = {}
    for check in checks:
        for tag in check.compliance:
            framework, _, control = tag.partition(":")
            found.setdefault(framework, {}).setdefault(control, []).append(check)
    return {name: dict(sorted(found[name].items(), key=lambda pair: _order(pair[0]))) for name in sorted(found)}


def _order(control: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.findall(r"\d+|\D+", control)]


def render(report: Report, context: Context) -> str:
    """See `Reporter.render`."""
    return "".join(f"{line}\n" for line in _lines(report, context))


def _lines(report: Report, context: Context) -> Iterator[str]:
    ran = [check for name, check in context.checks.items() if name in context.ran]
    frameworks = controls(ran)
    for framework, members in frameworks.items():
        yield framework
        for control, checks in members.items():
            yield from _control(control, checks, report, context.width)
        yield ""
    for problem in report.problems:
        place = f"{problem.location}: " if problem.location else ""
        yield f"{place}incomplete: {problem.message}"
    if report.problems:
        yield ""
    number = sum(len(members) for members in frameworks.values())
    yield f"{plural(number, 'control')} asked about, in {plural(report.resources, 'resource')}."
    yield "A control without a finding is not thereby met: it may ask for more than a design shows."


def _control(control: str, checks: Sequence[AnyCheck], report: Report, width: int) -> Iterator[str]:
    names = {check.id for check in checks}
    found = [each for each in report.findings if each.check in names]
    undecided = sum(1 for each in report.undecided if each.check in names)
    suppressed = sum(1 for each in report.suppressed if each.finding.check in names)
    notes = [
        *([f"{undecided} undecided"] if undecided else []),
        *([f"{suppressed} suppressed"] if suppressed else []),
        *(["incomplete"] if report.problems else []),
    ]
    verdict = plural(len(found), "finding") if found else "no finding"
    rest = f" ({', '.join(notes)})" if notes else ""
    yield f"  {control:<14}  {verdict}{rest}  {', '.join(sorted(names))}"
    for each in found[:_MOST]:
        text = f"{_at(each.origin.location)}{each.severity.value}: {each.message}: {each.resource}"
        yield from textwrap.wrap(
            text,
            max(width, 60),
            initial_indent=" " * 18,
            subsequent_indent=" " * 20,
            break_long_words=False,
            break_on_hyphens=False,
        )
    if len(found) > _MOST:
        yield f"{' ' * 18}and {len(found) - _MOST} more"


def _at(place: Place | None) -> str:
    return f"{place}: " if place else ""


def listing(checks: Iterable[AnyCheck]) -> str:
    """The controls with the checks that speak to them."""
    lines: list[str] = []
    for framework, members in controls(checks).items():
        lines.append(framework)
        lines += (f"  {control:<14}  {', '.join(each.id for each in ours)}" for control, ours in members.items())
        lines.append("")
    return "".join(f"{line}\n" for line in lines)


def as_json(checks: Iterable[AnyCheck]) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """The same for machines: ids by framework and control."""
    return {
        framework: {control: [each.id for each in ours] for control, ours in members.items()}
        for framework, members in controls(checks).items()
    }
