from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from guardrails import Check, Example, Finding, Kind, NetworkAcl, Severity

# Per direction; the quota can be raised to 40 (VPC user guide, "Amazon VPC quotas").
QUOTA, MOST = 20, 40
WAYS: tuple[Literal["ingress", "egress"], ...] = ("ingress", "egress")


class TooManyAclRules(Check[NetworkAcl]):
    """A network ACL has more rules than AWS takes.

    ## Why is this bad?
    A network ACL takes 20 rules in each direction, 40 if the quota is raised, and never more. The apply adds rules
    until `NetworkAclEntryLimitExceeded`, and what the last ones should have let through is denied.
    """

    id = "too-many-acl-rules"
    kind = Kind.PRODUCTIVITY
    severity = Severity.MEDIUM
    hint = "Join neighbouring blocks, or leave the fine grain to security groups."
    references = ("https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html",)
    examples = (
        Example(
            bad="""
            resource "aws_network_acl" "app" {
              vpc_id = "vpc-0a1b2c3d4e5f60718"
            }

            resource "aws_network_acl_rule" "partners" { # finding
              count          = 21
              network_acl_id = aws_network_acl.app.id
              rule_number    = 100 + count.index
              rule_action    = "allow"
              protocol       = "tcp"
              from_port      = 443
              to_port        = 443
              cidr_block     = "203.0.113.${count.index * 4}/30"
            }
            """,
            fixed="""
            resource "aws_network_acl" "app" {
              vpc_id = "vpc-0a1b2c3d4e5f60718"
            }

            resource "aws_network_acl_rule" "partners" {
              count          = 8
              network_acl_id = aws_network_acl.app.id
              rule_number    = 100 + count.index
              rule_action    = "allow"
              protocol       = "tcp"
              from_port      = 443
              to_port        = 443
              cidr_block     = "203.0.113.${count.index * 4}/30"
            }
            """,
        ),
    )

    def check(self, subject: NetworkAcl, /) -> Iterator[Finding]:
        for direction in WAYS:
            entries = [entry for entry in subject.known(direction) if not entry.block.resource.conditional]
            if len(entries) > QUOTA:
                sure = len(entries) > MOST
                yield self.finding(
                    entries[QUOTA].block,
                    f"it is one of {len(entries)} {direction} rules of {subject.resource.address}, AWS takes "
                    f"{MOST if sure else f'{QUOTA} unless the quota is raised'}: `NetworkAclEntryLimitExceeded`",
                    severity=Severity.HIGH if sure else Severity.MEDIUM,
                )
