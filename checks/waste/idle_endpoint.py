from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Metric, Resource, Severity, Waste, is_live, is_quiet, monthly_cost, older


class IdleEndpoint(Waste):
    """An interface endpoint has carried nothing for a month.

    ## Why is this bad?
    An interface endpoint is billed by the hour for each of its availability zones. Days without data count as unknown,
    not as idle.
    """

    id = "idle-endpoint"
    severity = Severity.LOW
    hint = "Delete the endpoint if nothing in the VPC uses the service."
    hazard = (
        "With private DNS, the service's name then leads to its public address again: without a way out, it "
        "cannot be reached."
    )
    types = ("aws_vpc_endpoint",)
    references = ("https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-cloudwatch-metrics.html",)
    days: int = 30
    examples = (
        Example(
            bad="""
            {"type": "aws_vpc_endpoint", "name": "vpce-0a1b2c3d4e5f60718", # finding
             "values": {"vpc_id": "vpc-0a1b2c3d4e5f60718", "vpc_endpoint_type": "Interface", "service_name":
             "com.amazonaws.eu-west-1.sns", "state": "available", "subnet_ids": ["subnet-0a1b2c3d4e5f60718"],
             "create_time": "2025-06-01T00:00:00Z"}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/PrivateLinkEndpoints/BytesProcessed",
             "values": {"namespace": "AWS/PrivateLinkEndpoints", "metric_name": "BytesProcessed", "window_days": 90,
             "dimensions": {"VPC Id": "vpc-0a1b2c3d4e5f60718", "VPC Endpoint Id": "vpce-0a1b2c3d4e5f60718",
             "Endpoint Type": "Interface", "Service Name": "com.amazonaws.eu-west-1.sns"}, "daily": [0, 0, 0, 0, 0, 0,
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}}
            """,
            fixed="""
            {"type": "aws_vpc_endpoint", "name": "vpce-0a1b2c3d4e5f60718",
             "values": {"vpc_id": "vpc-0a1b2c3d4e5f60718", "vpc_endpoint_type": "Interface", "service_name":
             "com.amazonaws.eu-west-1.sns", "state": "available", "subnet_ids": ["subnet-0a1b2c3d4e5f60718"],
             "create_time": "2025-06-01T00:00:00Z"}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/PrivateLinkEndpoints/BytesProcessed",
             "values": {"namespace": "AWS/PrivateLinkEndpoints", "metric_name": "BytesProcessed", "window_days": 90,
             "dimensions": {"VPC Id": "vpc-0a1b2c3d4e5f60718", "VPC Endpoint Id": "vpce-0a1b2c3d4e5f60718",
             "Endpoint Type": "Interface", "Service Name": "com.amazonaws.eu-west-1.sns"}, "daily": [0, 0, 0, 0, 0, 0,
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject) or subject.text("vpc_endpoint_type") not in ("Interface", "GatewayLoadBalancer"):
            return
        if subject.text("state") != "available" or not older(subject, "create_time", self.days):
            return
        carried = Metric(
            "AWS/PrivateLinkEndpoints",
            "BytesProcessed",
            {
                "VPC Id": subject.text("vpc_id"),
                "VPC Endpoint Id": subject.name,
                "Endpoint Type": subject.text("vpc_endpoint_type"),
                "Service Name": subject.text("service_name"),
            },
        )
        if is_quiet(subject, carried, days=self.days):
            zones = len(list(subject.items("subnet_ids")))
            yield self.waste(
                subject,
                f"the endpoint for {subject.text('service_name')} has carried nothing for {self.days} days",
                monthly_cost("interface-endpoint", subject, zones),
            )
