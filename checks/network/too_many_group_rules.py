from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, SecurityGroup, Severity

# Per direction and address family; a rule for a group or prefix list counts for both.
QUOTA = 60


class TooManyGroupRules(Check[SecurityGroup]):
    """A security group has more rules than AWS takes.

    ## Why is this bad?
    Each CIDR block, group and entry of a prefix list counts as a rule of its own, and a group takes 60 in each
    direction and address family unless the quota was raised. The apply adds rules until
    `RulesPerSecurityGroupLimitExceeded`, and leaves the group half open.
    """

    id = "too-many-group-rules"
    kind = Kind.PRODUCTIVITY
    severity = Severity.MEDIUM
    hint = "Join neighbouring blocks, or split the group; the quota can be raised at the cost of groups per interface."
    references = (
        "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html",
        "https://github.com/terraform-aws-modules/terraform-aws-alb/issues/400",
    )
    examples = (
        Example(
            bad="""
            resource "aws_security_group" "partners" {
              name   = "partners"
              vpc_id = "vpc-0a1b2c3d4e5f60718"

              ingress { # finding
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = [for i in range(61) : "203.0.113.${i * 2}/32"]
              }
            }
            """,
            fixed="""
            resource "aws_security_group" "partners" {
              name   = "partners"
              vpc_id = "vpc-0a1b2c3d4e5f60718"

              ingress {
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["203.0.113.0/25"]
              }
            }
            """,
        ),
    )

    def check(self, subject: SecurityGroup, /) -> Iterator[Finding]:
        for way in ("ingress", "egress"):
            rules = subject.known("egress" if way == "egress" else "ingress")
            four = six = 0
            for rule in rules:
                blocks = [text for _, text in rule.written]
                both = len(rule.groups) + (1 if rule.itself else 0)
                for each in rule.prefix_lists:
                    size = each.resource.raw("max_entries") if each.resource is not None else None
                    both += size if isinstance(size, int) else 1
                four += both + sum(":" not in block for block in blocks)
                six += both + sum(":" in block for block in blocks)
            most = max(four, six)
            if most > QUOTA:
                yield self.finding(
                    rules[0].block,
                    f"it has {most} {way} rules, AWS takes {QUOTA} unless the quota is raised: "
                    "`RulesPerSecurityGroupLimitExceeded`",
                )
