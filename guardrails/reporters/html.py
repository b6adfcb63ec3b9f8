"""One HTML file that needs nothing else: findings to filter and group, routes drawn, everything that was not seen.

It is complete without its script, which only filters, and its content security policy lets nothing else run or load.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib import resources

import guardrails
from guardrails.finding import Finding, Kind, Report, Severity
from guardrails.model import Label, Location
from guardrails.overview import Change, Overview, Route, Step
from guardrails.reporters import Context, plural

_SNIPPET = 6
"""Lines of a culprit that are shown."""
_STEP = re.compile(r"\d+\. ")
_LISTED = 500
"""Changes, routes, undecided and suppressed results that are listed, each; the rest is counted."""


def render(report: Report, context: Context) -> str:
    """See `Reporter.render`."""
    style, script = _asset("report.css"), _asset("report.js")
    policy = f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'"
    name = os.path.basename(os.path.abspath(context.root)) or "design"
    body = "\n".join(_Page(report, context, context.overview()).parts(name))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>guardrails: {escape(name)}</title>\n<style>{style}</style>\n</head>\n<body>\n{body}\n"
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


def _asset(name: str) -> str:
    return resources.files("guardrails.reporters").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def prose(text: str) -> str:
    """Text with what stands between backticks as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # a backtick that nothing closes
        return escape(text)
    return "".join(f"<code>{escape(part)}</code>" if n % 2 else escape(part) for n, part in enumerate(parts))


class _Page:
    def __init__(self, report: Report, context: Context, overview: Overview) -> None:
        self._report = report
        self._context = context
        self._overview = overview

    def parts(self, name: str) -> Iterator[str]:
        report = self._report
        yield f"<header><div><h1>guardrails: {escape(name)}</h1>"
        looked = f"{plural(report.resources, 'resource')}, {plural(report.checks, 'check')}, "
        yield f"<p>{looked}{plural(len(report.files), 'file')}</p>"
        yield from self._tiles()
        yield "</div></header>\n<main>"
        yield from self._notices()
        yield from self._changes()
        yield from self._findings()
        yield from self._routes("What the internet reaches", self._overview.exposed)
        yield from self._routes("Who can become an administrator", self._overview.escalations)
        yield from self._unseen()
        yield "</main>"
        yield f"<footer>Made by guardrails {escape(guardrails.__version__)}.</footer>"

    def _tiles(self) -> Iterator[str]:
        severities = Counter(each.severity for each in self._report.findings)
        kinds = Counter(each.kind for each in self._report.findings)
        yield '<ul class="tiles">'
        for severity in reversed(Severity):
            if severities[severity]:
                yield _tile(severities[severity], severity.value, severity.value)
        for kind in Kind:
            if kinds[kind]:
                yield _tile(kinds[kind], kind.value)
        if waste := sum(each.monthly or 0 for each in self._report.findings):
            yield _tile(f"${waste:,.0f}", "a month without use")
        for number, word in ((len(self._report.undecided), "undecided"), (len(self._report.suppressed), "suppressed")):
            if number:
                yield _tile(number, word)
        yield "</ul>"

    def _notices(self) -> Iterator[str]:
        if self._report.problems:
            things = plural(len(self._report.problems), "thing")
            yield f'<div class="notice bad" role="alert"><b>Incomplete:</b> {things} could not be read or run.<ul>'
            for problem in self._report.problems:
                place = f"<code>{escape(str(problem.location))}</code> " if problem.location else ""
                yield f"<li>{place}{prose(problem.message)}</li>"
            yield "</ul></div>"
        elif not self._report.findings:
            yield '<div class="notice good"><b>No findings.</b></div>'

    # -- findings

    def _findings(self) -> Iterator[str]:
        findings = self._report.findings
        if not findings:
            return
        yield from _tools(findings)
        yield '<p id="nothing" class="nothing" hidden>No finding fits.</p>\n<div id="findings">'
        for kind in Kind:
            ours = [each for each in findings if each.kind is kind]
            if not ours:
                continue
            yield f'<section class="group"><h2>{kind.value}<small>{len(ours)}</small></h2>'
            for severity in reversed(Severity):
                if some := [each for each in ours if each.severity is severity]:
                    yield f'<section class="group"><h3>{severity.value}<small>{len(some)}</small></h3>'
                    yield from (self._finding(each) for each in some)
                    yield "</section>"
            yield "</section>"
        yield "</div>"

    def _finding(self, finding: Finding) -> str:
        place = finding.origin.location
        file = place.path if isinstance(place, Location) else str(place or "")
        severity = finding.severity.value
        where = f"{escape(finding.resource)}{f' · {escape(str(place))}' if place else ''}"
        data = {
            "side": finding.kind.value,
            "severity": severity,
            "check": finding.check,
            "file": file or "(no file)",
            "resource": finding.resource,
        }
        attributes = " ".join(f'data-{key}="{escape(value)}"' for key, value in data.items())
        return (
            f'<article class="finding {severity}" id="f-{escape(finding.fingerprint)}" {attributes}><details><summary>'
            f'<span class="pill {severity}">{severity}</span><span class="message">{prose(finding.message)}</span>'
            f'<span class="where">{where} · <code>{escape(finding.check)}</code></span></summary>'
            f'<div class="body">{"".join(self._body(finding))}</div></details></article>'
        )

    def _body(self, finding: Finding) -> Iterator[str]:
        if isinstance(finding.origin.location, Location):
            yield self._snippet(finding.origin.location)
        yield from _value_path(finding)
        if finding.details:
            steps = [each for each in finding.details if _STEP.match(each)]
            yield f"<h4>Step by step</h4>{_ordered(Step('', each) for each in steps)}" if steps else ""
            yield "".join(f"<p>{prose(each)}</p>" for each in finding.details if each not in steps)
        check = self._context.checks.get(finding.check)
        _, _, why = check.page.partition("## Why is this bad?") if check else ("", "", "")
        if why.strip():
            yield f"<h4>Why</h4><p>{prose(' '.join(why.strip().split(chr(10) * 2)[0].split()))}</p>"
        yield f"<h4>Fix</h4><p>{prose(finding.hint)}</p>"
        if finding.fix:
            for text in (finding.fix.terraform, finding.fix.cli):
                if text:
                    yield f"<pre>{escape(text)}</pre>"
        tags = [*finding.same_as, *(check.compliance if check else ())]
        if finding.engine != "guardrails":
            tags.append(f"from {finding.engine}")
        links = [each for each in (check.references if check else ()) if each.startswith("https://")]
        if links:
            shown = "".join(
                f'<li><a href="{escape(each)}" rel="noopener noreferrer">{escape(each)}</a></li>' for each in links
            )
            yield f"<h4>References</h4><ul>{shown}</ul>"
        if tags:
            yield f'<p class="tags">{escape(" · ".join(tags))}</p>'

    def _snippet(self, place: Location) -> str:
        rows: list[str] = []
        last = max(place.line, place.end_line)
        for number in range(place.line, min(last, place.line + _SNIPPET - 1) + 1):
            text = self._context.sources.line(place.path, number)
            if text is None:
                continue
            shown = escape(text)
            if number == place.line and last == place.line and place.end_column > place.column:
                start, end = place.column - 1, place.end_column - 1
                shown = f"{escape(text[:start])}<mark>{escape(text[start:end])}</mark>{escape(text[end:])}"
            rows.append(f'<span class="n">{number}</span>{shown}')
        if rows and last >= place.line + _SNIPPET:
            rows.append('<span class="n"></span>…')
        return f"<pre>{chr(10).join(rows)}</pre>" if rows else ""

    # -- the design

    def _changes(self) -> Iterator[str]:
        changes = self._overview.changes
        if changes is None:
            return
        yield "<h2>What changes</h2>"
        for subject, title in (("reachability", "Reachability"), ("access", "Access"), ("cost", "Cost")):
            ours = [each for each in changes if each.subject == subject]
            yield f'<details class="plain"{" open" if ours else ""}><summary>{title}: '
            yield f"{plural(len(ours), 'change')}</summary><ul>" if ours else "nothing changes</summary><ul>"
            ranked = sorted(ours, key=lambda each: (not each.worse, not each.marks))
            yield from (_change(each) for each in ranked[:_LISTED])
            yield f"{_rest(len(ours))}</ul></details>"

    def _routes(self, title: str, routes: Sequence[Route]) -> Iterator[str]:
        if not routes:
            return
        yield f"<section><h2>{title}</h2>"
        for route in routes[:_LISTED]:
            sure = "" if route.certain else ' <span class="pill medium">not certain</span>'
            place = f" · {escape(route.place)}" if route.place else ""
            yield f'<div class="card"><b>{escape(route.title)}</b>{sure}<span class="tags">{place}</span>'
            yield f"{_ordered(route.steps)}{f'<p>{prose(route.note)}</p>' if route.note else ''}</div>"
        yield f"<ul>{_rest(len(routes))}</ul></section>" if len(routes) > _LISTED else "</section>"

    def _unseen(self) -> Iterator[str]:
        """What was not decided, and what was hidden."""
        reasons = Counter(each.reason for each in self._report.undecided)
        reasons.update(self._overview.unknown)
        if reasons and not self._context.quiet:
            yield f"<h2>What was not seen</h2>{_fold(f'Could not be decided ({sum(reasons.values())})')}"
            for reason, number in reasons.most_common(_LISTED):
                yield f"<li>{prose(reason)}{f' ({number} times)' if number > 1 else ''}</li>"
            yield f"{_rest(len(reasons))}</ul></details>"
        if self._report.suppressed and not self._context.quiet:
            yield _fold(f"Suppressed ({len(self._report.suppressed)})")
            for each in self._report.suppressed[:_LISTED]:
                until = f" (until {escape(each.expires)})" if each.expires else ""
                what = f"<code>{escape(each.finding.check)}</code> {escape(each.finding.resource)}"
                yield f"<li>{what}: {prose(each.finding.message)}. {prose(each.reason)}{until}</li>"
            yield f"{_rest(len(self._report.suppressed))}</ul></details>"


def _fold(title: str) -> str:
    return f'<details class="plain"><summary>{title}</summary><ul>'


def _rest(number: int) -> str:
    return f"<li>and {number - _LISTED} more</li>" if number > _LISTED else ""


def _tile(number: int | str, word: str, kind: str = "") -> str:
    return f'<li class="tile {kind}"><b>{number}</b><span>{word}</span></li>'


def _tools(findings: Sequence[Finding]) -> Iterator[str]:
    yield '<div id="tools" class="tools" hidden>'
    yield '<input id="search" type="search" placeholder="Filter: words, resources, files  ( / )" aria-label="Filter">'
    kinds = {each.kind for each in findings}
    severities = {each.severity for each in findings}
    yield _chips("side", "Side", [each.value for each in Kind if each in kinds])
    yield _chips("severity", "Severity", [each.value for each in reversed(Severity) if each in severities])
    options = {"side severity": "side and severity", "severity": "severity", "check": "check", "file": "file"}
    options |= {"resource": "resource"}
    inner = "".join(f'<option value="{value}">by {text}</option>' for value, text in options.items())
    yield f'<select id="grouping" aria-label="Group">{inner}</select>'
    yield '<button id="unfold" type="button" aria-pressed="false">Unfold all</button>'
    yield '<output id="count" aria-live="polite"></output></div>'


def _chips(name: str, title: str, values: Iterable[str]) -> str:
    inner = "".join(
        f'<label class="chip"><input type="checkbox" name="{name}" value="{value}">{value}</label>' for value in values
    )
    return f"<fieldset><legend>{title}</legend>{inner}</fieldset>"


def _value_path(finding: Finding) -> Iterator[str]:
    """Where the value comes from, from its source to the culprit."""
    place = finding.origin.location
    labels: list[Label] = [
        each for each in dict.fromkeys((*finding.related, *finding.origin.calls)) if each.location != place
    ]
    if not labels:
        return
    steps = [Step(str(each.location), each.text) for each in reversed(labels)]
    if place is not None:
        steps.append(Step(str(place), finding.path or finding.resource))
    yield f"<h4>How it comes about</h4>{_ordered(steps)}"


def _ordered(steps: Iterable[Step]) -> str:
    inner = "".join(
        f"<li>{f'<small>{escape(step.kind)}</small>' if step.kind else ''}<b>{prose(step.name)}</b>"
        f"{f'<span>{prose(step.text)}</span>' if step.text else ''}</li>"
        for step in steps
    )
    return f'<ol class="route">{inner}</ol>'


def _change(change: Change) -> str:
    pill = '<span class="pill high">new</span>' if change.worse else '<span class="pill good">gone</span>'
    marks = "".join(f' <span class="pill medium">{escape(each)}</span>' for each in change.marks)
    css = "worse" if change.worse else "better"
    return f'<li class="{css}">{pill} <code>{escape(change.name)}</code> {prose(change.text)}{marks}</li>'
