from __future__ import annotations

import re
from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Network, Resource, Severity, Symbolic, related

PRIVATE = {"private", "priv", "internal", "isolated", "intra", "database", "databases", "db", "data", "backend"}
PUBLIC = {"public", "pub", "dmz", "edge", "ingress", "external"}

NETWORK = """
            resource "aws_vpc" "main" {
              cidr_block                       = "10.0.0.0/16"
              assign_generated_ipv6_cidr_block = true
            }

            resource "aws_flow_log" "main" {
              vpc_id               = aws_vpc.main.id
              traffic_type         = "ALL"
              log_destination      = "arn:aws:s3:::example-flow-logs"
              log_destination_type = "s3"
            }

            resource "aws_internet_gateway" "main" {
              vpc_id = aws_vpc.main.id
            }

            resource "aws_egress_only_internet_gateway" "main" {
              vpc_id = aws_vpc.main.id
            }

            resource "aws_subnet" "private" {
              vpc_id          = aws_vpc.main.id
              cidr_block      = "10.0.1.0/24"
              ipv6_cidr_block = cidrsubnet(aws_vpc.main.ipv6_cidr_block, 8, 1)
            }

            resource "aws_route_table_association" "private" {
              subnet_id      = aws_subnet.private.id
              route_table_id = aws_route_table.private.id
            }
"""


class PrivateSubnetOpenToInternet(Check[Network]):
    """A subnet that is called private has a route to an internet gateway.

    ## Why is this bad?
    Who puts a database into a subnet of this name counts on the internet not getting there. With the route, one
    public address is all that is missing; over IPv6, where every address is public, not even that: IPv6 of a private
    subnet goes out by an egress-only internet gateway.
    """

    id = "private-subnet-open-to-internet"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Route IPv4 by a NAT gateway and IPv6 by an egress-only internet gateway, or call the subnet public."
    references = (
        "https://docs.aws.amazon.com/vpc/latest/userguide/configure-subnets.html",
        "https://docs.aws.amazon.com/vpc/latest/userguide/egress-only-internet-gateway.html",
    )
    examples = (
        Example(
            bad=f"""
            {NETWORK}
            resource "aws_route_table" "private" {{
              vpc_id = aws_vpc.main.id

              route {{ # finding
                ipv6_cidr_block = "::/0"
                gateway_id      = aws_internet_gateway.main.id
              }}
            }}
            """,
            fixed=f"""
            {NETWORK}
            resource "aws_route_table" "private" {{
              vpc_id = aws_vpc.main.id

              route {{
                ipv6_cidr_block        = "::/0"
                egress_only_gateway_id = aws_egress_only_internet_gateway.main.id
              }}
            }}
            """,
        ),
    )

    def check(self, network: Network, /) -> Iterator[Finding]:
        told: set[tuple[str, tuple[int | str, ...]]] = set()
        for subnet in network.picture.subnets.values():
            resource = subnet.resource
            table = network.picture.tables.get(subnet.table)
            if resource is None or table is None or subnet.table_doubt or not called_private(resource):
                continue
            for route in table.routes:
                if route.kind != "internet" or route.block is None or route.doubt or route.state != "active":
                    continue
                wanted = route.destinations
                families = [f for f in wanted.families() if f in subnet.cidrs.families()]
                if not families or not wanted.wide:
                    continue
                place = (route.block.resource.address, route.block.path)
                if place in told:
                    continue
                told.add(place)
                yield self.finding(
                    route.block,
                    f"{subnet.key} is called private, and {wanted.describe()} is routed to an internet gateway",
                    related=related((resource.place(), "the subnet")),
                )


def called_private(subnet: Resource) -> bool:
    """Whether the names of a subnet say that it is private, and none says that it is public."""
    names = [subnet.name, subnet.key]
    tag = subnet.raw("tags", "Name")
    if isinstance(tag, str) and not isinstance(tag, Symbolic):
        names.append(str(tag))
    words = {word for name in names for word in re.split(r"[^a-z]+", name.lower())}
    return not words.isdisjoint(PRIVATE) and words.isdisjoint(PUBLIC)
