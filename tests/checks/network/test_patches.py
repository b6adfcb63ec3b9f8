"""The Terraform that a finding suggests is what repairs it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from guardrails import Shortfall
from tests.checks.network.design import CATALOG, terraform

WORKLOADS = [check for check in CATALOG.checks.values() if check.subject is Shortfall]
ADDED = (
    "egress-misses-target", "ipv6-subnet-without-route", "job-group-without-self-rule",
    "network-acl-drops-answers", "network-acl-drops-some-answers", "endpoint-closed-to-clients",
    "balancer-closed-to-own-services", "targets-unreachable", "security-group-without-egress",
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


@pytest.mark.parametrize(
    ("check", "edits"),
    [
        ("private-name-conflict", [("aws_vpc_endpoint.more_logs", "private_dns_enabled", "false")]),
        (
            "group-reference-not-kept",
            [("aws_ec2_transit_gateway.main", "security_group_referencing_support", '"enable"')],
        ),
        ("overlapping-peering", [("aws_vpc.data", "cidr_block", '"10.1.0.0/16"')]),
        ("overlapping-transit-networks", [("aws_vpc.data", "cidr_block", '"10.1.0.0/16"')]),
        (
            "certificate-waits-in-private-zone",
            [("aws_route53_record.validation[*]", "zone_id", "data.aws_route53_zone.public.zone_id")],
        ),
        ("client-address-refused", [("aws_lb_target_group.app", "preserve_client_ip", "false")]),
        ("endpoint-without-private-name", [("aws_vpc_endpoint.secrets", "private_dns_enabled", "true")]),
        (
            "inspection-without-appliance-mode",
            [("aws_ec2_transit_gateway_vpc_attachment.inspection", "appliance_mode_support", '"enable"')],
        ),
    ],
)
def test_the_edit_is_where_it_belongs(tmp_path: Path, check: str, edits: list[tuple[str, str, str]]) -> None:
    """Where one attribute decides, the fix is an edit of that attribute."""
    found = terraform(tmp_path, textwrap.dedent(CATALOG.checks[check].examples[0].bad), check)
    (finding,) = found.findings
    assert finding.fix is not None
    assert [(edit.address, ".".join(map(str, edit.path)), edit.expression) for edit in finding.fix.edits] == edits
