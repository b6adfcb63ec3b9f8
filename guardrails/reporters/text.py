"""Text for people: the culprit in its lines, what it has to do with, why it matters, and what to do."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from guardrails.finding import Finding, Report, Severity, Undecided
from guardrails.model import Label, Location, Place
from guardrails.reporters import Context, plural

_SNIPPET = 5
"""Lines of a culprit that are shown."""
_GROUPS = 12
"""Reasons for undecided results that are listed."""

_COLORS = {
    Severity.CRITICAL: "1;35",
    Severity.HIGH: "1;31",
    Severity.MEDIUM: "1;33",
    Severity.LOW: "1;36",
    Severity.INFO: "1;34",
}


def render(report: Report, context: Context) -> str:
    """See `Reporter.render`."""
    page = _Page(context)
    explained: set[str] = set()
    for group in _groups(report.findings):
        page.finding(group, explain=group[0].check not in explained)
        explained.add(group[0].check)
    page.problems(report)
    if not context.quiet:
        page.undecided(report.undecided)
        page.summary(report)
    return "".join(f"{line.rstrip()}\n" for line in page.lines)


def _groups(findings: Sequence[Finding]) -> Iterator[list[Finding]]:
    """Findings that differ in nothing but the instance, as one."""
    groups: dict[object, list[Finding]] = {}
    for finding in findings:
        # Without a place there is nothing that the findings share.
        place = finding.origin.location or finding.resource
        key = (finding.check, finding.severity, finding.message, finding.path, place, finding.details)
        groups.setdefault(key, []).append(finding)
    yield from groups.values()


class _Page:
    def __init__(self, context: Context) -> None:
        self.lines: list[str] = []
        self._context = context

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._context.color and text else text

    def _dim(self, text: str) -> str:
        return self._paint(text, "2")

    def finding(self, group: Sequence[Finding], *, explain: bool) -> None:
        finding, others = group[0], group[1:]
        place = _where(finding.origin.location)
        severity = self._paint(finding.severity.value, _COLORS[finding.severity])
        prefix = f"{self._paint(place, '1')}: " if place else ""
        check = self._dim(f"[{finding.check}]")
        self.lines.append(f"{prefix}{severity}: {finding.message} {check}")
        address = finding.resource
        if others:
            address += f" and {plural(len(others), 'other')}: {_listed([each.resource for each in others], 4)}"
        self.lines += self._wrapped("  ", address)
        self._snippet(finding)
        for label in _related(finding):
            self._label(label)
        for detail in finding.details:
            self.lines += self._wrapped("   = ", detail)
        if explain and (why := _why(finding, self._context)):
            self.lines += self._wrapped("   why: ", why)
        self.lines += self._wrapped("   fix: ", finding.hint)
        if finding.fix:
            patch = finding.fix.terraform
            if isinstance(finding.origin.location, Location) or not finding.fix.cli:
                self.lines += (f"        {line}" for line in patch.splitlines())
            else:
                self.lines += (f"        {line}" for line in finding.fix.cli.splitlines())
        self.lines.append("")

    def _snippet(self, finding: Finding) -> None:
        place, block = finding.origin.location, finding.block.location
        if not isinstance(place, Location):
            return
        shown: list[tuple[Location, bool]] = []
        if isinstance(block, Location) and block.path == place.path and block.line < place.line:
            shown.append((block, False))
        shown.append((place, True))
        gutter = len(str(max(place.line, place.end_line))) + 2
        rows: list[str] = []
        last = 0
        for span, culprit in shown:
            whole = culprit and span != block
            for number in range(span.line, max(span.line, span.end_line if whole else 0) + 1):
                if number - span.line >= _SNIPPET:
                    rows.append(f"{' ' * gutter}| ...")
                    break
                text = self._context.sources.line(span.path, number)
                if text is None:
                    continue
                if last and number > last + 1:
                    rows.append(f"{' ' * gutter}| ...")
                text, start, end = self._fitted(text, span, number)
                rows.append(f"{self._dim(f'{number:>{gutter - 1}} |')} {text}")
                if culprit and number == span.line and text.strip():
                    mark = self._paint("^" * (end - start), _COLORS[finding.severity])
                    rows.append(f"{' ' * gutter}{self._dim('|')} {' ' * start}{mark}")
                last = number
        self.lines += rows

    def _fitted(self, text: str, span: Location, number: int) -> tuple[str, int, int]:
        """A source line cut to the width, and the columns to underline, from 0."""
        indent = len(text) - len(text.lstrip())
        start = span.column - 1 if number == span.line else indent
        end = span.end_column - 1 if number == max(span.line, span.end_line) and span.end_column else len(text)
        limit = max(self._context.width - 8, 40)
        shift = 0
        if len(text) > limit:
            shift = max(0, min(start - 16, len(text) - limit))
            text = ("..." if shift else "") + text[shift + 3 * bool(shift) : shift + limit - 3] + "..."
        start = min(max(start - shift, 0), max(len(text) - 1, 0))
        end = min(max(end - shift, start + 1), len(text) or 1)
        return text, start, end

    def _label(self, label: Label) -> None:
        where = _where(label.location)
        self.lines += self._wrapped("   = ", f"{where}: {label.text}")
        if isinstance(label.location, Location):
            text = self._context.sources.line(label.location.path, label.location.line)
            if text and text.strip():
                text, _, _ = self._fitted(text.strip(), replace(label.location, column=1), label.location.line)
                self.lines.append(f"       {self._dim(text)}")

    def problems(self, report: Report) -> None:
        for problem in report.problems:
            place = _where(problem.location)
            word = self._paint("incomplete", "1;31")
            self.lines += self._wrapped("", f"{place + ': ' if place else ''}{word}: {problem.message}", "  ")
        if report.problems:
            self.lines.append("")

    def undecided(self, undecided: Sequence[Undecided]) -> None:
        if not undecided:
            return
        groups: dict[str, list[Undecided]] = {}
        for each in undecided:
            groups.setdefault(_bare_reason(each), []).append(each)
        self.lines.append(self._paint(f"Could not be decided ({len(undecided)}):", "1"))
        ranked = sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0]))
        for reason, group in ranked[:_GROUPS]:
            self.lines += self._wrapped("  ", reason, "    ")
            asked = [f"{each.check} of {each.resource}" for each in group]
            self.lines += [self._dim(line) for line in self._wrapped("    ", _listed(asked, 3))]
        if len(ranked) > _GROUPS:
            rest = sum(len(group) for _, group in ranked[_GROUPS:])
            self.lines.append(f"  and {rest} more for {plural(len(ranked) - _GROUPS, 'other reason')}")
        self.lines.append("")

    def summary(self, report: Report) -> None:
        if not (report.resources or report.findings or report.problems):
            self.lines.append("There is no resource to check.")
            return
        looked = f"in {plural(report.resources, 'resource')}, {plural(report.checks, 'check')}"
        if report.findings:
            severities = Counter(each.severity for each in report.findings)
            counts = [
                self._paint(f"{severities[severity]} {severity.value}", _COLORS[severity])
                for severity in reversed(Severity)
                if severities[severity]
            ]
            sides = [
                f"{number} {kind}" for kind, number in Counter(each.kind for each in report.findings).most_common()
            ]
            head = f"{plural(len(report.findings), 'finding')}: {', '.join(counts)} ({', '.join(sides)})"
        elif report.problems:
            head = "The picture is incomplete: no findings"
        else:
            head = self._paint("No findings", "1;32")
        self.lines.append(f"{head} {looked}.")
        rest = []
        if report.suppressed:
            rest.append(f"{len(report.suppressed)} suppressed")
        if report.undecided:
            rest.append(f"{len(report.undecided)} undecided")
        if report.problems:
            rest.append(f"{plural(len(report.problems), 'thing')} could not be read or run")
        if rest:
            self.lines.append(f"{', '.join(rest)}.")

    def _wrapped(self, prefix: str, text: str, indent: str | None = None) -> list[str]:
        indent = " " * len(prefix) if indent is None else indent
        return textwrap.wrap(
            text,
            max(self._context.width, 40),
            initial_indent=prefix,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )


def _where(place: Place | None) -> str:
    match place:
        case Location():
            return f"{place.path}:{place.line}:{place.column}" if place.column > 1 else f"{place.path}:{place.line}"
        case None:
            return ""
    return str(place)


def _related(finding: Finding) -> list[Label]:
    labels = dict.fromkeys((*finding.related, *finding.origin.calls))
    return [label for label in labels if label.location != finding.origin.location]


def _why(finding: Finding, context: Context) -> str:
    """The first paragraph of the check's reason."""
    check = context.checks.get(finding.check)
    if check is None:
        return ""
    _, _, below = check.page.partition("## Why is this bad?")
    return " ".join(below.strip().split("\n\n")[0].split())


def _bare_reason(undecided: Undecided) -> str:
    """A reason without the resource and attribute that it starts with."""
    text = undecided.reason
    if text.startswith(f"{undecided.resource}: "):
        text = text.removeprefix(f"{undecided.resource}: ")
        text = re.sub(r"^[\w.\[\]\"-]+: ", "", text)
    return text


def _listed(names: Sequence[str], most: int) -> str:
    text = ", ".join(names[:most])
    return f"{text}, and {len(names) - most} more" if len(names) > most else text
