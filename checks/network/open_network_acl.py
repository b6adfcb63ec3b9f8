from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, NetworkAcl, PortSet, Severity

ADMIN = PortSet.tcp(20, 21, 22, 3389)
ALL_PORTS = PortSet.of("tcp") | PortSet.of("udp")


class OpenNetworkAcl(Check[NetworkAcl]):
    """A network ACL that somebody wrote lets the internet reach administration ports.

    ## Why is this bad?
    A network ACL with rules of its own is meant as a second line behind the security groups. One that lets the
    internet through to SSH and RDP is a line that stops nothing.

    Rules are taken in their order: an allow behind a deny of the same addresses lets nothing in and is not reported.
    The default ACL as AWS makes it is not reported, either: it is not meant to filter.
    """

    id = "open-network-acl"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Deny 22 and 3389 from the internet before the rule that allows the rest."
    same_as = ("CKV_AWS_229", "CKV_AWS_230", "CKV_AWS_231", "CKV_AWS_232", "CKV_AWS_352", "AWS-0105", "AWS-0102")
    counter_checks = ("network-acl-drops-answers", "network-acl-drops-some-answers")
    references = ("https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html",)
    compliance = ("CIS-AWS-3.0:5.1", "AWS-FSBP:EC2.21")
    examples = (
        Example(
            bad="""
            resource "aws_network_acl" "private" {
              vpc_id     = "vpc-0a1b2c3d4e5f60718"
              subnet_ids = ["subnet-0a1b2c3d4e5f60718"]

              ingress { # finding
                rule_no    = 100
                action     = "allow"
                protocol   = "tcp"
                from_port  = 0
                to_port    = 65535
                cidr_block = "0.0.0.0/0"
              }
            }
            """,
            fixed="""
            resource "aws_network_acl" "private" {
              vpc_id     = "vpc-0a1b2c3d4e5f60718"
              subnet_ids = ["subnet-0a1b2c3d4e5f60718"]

              ingress {
                rule_no    = 90
                action     = "deny"
                protocol   = "tcp"
                from_port  = 20
                to_port    = 22
                cidr_block = "0.0.0.0/0"
              }

              ingress {
                rule_no    = 91
                action     = "deny"
                protocol   = "tcp"
                from_port  = 3389
                to_port    = 3389
                cidr_block = "0.0.0.0/0"
              }

              ingress {
                rule_no    = 100
                action     = "allow"
                protocol   = "tcp"
                from_port  = 0
                to_port    = 65535
                cidr_block = "0.0.0.0/0"
              }

              egress {
                rule_no    = 100
                action     = "allow"
                protocol   = "tcp"
                from_port  = 1024
                to_port    = 65535
                cidr_block = "0.0.0.0/0"
              }
            }
            """,
        ),
    )

    def check(self, subject: NetworkAcl, /) -> Iterator[Finding]:
        if subject.resource.type == "aws_default_network_acl" and _as_made(subject):
            return
        for entry, traffic in subject.open_to_internet(ADMIN):
            yield self.finding(
                entry.block,
                f"{traffic.addresses().describe()} gets through to {traffic.ports().describe()}",
            )


def _as_made(acl: NetworkAcl) -> bool:
    """Whether a default ACL lets everything in and out, as AWS makes it."""
    rules = [*acl.known("ingress"), *acl.known("egress")]
    return bool(rules) and all(entry.allow and entry.least.ports() >= ALL_PORTS for entry in rules)
