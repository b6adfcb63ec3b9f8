"""The Terraform that a finding suggests is what repairs it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from guardrails import Shortfall
from tests.checks.network.design import CATALOG, terraform

WORKLOADS = [check for check in CATALOG.checks.values() if check.subject is Shortfall]
ADDED = (
    "egress-misses-target", "ipv6-subnet-without-route", "job-group-without-self-rule", "network-acl-drops-answers",
    "network-acl-drops-some-answers", "targets-unreachable", "security-group-without-egress",
)  # fmt: skip


@pytest.mark.parametrize("check", [each.id for each in WORKLOADS] + list(ADDED))
def test_the_patch_repairs(tmp_path: Path, check: str) -> None:
    """With what its fix adds, the bad example of a check sets it off no more, and rules are written in one way."""
    bad = textwrap.dedent(CATALOG.checks[check].examples[0].bad)
    found = terraform(tmp_path, bad, check)
    assert found.findings
    patches = {each.fix.terraform for each in found.findings if each.fix is not None}
    assert patches
    repaired = bad
    for number, patch in enumerate(sorted(patches)):
        target, _, block = patch.partition("\n")
        if target.startswith("# in "):  # a block of a resource that is there
            head = f'resource "{target.removeprefix("# in ").replace(".", chr(34) + " " + chr(34))}" {{'
            assert head in repaired
            repaired = repaired.replace(head, f"{head}\n{block}")
        else:
            repaired += patch.replace('_rule" "answers"', f'_rule" "answers{number}"') + "\n"
    after = terraform(tmp_path, repaired, check, "mixed-rule-styles")
    assert [each.message for each in after.findings] == []
    if check != "build-cut-off":  # its NAT gateway is for a person to place
        assert [each.message for each in after.problems] == []
