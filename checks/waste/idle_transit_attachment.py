from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_live, monthly_cost, related

TABLES = ("aws_route_table", "aws_default_route_table")
VPCS = ("aws_vpc", "aws_default_vpc")


class IdleTransitAttachment(Waste):
    """No route of a VPC leads to the transit gateway that it is attached to.

    ## Why is this bad?
    An attachment is billed by the hour. Without a route in the VPC nothing can be sent through it, and nothing that
    arrives can be answered.
    """

    id = "idle-transit-attachment"
    severity = Severity.MEDIUM
    hint = "Route to the transit gateway from the subnets that need it, or delete the attachment."
    hazard = "Appliances that only receive mirrored traffic need no route back."
    types = ("aws_ec2_transit_gateway_vpc_attachment",)
    references = ("https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html",)
    examples = (
        Example(
            bad="""
            {"complete": ["aws_default_route_table", "aws_route"]}
            {"type": "aws_ec2_transit_gateway_vpc_attachment", "name": "tgw-attach-0a1b2c3d4e5f60718", # finding
             "values": {"id": "tgw-attach-0a1b2c3d4e5f60718", "transit_gateway_id": "tgw-0a1b2c3d4e5f60718", "vpc_id":
             "vpc-0a1b2c3d4e5f60718", "subnet_ids": ["subnet-0a1b2c3d4e5f60718"]}}
            {"type": "aws_vpc", "name": "vpc-0a1b2c3d4e5f60718",
             "values": {"id": "vpc-0a1b2c3d4e5f60718", "cidr_block": "10.0.0.0/16", "enable_dns_support": true,
             "enable_dns_hostnames": true}}
            {"type": "aws_route_table", "name": "rtb-0a1b2c3d4e5f60718",
             "values": {"id": "rtb-0a1b2c3d4e5f60718", "vpc_id": "vpc-0a1b2c3d4e5f60718", "route": []}}
            {"type": "aws_route_table_association", "name": "a1",
             "values": {"route_table_id": "rtb-0a1b2c3d4e5f60718", "subnet_id": "subnet-0a1b2c3d4e5f60718"}}
            """,
            fixed="""
            {"complete": ["aws_default_route_table", "aws_route"]}
            {"type": "aws_ec2_transit_gateway_vpc_attachment", "name": "tgw-attach-0a1b2c3d4e5f60718",
             "values": {"id": "tgw-attach-0a1b2c3d4e5f60718", "transit_gateway_id": "tgw-0a1b2c3d4e5f60718", "vpc_id":
             "vpc-0a1b2c3d4e5f60718", "subnet_ids": ["subnet-0a1b2c3d4e5f60718"]}}
            {"type": "aws_vpc", "name": "vpc-0a1b2c3d4e5f60718",
             "values": {"id": "vpc-0a1b2c3d4e5f60718", "cidr_block": "10.0.0.0/16", "enable_dns_support": true,
             "enable_dns_hostnames": true}}
            {"type": "aws_route_table", "name": "rtb-0a1b2c3d4e5f60718",
             "values": {"id": "rtb-0a1b2c3d4e5f60718", "vpc_id": "vpc-0a1b2c3d4e5f60718", "route": [{"cidr_block":
             "10.0.0.0/8", "transit_gateway_id": "tgw-0a1b2c3d4e5f60718"}]}}
            {"type": "aws_route_table_association", "name": "a1",
             "values": {"route_table_id": "rtb-0a1b2c3d4e5f60718", "subnet_id": "subnet-0a1b2c3d4e5f60718"}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        model = subject.model
        vpc = model.resolve(subject.raw("vpc_id"), *VPCS)
        if vpc is None:
            return  # its routes are not in view
        gateway = subject.get("transit_gateway_id")
        for table in model.resources(*TABLES):
            if model.resolve(table.raw("vpc_id"), *VPCS) is vpc and any(
                each.get("transit_gateway_id") == gateway for each in table.blocks("route")
            ):
                return
        for route in model.resources("aws_route"):
            if route.get("transit_gateway_id") == gateway:
                table_of = model.resolve(route.raw("route_table_id"), *TABLES)
                if table_of is None or model.resolve(table_of.raw("vpc_id"), *VPCS) is vpc:
                    return
        if not is_live(subject) and (model.exports(subject) or model.exports(vpc)):
            return  # whoever gets them may add the route
        yield self.waste(
            subject,
            "no route of its VPC leads to the transit gateway",
            monthly_cost("transit-gateway-attachment", subject),
            related=related((vpc.place(), "the VPC")),
        )
