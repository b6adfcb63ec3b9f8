from __future__ import annotations

from collections.abc import Iterator

from guardrails import AddressSet, Check, Example, Finding, Kind, Network, Severity, related

LARGEST = 16
"""Prefix length of the largest block that a VPC may have (VPC user guide, "VPC CIDR blocks")."""

NETWORK = """
            resource "aws_vpc" "main" {
              cidr_block = "10.0.0.0/16"
            }

            resource "aws_vpc" "shared" {
              cidr_block = "10.1.0.0/16"
            }

            resource "aws_flow_log" "flows" {
              for_each             = { main = aws_vpc.main.id, shared = aws_vpc.shared.id }
              vpc_id               = each.value
              traffic_type         = "ALL"
              log_destination      = "arn:aws:s3:::example-flow-logs"
              log_destination_type = "s3"
            }

            resource "aws_vpc_peering_connection" "shared" {
              vpc_id      = aws_vpc.main.id
              peer_vpc_id = aws_vpc.shared.id
              auto_accept = true
            }

            resource "aws_route" "back" {
              route_table_id            = aws_vpc.shared.main_route_table_id
              destination_cidr_block    = aws_vpc.main.cidr_block
              vpc_peering_connection_id = aws_vpc_peering_connection.shared.id
            }
"""


class PeeringRouteTooWide(Check[Network]):
    """A route sends more to a peering connection than the other VPC has.

    ## Why is this bad?
    A peering connection delivers to the addresses of the other VPC alone, so the rest of the route serves nobody
    today. It does harm tomorrow: every block that is added to the other VPC, or that its owner takes over, is
    reachable at once, and traffic for networks that were meant to be reached otherwise ends there.

    Of a VPC that is not in view it is known that no block of it is larger than a /16.
    """

    id = "peering-route-too-wide"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Route the blocks of the other VPC alone, or only the subnets that are needed."
    same_as = ("CKV2_AWS_44",)
    references = (
        "https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-routing.html",
        "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html",
    )
    examples = (
        Example(
            bad=f"""
            {NETWORK}
            resource "aws_route" "shared" {{
              route_table_id            = aws_vpc.main.main_route_table_id
              destination_cidr_block    = "10.0.0.0/8" # finding
              vpc_peering_connection_id = aws_vpc_peering_connection.shared.id
            }}
            """,
            fixed=f"""
            {NETWORK}
            resource "aws_route" "shared" {{
              route_table_id            = aws_vpc.main.main_route_table_id
              destination_cidr_block    = aws_vpc.shared.cidr_block
              vpc_peering_connection_id = aws_vpc_peering_connection.shared.id
            }}
            """,
        ),
        Example(
            title="A VPC that is not in view",
            bad="""
            resource "aws_route_table" "private" {
              vpc_id = "vpc-0a1b2c3d4e5f60718"

              route {
                cidr_block                = "0.0.0.0/0" # finding
                vpc_peering_connection_id = "pcx-0a1b2c3d4e5f60718"
              }
            }
            """,
            fixed="""
            resource "aws_route_table" "private" {
              vpc_id = "vpc-0a1b2c3d4e5f60718"

              route {
                cidr_block                = "10.1.0.0/16"
                vpc_peering_connection_id = "pcx-0a1b2c3d4e5f60718"
              }
            }
            """,
        ),
    )

    def check(self, network: Network, /) -> Iterator[Finding]:
        picture = network.picture
        for table in picture.tables.values():
            for route in table.routes:
                if route.kind != "peering" or route.block is None or route.doubt or not route.cidrs:
                    continue
                wanted = route.destinations
                peering = picture.peerings.get(route.target)
                ends = [picture.vpcs.get(v) for v in (peering.requester, peering.accepter)] if peering else [None]
                known = [vpc for vpc in ends if vpc is not None]
                if len(known) == len(ends) and not any(vpc.doubt for vpc in known):
                    extra = wanted - AddressSet.union_of(vpc.cidrs for vpc in known)
                    fact = f"{extra.describe()} of it is in neither of the two VPCs"
                else:
                    extra = wanted if any(f == 4 and prefix < LARGEST for f, _, prefix in route.cidrs) else AddressSet()
                    fact = "no VPC has a block of this size"
                if extra:
                    name = "ipv6_cidr_block" if route.cidrs[0][0] == 6 else "cidr_block"
                    yield self.finding(
                        route.block,
                        f"{wanted.describe()} is sent to the other VPC: {fact}",
                        path=name if route.block.path else f"destination_{name}",
                        severity=Severity.MEDIUM if wanted.wide else None,
                        related=related(
                            (
                                peering.resource.place() if peering and peering.resource else None,
                                "the peering connection",
                            )
                        ),
                    )
