from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, PortSet, SecurityGroup, Severity

TCP = PortSet.of("tcp")


class UnrestrictedEgress(Check[SecurityGroup]):
    """A security group lets its members connect to every port of the whole internet.

    ## Why is this bad?
    Who gets into a member can send everything out on whatever port he likes, and fetch his tools from anywhere. A
    group that lets out HTTPS and what else the service really needs makes that harder, and makes what is left in the
    flow logs worth reading.

    This is a remark and no alarm: most groups are like this on purpose, for updates come from everywhere. Close
    egress only where it is known what the members need.
    """

    id = "unrestricted-egress"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Let out 443 and the ports of what the members use, to security groups and prefix lists where they exist."
    same_as = ("CKV_AWS_382", "AWS-0104")
    counter_checks = ("security-group-without-egress",)
    references = ("https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",)
    examples = (
        Example(
            bad="""
            resource "aws_security_group" "web" {
              name = "web"

              egress {
                from_port   = 0
                to_port     = 0
                protocol    = "-1"
                cidr_blocks = ["0.0.0.0/0"] # finding
              }
            }
            """,
            fixed="""
            resource "aws_security_group" "web" {
              name = "web"

              egress {
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["0.0.0.0/0"]
              }
            }
            """,
        ),
    )

    def check(self, subject: SecurityGroup, /) -> Iterator[Finding]:
        for rule, traffic in subject.open_to_destinations(TCP):
            if traffic.ports() >= TCP:
                yield self.finding(
                    rule.block,
                    f"its members may connect to every port of {traffic.addresses().describe()}",
                    path=rule.path(traffic.addresses()),
                )
