"""The rules of checkov as checks: severities are ours, from `checkov_rules.json`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from functools import cache

from guardrails.check import Check
from guardrails.finding import Finding, Kind, Severity
from guardrails.model import Model

UNRATED = Severity.MEDIUM
"""Of a rule that our table does not know."""


class CheckovRule(Check[Model]):
    """A rule of checkov, as far as this program needs to know it: it is asked by checkov, in a process of its own."""

    kind = Kind.SECURITY

    def __init__(self, name: str, title: str, severity: Severity) -> None:
        # These are class attributes of a check that is a file; there is no class for each rule of another tool.
        vars(self).update(id=name, severity=severity, hint=hint_of(title), _title=title)

    @property
    def title(self) -> str:
        """See `Check.title`."""
        return str(vars(self)["_title"])

    @property
    def page(self) -> str:
        """See `Check.page`."""
        return f"checkov says this, its rule {self.id}. The severity is guardrails' own."

    def check(self, subject: Model, /) -> Iterator[Finding]:
        """Nothing: the findings come from checkov's answer."""
        return iter(())


def hint_of(title: str) -> str:
    """What to do: checkov's titles say what to ensure."""
    text = title.strip().rstrip(".")
    if text.split(" ", 1)[0] not in {"Ensure", "Verify", "Disallow", "Avoid", "Reduce", "Make", "Check"}:
        text = f"See to it: {text}"
    return f"{text}."


def fact_of(title: str) -> str:
    """What is, of a rule that does not hold."""
    text = title.strip().rstrip(".")
    for prefix in ("Ensure that ", "Ensure to ", "Ensure "):
        if text.startswith(prefix):
            return f"not ensured: {text.removeprefix(prefix)}"
    return f"fails: {text}"


@cache
def table() -> Mapping[str, CheckovRule]:
    """The rules that checkov has for Terraform and AWS, by id."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "checkov_rules.json")
    with open(path, encoding="utf-8") as file:
        rows: dict[str, tuple[str, str]] = json.load(file)
    return {name: CheckovRule(name, title, Severity(severity)) for name, (severity, title) in rows.items()}


def rule(name: str, title: str) -> CheckovRule:
    """The rule with an id; one that the table does not know has a severity in the middle."""
    return table().get(name) or CheckovRule(name, title, UNRATED)
