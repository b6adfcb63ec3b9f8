from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, SecurityGroup, Severity


class DefaultSecurityGroupOpen(Check[SecurityGroup]):
    """A VPC's default security group allows traffic.

    ## Why is this bad?
    Whatever is launched without a group of its own gets this one, by oversight and without anybody seeing it. With no
    rules, such a thing can talk to nobody, and somebody notices.
    """

    id = "default-security-group-open"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Manage it as `aws_default_security_group` without rules, and give every resource a group of its own."
    same_as = ("CKV2_AWS_12", "AWS-0173")
    references = ("https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html",)
    compliance = ("CIS-AWS-3.0:5.4", "AWS-FSBP:EC2.2")
    examples = (
        Example(
            bad="""
            resource "aws_default_security_group" "default" {
              vpc_id = "vpc-0a1b2c3d4e5f60718"

              ingress { # finding
                protocol  = "-1"
                from_port = 0
                to_port   = 0
                self      = true
              }
            }
            """,
            fixed="""
            resource "aws_default_security_group" "default" {
              vpc_id = "vpc-0a1b2c3d4e5f60718"
            }
            """,
        ),
    )

    def check(self, subject: SecurityGroup, /) -> Iterator[Finding]:
        resource = subject.resource
        is_default = resource.type == "aws_default_security_group" or (
            resource.type == "aws_security_group" and resource.text("name", default="") == "default"
        )
        if not is_default:
            return
        for rule in subject.ingress:
            yield self.finding(rule.block, f"it lets in {rule.ports.describe()}")
        for rule in subject.egress:
            yield self.finding(rule.block, f"it lets out {rule.ports.describe()}")
