"""SARIF 2.1.0, as GitHub code scanning reads it.

https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

import guardrails
from guardrails.check import Check
from guardrails.finding import Finding, Kind, Report, Severity, Suppressed
from guardrails.model import Label, LiveLocation, Location, Place
from guardrails.reporters import Context

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
# GitHub shows critical above 9.0, high from 7.0, medium from 4.0 and low below.
_SCORES = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.5",
    Severity.INFO: "0.5",
}

Object = dict[str, Any]
"""A JSON object of the format."""


def render(report: Report, context: Context) -> str:
    """See `Reporter.render`."""
    everything = [*report.findings, *(each.finding for each in report.suppressed)]
    ids = sorted({each.check for each in everything} | {each.check for each in report.undecided})
    index = {check: number for number, check in enumerate(ids)}
    writer = _Writer(context, index)
    run: Object = {
        "tool": {
            "driver": {
                "name": "guardrails",
                "version": guardrails.__version__,
                "semanticVersion": guardrails.__version__,
                "rules": [_rule(each, context, everything) for each in ids],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {"executionSuccessful": not report.problems, "toolExecutionNotifications": writer.notifications(report)}
        ],
        "results": [
            *(writer.result(each) for each in report.findings),
            *(writer.suppressed(each) for each in report.suppressed),
        ],
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2).replace("##[", "\\u0023#[") + "\n"


def _rule(name: str, context: Context, findings: Sequence[Finding]) -> Object:
    check: Check[Any] | None = context.checks.get(name)
    if check is None:
        finding = next((each for each in findings if each.check == name), None)
        text = finding.hint if finding and finding.hint else name
        return {"id": name, "shortDescription": {"text": text}}
    tags = [check.kind.value, "aws", "terraform", *check.compliance][:20]
    properties: Object = {"tags": tags, "precision": "very-high"}
    if check.kind is Kind.SECURITY:
        properties["security-severity"] = _SCORES[check.severity]
    else:
        properties["problem.severity"] = {"error": "error", "warning": "warning", "note": "recommendation"}[
            _LEVELS[check.severity]
        ]
    rule: Object = {
        "id": name,
        "name": "".join(part.capitalize() for part in name.split("-")),
        "shortDescription": {"text": check.title or name},
        "fullDescription": {"text": f"{check.title or name} {check.hint}"[:1024]},
        "help": {"text": f"{check.page}\n\n{check.hint}".strip(), "markdown": context.page(check)},
        "defaultConfiguration": {"level": _LEVELS[check.severity]},
        "properties": properties,
    }
    if check.references:
        rule["helpUri"] = check.references[0]
    return rule


def _message(text: str) -> Object:
    """A message in which a value cannot make a link: SARIF reads `[text](target)` in plain text too."""
    return {"text": text.replace("](", "] (")}


class _Writer:
    def __init__(self, context: Context, index: Mapping[str, int]) -> None:
        self._context = context
        self._index = index

    def result(self, finding: Finding) -> Object:
        labels = list(dict.fromkeys((*finding.related, *finding.origin.calls)))
        result: Object = {
            "ruleId": finding.check,
            "ruleIndex": self._index[finding.check],
            "level": _LEVELS[finding.severity],
            "message": _message("\n".join([f"{finding.resource}: {finding.message}", *finding.details, finding.hint])),
            "locations": [self._location(finding.origin.location, finding.resource)],
            "partialFingerprints": {
                # The only one that GitHub reads; left out, it is made of the line's text.
                "primaryLocationLineHash": f"{finding.fingerprint}:1",
                "guardrails/v1": finding.fingerprint,
            },
            "properties": {"severity": finding.severity.value, "kind": finding.kind.value, "engine": finding.engine},
        }
        related = [self._related(label, number) for number, label in enumerate(labels[:1000])]
        if related:
            result["relatedLocations"] = related
        return result

    def suppressed(self, suppressed: Suppressed) -> Object:
        result = self.result(suppressed.finding)
        place = suppressed.by.location
        in_source = isinstance(place, Location) and not place.path.endswith(".toml")
        suppression: Object = {"kind": "inSource" if in_source else "external", "justification": suppressed.reason}
        if isinstance(place, Location):
            suppression["location"] = self._physical(place)
        result["suppressions"] = [suppression]
        return result

    def notifications(self, report: Report) -> list[Object]:
        """What could not be read or run as errors, what could not be decided as notes."""
        found = [
            self._notification("error", f"{each.stage}: {each.message}", each.location) for each in report.problems
        ]
        for each in report.undecided:
            text = f"{each.check} cannot be decided for {each.resource}: {each.reason}"
            note = self._notification("note", text, each.origin.location)
            note["associatedRule"] = {"id": each.check, "index": self._index[each.check]}
            found.append(note)
        return found

    def _notification(self, level: str, text: str, place: Place | None) -> Object:
        notification: Object = {"level": level, "message": _message(text)}
        if isinstance(place, Location):
            notification["locations"] = [self._physical(place)]
        return notification

    def _location(self, place: Place | None, address: str) -> Object:
        location = self._physical(place) if isinstance(place, Location) else {}
        name = place.arn if isinstance(place, LiveLocation) else address
        location["logicalLocations"] = [{"fullyQualifiedName": name or ".", "kind": "resource"}]
        return location

    def _related(self, label: Label, number: int) -> Object:
        location: Object = {"id": number, "message": _message(label.text)}
        if isinstance(label.location, Location):
            return location | self._physical(label.location)
        return location | {"logicalLocations": [{"fullyQualifiedName": label.location.arn}]}

    def _physical(self, place: Location) -> Object:
        path = self._context.from_root(place.path)
        artifact: Object
        if path.startswith("/"):
            artifact = {"uri": f"file://{quote(path)}"}
        else:
            artifact = {"uri": quote(str(PurePosixPath(path))), "uriBaseId": "%SRCROOT%"}
        region: Object = {"startLine": place.line, "startColumn": max(place.column, 1)}
        if place.end_line >= place.line:
            region["endLine"] = place.end_line
            if place.end_column and (place.end_line, place.end_column) > (place.line, place.column):
                region["endColumn"] = place.end_column
        return {"physicalLocation": {"artifactLocation": artifact, "region": region}}
