from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, days_since, is_live, monthly_cost


class DeadVpn(Waste):
    """Both tunnels of a VPN have been down for two weeks.

    ## Why is this bad?
    A VPN connection is billed by the hour, whether its tunnels are up or not. Either the other side is gone, or an
    outage has not been seen.
    """

    id = "dead-vpn"
    severity = Severity.MEDIUM
    hint = "Repair the tunnels, or delete the connection."
    hazard = "It may be the way in for a disaster; a new one has other addresses and keys."
    types = ("aws_vpn_connection",)
    references = ("https://docs.aws.amazon.com/vpn/latest/s2svpn/monitoring-cloudwatch-vpn.html",)
    days: int = 14
    examples = (
        Example(
            bad="""
            {"type": "aws_vpn_connection", "name": "vpn-0a1b2c3d4e5f60718", # finding
             "values": {"id": "vpn-0a1b2c3d4e5f60718", "vgw_telemetry": [{"outside_ip_address": "203.0.113.1",
             "status": "DOWN", "last_status_change": "2025-06-01T00:00:00Z"}, {"outside_ip_address": "203.0.113.2",
             "status": "DOWN", "last_status_change": "2025-06-01T00:00:00Z"}]}}
            """,
            fixed="""
            {"type": "aws_vpn_connection", "name": "vpn-0a1b2c3d4e5f60718",
             "values": {"id": "vpn-0a1b2c3d4e5f60718", "vgw_telemetry": [{"outside_ip_address": "203.0.113.1",
             "status": "DOWN", "last_status_change": "2025-06-01T00:00:00Z"}, {"outside_ip_address": "203.0.113.2",
             "status": "UP", "last_status_change": "2025-06-01T00:00:00Z"}]}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject):
            return
        tunnels = list(subject.blocks("vgw_telemetry"))
        if not tunnels:
            return
        for tunnel in tunnels:
            since = days_since(tunnel, "last_status_change")
            if tunnel.text("status") != "DOWN" or since is None or since < self.days:
                return
        yield self.waste(
            subject,
            f"none of its {len(tunnels)} tunnels has been up for {self.days} days",
            monthly_cost("vpn-connection", subject),
        )
