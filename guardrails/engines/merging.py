"""What our own checks and an engine both say of a resource is said once, by ours."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from guardrails.engines import Claim
from guardrails.finding import Finding


class Merged(Struct):
    """The findings of one model, and what an engine adds to them."""

    findings: list[Finding]
    """Ours, with a detail where an engine says the same."""
    alone: list[Claim] = field(default_factory=list)
    """What the engine alone says."""
    doubles: list[Claim] = field(default_factory=list)
    """What ours say too."""


def merge(findings: Sequence[Finding], claims: Sequence[Claim]) -> Merged:
    """Part claims into those that one of the findings makes too (`same_as`, on the same resource) and the others."""
    by_rule: dict[tuple[str, str], list[int]] = {}
    for number, finding in enumerate(findings):
        for other in finding.same_as:
            by_rule.setdefault((other, _bare(finding.resource)), []).append(number)
    merged = Merged(list(findings))
    said: dict[int, list[str]] = {}
    for claim in claims:
        address = claim.address or claim.finding.resource
        same = [
            number
            for number in by_rule.get((claim.finding.check, _bare(address)), ())
            if _may_be_one(findings[number].resource, address)
        ]
        if same and claim.skipped is None:
            merged.doubles.append(claim)
            for number in same:
                said.setdefault(number, []).append(f"{claim.finding.engine} says so, too: {claim.finding.check}")
        else:
            merged.alone.append(claim)
    for number, lines in said.items():
        ours = merged.findings[number]
        merged.findings[number] = replace(ours, details=(*ours.details, *dict.fromkeys(lines)))
    return merged


def _bare(address: str) -> str:
    return re.sub(r'\[(?:"(?:[^"\\]|\\.)*"|[^\]"]*)\]', "", address)


def _may_be_one(ours: str, theirs: str) -> bool:
    """Whether two addresses with the same resource block mean the same instance: one may not tell instances apart."""
    return ours == theirs or "[" not in ours or "[" not in theirs
