from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_used, monthly_cost


class ResolverEndpointWithoutRules(Waste):
    """An outbound resolver endpoint forwards nothing.

    ## Why is this bad?
    Each address of a resolver endpoint is billed by the hour. Without a rule no query is sent through it.
    """

    id = "resolver-endpoint-without-rules"
    severity = Severity.MEDIUM
    hint = "Add the forwarding rules that it is for, or delete the endpoint."
    hazard = "Rules that other accounts share may name it."
    types = ("aws_route53_resolver_endpoint",)
    references = (
        "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-forwarding-outbound-queries.html",
    )
    examples = (
        Example(
            bad="""
            resource "aws_route53_resolver_endpoint" "out" { # finding
              direction          = "OUTBOUND"
              security_group_ids = ["sg-0a1b2c3d4e5f60718"]

              ip_address {
                subnet_id = "subnet-0a1b2c3d4e5f60718"
              }

              ip_address {
                subnet_id = "subnet-0b1b2c3d4e5f60718"
              }
            }
            """,
            fixed="""
            resource "aws_route53_resolver_endpoint" "out" {
              direction          = "OUTBOUND"
              security_group_ids = ["sg-0a1b2c3d4e5f60718"]

              ip_address {
                subnet_id = "subnet-0a1b2c3d4e5f60718"
              }

              ip_address {
                subnet_id = "subnet-0b1b2c3d4e5f60718"
              }
            }

            resource "aws_route53_resolver_rule" "office" {
              domain_name          = "office.example.com"
              rule_type            = "FORWARD"
              resolver_endpoint_id = aws_route53_resolver_endpoint.out.id

              target_ip {
                ip = "10.1.0.2"
              }
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.text("direction") != "OUTBOUND" or is_used(subject, "aws_route53_resolver_rule"):
            return
        addresses = len(list(subject.blocks("ip_address")))
        yield self.waste(
            subject, "no rule forwards through it", monthly_cost("resolver-endpoint-address", subject, addresses)
        )
