from __future__ import annotations

from collections.abc import Iterator

from guardrails import Block, Check, Example, Finding, Fix, Kind, Network, Severity, related


class RouteToNothing(Check[Network]):
    """A route leads to something that is gone.

    ## Why is this bad?
    When a NAT gateway, a peering connection or an interface is deleted, the routes to it stay, in the state
    `blackhole`. They still win over less specific routes and drop everything: connections time out, and the route
    table looks complete.
    """

    id = "route-to-nothing"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Point the route to what took its place, or delete it."
    references = (
        "https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html",
        "https://docs.aws.amazon.com/vpc/latest/userguide/WorkWithRouteTables.html",
    )
    examples = (
        Example(
            bad="""
            {"type": "aws_vpc", "name": "vpc-0a1b2c3d4e5f60718",
             "values": {"id": "vpc-0a1b2c3d4e5f60718", "cidr_block": "10.0.0.0/16"}}
            {"type": "aws_flow_log", "name": "fl-0a1b2c3d4e5f60718",
             "values": {"id": "fl-0a1b2c3d4e5f60718", "vpc_id": "vpc-0a1b2c3d4e5f60718", "traffic_type": "ALL"}}
            {"type": "aws_subnet", "name": "subnet-0a1b2c3d4e5f60718",
             "values": {"id": "subnet-0a1b2c3d4e5f60718", "vpc_id": "vpc-0a1b2c3d4e5f60718",
                        "cidr_block": "10.0.1.0/24"}}
            {"type": "aws_route_table_association", "name": "rtbassoc-0a1b2c3d4e5f60718",
             "values": {"id": "rtbassoc-0a1b2c3d4e5f60718", "subnet_id": "subnet-0a1b2c3d4e5f60718",
                        "route_table_id": "rtb-0a1b2c3d4e5f60718"}}
            {"type": "aws_route_table", "name": "rtb-0a1b2c3d4e5f60718", # finding
             "values": {"id": "rtb-0a1b2c3d4e5f60718", "vpc_id": "vpc-0a1b2c3d4e5f60718",
                        "route": [{"cidr_block": "0.0.0.0/0", "nat_gateway_id": "nat-0a1b2c3d4e5f60718",
                                   "state": "blackhole", "origin": "CreateRoute"}]}}
            """,
            fixed="""
            {"type": "aws_vpc", "name": "vpc-0a1b2c3d4e5f60718",
             "values": {"id": "vpc-0a1b2c3d4e5f60718", "cidr_block": "10.0.0.0/16"}}
            {"type": "aws_flow_log", "name": "fl-0a1b2c3d4e5f60718",
             "values": {"id": "fl-0a1b2c3d4e5f60718", "vpc_id": "vpc-0a1b2c3d4e5f60718", "traffic_type": "ALL"}}
            {"type": "aws_subnet", "name": "subnet-0a1b2c3d4e5f60718",
             "values": {"id": "subnet-0a1b2c3d4e5f60718", "vpc_id": "vpc-0a1b2c3d4e5f60718",
                        "cidr_block": "10.0.1.0/24"}}
            {"type": "aws_route_table_association", "name": "rtbassoc-0a1b2c3d4e5f60718",
             "values": {"id": "rtbassoc-0a1b2c3d4e5f60718", "subnet_id": "subnet-0a1b2c3d4e5f60718",
                        "route_table_id": "rtb-0a1b2c3d4e5f60718"}}
            {"type": "aws_route_table", "name": "rtb-0a1b2c3d4e5f60718",
             "values": {"id": "rtb-0a1b2c3d4e5f60718", "vpc_id": "vpc-0a1b2c3d4e5f60718",
                        "route": [{"cidr_block": "0.0.0.0/0", "transit_gateway_id": "tgw-0a1b2c3d4e5f60718",
                                   "state": "active", "origin": "CreateRoute"}]}}
            """,
        ),
    )

    def check(self, subject: Network, /) -> Iterator[Finding]:
        picture = subject.picture
        for table in picture.tables.values():
            users = [place for place in picture.subnets.values() if place.table == table.key]
            gone = [route for route in table.routes if route.state == "blackhole" and route.block is not None]
            if not users or not gone or gone[0].block is None:
                continue
            names = ", ".join(sorted({route.target for route in gone}))
            subnets = ", ".join(place.key for place in users[:3])
            yield self.finding(
                gone[0].block,
                f"its target {names} is gone (blackhole): what {subnets} sends there is dropped",
                related=related(
                    *((place.resource.place() if place.resource else None, "a subnet with it") for place in users)
                ),
                fix=Fix("Delete the route", cli=_command(table.key, gone[0].block)),
            )


def _command(table: str, route: Block) -> str:
    family = "ipv6-" if route.raw("ipv6_cidr_block") else ""
    cidr = route.raw("ipv6_cidr_block" if family else "cidr_block")
    return f"aws ec2 delete-route --route-table-id {table.partition('.')[2]} --destination-{family}cidr-block {cidr}"
