"""How to mend a finding of a live account: the command, and the Terraform that would keep it so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from guardrails.finding import Edit, Finding
from guardrails.model import LiveLocation, Model, Symbolic, reveal

_PLACEHOLDER = re.compile(r"\b(?:NAME|ID|KEY_ID)\b")
"""What a check writes in a command where it does not know how AWS calls the thing."""


def manual_steps(finding: Finding, model: Model) -> Iterator[str]:
    """Lines of a script and of Terraform for a finding that has a fix, with a heading each."""
    fix = finding.fix
    if fix is None:
        return
    place = finding.origin.location
    where = f" --region {place.region}" if isinstance(place, LiveLocation) and place.region else ""
    if fix.cli:
        resource = model.at(finding.resource)
        command = _PLACEHOLDER.sub(lambda _: resource.name, fix.cli) if resource else fix.cli
        yield "command:"
        yield f"  {command}{'' if '--region' in command else where}"
    by_address: dict[str, list[Edit]] = {}
    for edit in fix.edits:
        by_address.setdefault(edit.address, []).append(edit)
    for address, edits in by_address.items():
        yield "Terraform that would manage it:"
        yield from (f"  {line}" for line in _managed(address, edits, model))
    if not fix.edits and fix.terraform:
        yield "Terraform:"
        yield from (f"  {line}" for line in fix.terraform.splitlines())


def _managed(address: str, edits: list[Edit], model: Model) -> Iterator[str]:
    resource = model.at(address)
    if resource is None:
        return
    name = re.sub(r"\W+", "_", resource.name).strip("_") or "main"
    name = name if not name[0].isdigit() else f"_{name}"
    value = reveal(resource.raw("id"))
    known = isinstance(value, str) and not isinstance(value, Symbolic)
    yield "import {"
    yield f"  to = {resource.type}.{name}"
    yield f'  id = "{str(value) if known else resource.name}"'
    yield "}"
    yield ""
    yield f'resource "{resource.type}" "{name}" {{'
    yield "  # the other arguments as `terraform plan -generate-config-out` writes them"
    for edit in edits:
        steps = [step for step in edit.path if isinstance(step, str)]
        for depth, step in enumerate(steps[:-1], 1):
            yield f"{'  ' * depth}{step} {{"
        if edit.expression is not None:
            yield f"{'  ' * len(steps)}{steps[-1]} = {edit.expression}"
        for depth in range(len(steps) - 1, 0, -1):
            yield f"{'  ' * depth}}}"
    yield "}"
