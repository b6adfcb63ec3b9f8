from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_live, is_used, monthly_cost


class FirewallWithoutRoute(Waste):
    """No route leads to a network firewall.

    ## Why is this bad?
    Each endpoint of a firewall is billed by the hour. Without a route all traffic goes past it: it costs as much as
    before and protects nothing.
    """

    id = "firewall-without-route"
    severity = Severity.HIGH
    hint = "Route the traffic through the firewall's endpoints, or delete the firewall."
    hazard = "None for traffic: none goes through it."
    types = ("aws_networkfirewall_firewall",)
    references = ("https://docs.aws.amazon.com/network-firewall/latest/developerguide/route-tables.html",)
    examples = (
        Example(
            bad="""
            resource "aws_networkfirewall_firewall" "main" { # finding
              name                = "main"
              firewall_policy_arn = "arn:aws:network-firewall:eu-west-1:111122223333:firewall-policy/main"
              vpc_id              = "vpc-0a1b2c3d4e5f60718"

              subnet_mapping {
                subnet_id = "subnet-0a1b2c3d4e5f60718"
              }
            }
            """,
            fixed="""
            resource "aws_networkfirewall_firewall" "main" {
              name                = "main"
              firewall_policy_arn = "arn:aws:network-firewall:eu-west-1:111122223333:firewall-policy/main"
              vpc_id              = "vpc-0a1b2c3d4e5f60718"

              subnet_mapping {
                subnet_id = "subnet-0a1b2c3d4e5f60718"
              }
            }

            resource "aws_route" "out" {
              route_table_id         = "rtb-0a1b2c3d4e5f60718"
              destination_cidr_block = "0.0.0.0/0"
              vpc_endpoint_id        = local.endpoint
            }

            locals {
              states   = one(aws_networkfirewall_firewall.main.firewall_status).sync_states
              endpoint = one(local.states).attachment[0].endpoint_id
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        endpoints = set()
        if is_live(subject):
            for status in subject.blocks("firewall_status"):
                for state in status.blocks("sync_states"):
                    endpoints |= {each.text("endpoint_id") for each in state.blocks("attachment")}
            for table in subject.model.resources("aws_route_table", "aws_default_route_table"):
                if any(route.text("vpc_endpoint_id") in endpoints for route in table.blocks("route")):
                    return
        elif is_used(subject, "aws_route", "aws_route_table", "aws_default_route_table"):
            return
        count = len(list(subject.blocks("subnet_mapping")))
        yield self.waste(subject, "no route leads to it", monthly_cost("network-firewall-endpoint", subject, count))
