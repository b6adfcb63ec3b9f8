from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_live, is_used


class UnusedVpnGateway(Waste):
    """A gateway of a VPN has no VPN.

    ## Why is this bad?
    A virtual private gateway that is attached to no VPC, and a customer gateway that no connection names, cost nothing,
    and count against the few that a region has.
    """

    id = "unused-vpn-gateway"
    severity = Severity.INFO
    hint = "Delete the gateway."
    hazard = "A virtual private gateway may be associated with Direct Connect."
    removable = True
    types = ("aws_vpn_gateway", "aws_customer_gateway")
    references = ("https://docs.aws.amazon.com/vpn/latest/s2svpn/delete-vpn.html",)
    examples = (
        Example(
            bad="""
            {"complete": ["aws_vpn_connection"]}
            {"type": "aws_customer_gateway", "name": "cgw-0a1b2c3d4e5f60718", # finding
             "values": {"id": "cgw-0a1b2c3d4e5f60718", "ip_address": "203.0.113.1"}}
            """,
            fixed="""
            {"complete": ["aws_vpn_connection"]}
            {"type": "aws_customer_gateway", "name": "cgw-0a1b2c3d4e5f60718",
             "values": {"id": "cgw-0a1b2c3d4e5f60718", "ip_address": "203.0.113.1"}}
            {"type": "aws_vpn_connection", "name": "vpn-0a1b2c3d4e5f60718",
             "values": {"customer_gateway_id": "cgw-0a1b2c3d4e5f60718", "vgw_telemetry": []}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if is_used(subject, "aws_vpn_connection"):
            return
        if subject.type == "aws_vpn_gateway":
            attached = subject.text("vpc_id") if is_live(subject) else subject.is_set("vpc_id")
            if attached or is_used(subject, "aws_vpn_gateway_attachment", "aws_dx_gateway_association"):
                return
        yield self.waste(subject, "no VPN connection uses it")
