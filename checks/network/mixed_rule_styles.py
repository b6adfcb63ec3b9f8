from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, SecurityGroup, Severity, related

STANDALONE = {
    "aws_security_group_rule": "security_group_id",
    "aws_vpc_security_group_ingress_rule": "security_group_id",
    "aws_vpc_security_group_egress_rule": "security_group_id",
}


class MixedRuleStyles(Check[Resource]):
    """A security group has inline rules and rule resources of their own.

    ## Why is this bad?
    Inline `ingress` and `egress` blocks are the whole truth for Terraform: each apply removes the rules that the rule
    resources made, and the next one makes them again. Connections break with every second deploy, and nobody sees why.
    """

    id = "mixed-rule-styles"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Keep either inline blocks or `aws_vpc_security_group_*_rule` resources, not both for one group."
    types = ("aws_security_group", "aws_default_security_group")
    references = (
        "https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/security_group",
        "https://github.com/hashicorp/terraform/issues/5147",
    )
    examples = (
        Example(
            bad="""
            resource "aws_security_group" "web" {
              name = "web"

              ingress { # finding
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["10.0.0.0/8"]
              }
            }

            resource "aws_vpc_security_group_ingress_rule" "metrics" {
              security_group_id = aws_security_group.web.id
              from_port         = 9100
              to_port           = 9100
              ip_protocol       = "tcp"
              cidr_ipv4         = "10.0.0.0/8"
            }
            """,
            fixed="""
            resource "aws_security_group" "web" {
              name = "web"
            }

            resource "aws_vpc_security_group_ingress_rule" "web" {
              security_group_id = aws_security_group.web.id
              from_port         = 443
              to_port           = 443
              ip_protocol       = "tcp"
              cidr_ipv4         = "10.0.0.0/8"
            }

            resource "aws_vpc_security_group_ingress_rule" "metrics" {
              security_group_id = aws_security_group.web.id
              from_port         = 9100
              to_port           = 9100
              ip_protocol       = "tcp"
              cidr_ipv4         = "10.0.0.0/8"
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        model = subject.model
        if model.kind in {"account", "state"}:
            return  # there, every rule is shown inline: how it was written is not known
        # `ingress = []` is a declaration, too: that there are none.
        inline = [name for name in ("ingress", "egress") if subject.is_set(name)]
        if model.kind == "plan" and subject.action != "create":
            # A plan repeats inline what rule resources added before: only what is of nobody else was declared there.
            view = SecurityGroup.of(subject)
            own = (*view.known("ingress"), *view.known("egress"))
            inline = [name for name in inline if any(r.direction == name and r.block.resource is subject for r in own)]
        if not inline:
            return
        for type_, attribute in STANDALONE.items():
            for rule in model.all(type_):
                if model.resolve(rule.raw(attribute), *self.types) is not subject:
                    continue
                direction = rule.text("type") if type_ == "aws_security_group_rule" else type_.split("_")[-2]
                if direction in inline:
                    yield self.finding(
                        subject,
                        f"its inline `{direction}` rules remove what {rule.address} adds",
                        path=(direction, 0),
                        related=related((rule.place(), "the rule of its own")),
                    )
                    return
