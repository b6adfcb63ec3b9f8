from __future__ import annotations

from collections.abc import Iterator

from guardrails import (
    Example,
    Finding,
    Metric,
    Resource,
    Severity,
    Waste,
    is_live,
    is_quiet,
    is_used,
    monthly_cost,
    older,
)


class IdleNat(Waste):
    """A NAT gateway has sent nothing for a month.

    ## Why is this bad?
    The route to it exists, but nothing behind it talks to the internet, or does so no longer. The hours are billed all
    the same. Days without data count as unknown, not as idle.
    """

    id = "idle-nat"
    severity = Severity.MEDIUM
    hint = "Delete the NAT gateway if nothing needs a way out any more."
    hazard = "A standby for disasters is idle until the day it is needed."
    types = ("aws_nat_gateway",)
    references = ("https://docs.aws.amazon.com/vpc/latest/userguide/metrics-dimensions-nat-gateway.html",)
    days: int = 30
    examples = (
        Example(
            bad="""
            {"complete": ["aws_route", "aws_default_route_table"]}
            {"type": "aws_nat_gateway", "name": "nat-0a1b2c3d4e5f60718", # finding
             "values": {"id": "nat-0a1b2c3d4e5f60718", "state": "available", "create_time": "2025-06-01T00:00:00Z"}}
            {"type": "aws_route_table", "name": "rtb-0a1b2c3d4e5f60718",
             "values": {"id": "rtb-0a1b2c3d4e5f60718", "route": [{"cidr_block": "0.0.0.0/0", "nat_gateway_id":
             "nat-0a1b2c3d4e5f60718"}]}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/NATGateway/BytesOutToDestination",
             "values": {"namespace": "AWS/NATGateway", "metric_name": "BytesOutToDestination", "window_days": 90,
             "dimensions": {"NatGatewayId": "nat-0a1b2c3d4e5f60718"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}}
            """,
            fixed="""
            {"complete": ["aws_route", "aws_default_route_table"]}
            {"type": "aws_nat_gateway", "name": "nat-0a1b2c3d4e5f60718",
             "values": {"id": "nat-0a1b2c3d4e5f60718", "state": "available", "create_time": "2025-06-01T00:00:00Z"}}
            {"type": "aws_route_table", "name": "rtb-0a1b2c3d4e5f60718",
             "values": {"id": "rtb-0a1b2c3d4e5f60718", "route": [{"cidr_block": "0.0.0.0/0", "nat_gateway_id":
             "nat-0a1b2c3d4e5f60718"}]}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/NATGateway/BytesOutToDestination",
             "values": {"namespace": "AWS/NATGateway", "metric_name": "BytesOutToDestination", "window_days": 90,
             "dimensions": {"NatGatewayId": "nat-0a1b2c3d4e5f60718"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject) or subject.text("state") != "available" or not older(subject, "create_time", self.days):
            return
        if not is_used(subject, "aws_route", "aws_route_table", "aws_default_route_table"):
            return  # that is another finding
        sent = Metric("AWS/NATGateway", "BytesOutToDestination", {"NatGatewayId": subject.name})
        if is_quiet(subject, sent, days=self.days):
            yield self.waste(subject, f"it has sent nothing for {self.days} days", monthly_cost("nat-gateway", subject))
