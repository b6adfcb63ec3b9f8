from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Metric, Resource, Severity, Waste, is_live, is_quiet, monthly_cost


class IdleClientVpn(Waste):
    """Nobody has connected to a client VPN for a month.

    ## Why is this bad?
    Each subnet that a client VPN endpoint is associated with is billed by the hour. Days without data count as unknown,
    not as idle.
    """

    id = "idle-client-vpn"
    severity = Severity.MEDIUM
    hint = "Disassociate the subnets, and delete the endpoint if nobody misses it."
    hazard = "People who work from elsewhere once a year lose their way in."
    types = ("aws_ec2_client_vpn_endpoint",)
    references = ("https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/monitoring-cloudwatch.html",)
    days: int = 30
    examples = (
        Example(
            bad="""
            {"type": "aws_ec2_client_vpn_endpoint", "name": "cvpn-endpoint-0a1b2c3d4e5f60718", # finding
             "values": {"id": "cvpn-endpoint-0a1b2c3d4e5f60718"}}
            {"type": "aws_ec2_client_vpn_network_association", "name": "a1",
             "values": {"client_vpn_endpoint_id": "cvpn-endpoint-0a1b2c3d4e5f60718", "subnet_id":
             "subnet-0a1b2c3d4e5f60718"}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/ClientVPN/ActiveConnectionsCount",
             "values": {"namespace": "AWS/ClientVPN", "metric_name": "ActiveConnectionsCount", "window_days": 90,
             "dimensions": {"Endpoint": "cvpn-endpoint-0a1b2c3d4e5f60718"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}}
            """,
            fixed="""
            {"type": "aws_ec2_client_vpn_endpoint", "name": "cvpn-endpoint-0a1b2c3d4e5f60718",
             "values": {"id": "cvpn-endpoint-0a1b2c3d4e5f60718"}}
            {"type": "aws_ec2_client_vpn_network_association", "name": "a1",
             "values": {"client_vpn_endpoint_id": "cvpn-endpoint-0a1b2c3d4e5f60718", "subnet_id":
             "subnet-0a1b2c3d4e5f60718"}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/ClientVPN/ActiveConnectionsCount",
             "values": {"namespace": "AWS/ClientVPN", "metric_name": "ActiveConnectionsCount", "window_days": 90,
             "dimensions": {"Endpoint": "cvpn-endpoint-0a1b2c3d4e5f60718"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject):
            return
        subnets = sum(
            each.text("client_vpn_endpoint_id") == subject.name
            for each in subject.model.resources("aws_ec2_client_vpn_network_association")
        )
        connections = Metric("AWS/ClientVPN", "ActiveConnectionsCount", {"Endpoint": subject.name})
        if subnets and is_quiet(subject, connections, days=self.days):
            yield self.waste(
                subject,
                f"nobody has connected for {self.days} days",
                monthly_cost("client-vpn-association", subject, subnets),
            )
