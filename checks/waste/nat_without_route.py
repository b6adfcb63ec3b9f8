from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Fix, Resource, Severity, Waste, is_live, is_used, monthly_cost, older

ROUTES = ("aws_route", "aws_route_table", "aws_default_route_table")


class NatWithoutRoute(Waste):
    """No route leads to a NAT gateway.

    ## Why is this bad?
    A NAT gateway is billed by the hour from the moment it exists. Without a route nothing can send through it. No
    metric is needed to tell: it is often what a change of route tables or a deleted subnet left behind.
    """

    id = "nat-without-route"
    severity = Severity.MEDIUM
    hint = "Delete the NAT gateway and release its address, or route the private subnets to it."
    hazard = "A route that somebody adds by hand in an emergency then leads nowhere."
    removable = True
    types = ("aws_nat_gateway",)
    references = ("https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-working-with.html",)
    days: int = 14
    examples = (
        Example(
            bad="""
            {"type": "aws_nat_gateway", "name": "nat-0a1b2c3d4e5f60718", # finding
             "values": {"id": "nat-0a1b2c3d4e5f60718", "state": "available", "vpc_id": "vpc-0a1b2c3d4e5f60718",
                        "subnet_id": "subnet-0a1b2c3d4e5f60718", "create_time": "2025-06-01T00:00:00Z"}}
            {"complete": ["aws_route_table", "aws_default_route_table", "aws_route"]}
            """,
            fixed="""
            {"type": "aws_nat_gateway", "name": "nat-0a1b2c3d4e5f60718",
             "values": {"id": "nat-0a1b2c3d4e5f60718", "state": "available", "vpc_id": "vpc-0a1b2c3d4e5f60718",
                        "subnet_id": "subnet-0a1b2c3d4e5f60718", "create_time": "2025-06-01T00:00:00Z"}}
            {"type": "aws_route_table", "name": "rtb-0a1b2c3d4e5f60718",
             "values": {"id": "rtb-0a1b2c3d4e5f60718",
                        "route": [{"cidr_block": "0.0.0.0/0", "nat_gateway_id": "nat-0a1b2c3d4e5f60718"}]}}
            """,
            title="Of an account",
        ),
        Example(
            bad="""
            resource "aws_eip" "nat" {
              domain = "vpc"
            }

            resource "aws_nat_gateway" "main" { # finding
              subnet_id     = "subnet-0a1b2c3d4e5f60718"
              allocation_id = aws_eip.nat.id
            }
            """,
            fixed="""
            resource "aws_eip" "nat" {
              domain = "vpc"
            }

            resource "aws_nat_gateway" "main" {
              subnet_id     = "subnet-0a1b2c3d4e5f60718"
              allocation_id = aws_eip.nat.id
            }

            resource "aws_route" "out" {
              route_table_id         = "rtb-0a1b2c3d4e5f60718"
              destination_cidr_block = "0.0.0.0/0"
              nat_gateway_id         = aws_nat_gateway.main.id
            }
            """,
            title="Of a configuration",
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        live = is_live(subject)
        if live and (subject.text("state") != "available" or not older(subject, "create_time", self.days)):
            return
        if is_used(subject, *ROUTES):
            return
        yield self.waste(
            subject,
            "no route leads to it",
            monthly_cost("nat-gateway", subject),
            fix=Fix("Delete it", cli=f"aws ec2 delete-nat-gateway --nat-gateway-id {subject.name}") if live else None,
        )
