from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Network, Severity, related

NETWORK = """
            resource "aws_vpc" "shared" {
              cidr_block = "10.1.0.0/16"
            }

            resource "aws_flow_log" "shared" {
              vpc_id               = aws_vpc.shared.id
              traffic_type         = "ALL"
              log_destination      = "arn:aws:s3:::example-flow-logs"
              log_destination_type = "s3"
            }

            resource "aws_subnet" "shared" {
              vpc_id            = aws_vpc.shared.id
              cidr_block        = "10.1.0.0/24"
              availability_zone = "eu-west-1a"
            }

            resource "aws_ec2_transit_gateway" "hub" {
              default_route_table_association = "disable"
              default_route_table_propagation = "disable"
            }

            resource "aws_ec2_transit_gateway_route_table" "spokes" {
              transit_gateway_id = aws_ec2_transit_gateway.hub.id
            }

            resource "aws_ec2_transit_gateway_vpc_attachment" "shared" {
              transit_gateway_id = aws_ec2_transit_gateway.hub.id
              vpc_id             = aws_vpc.shared.id
              subnet_ids         = [aws_subnet.shared.id]
            }

            output "attachment_id" {
              value = aws_ec2_transit_gateway_vpc_attachment.shared.id
            }
"""
ONWARD = {
    "internet",
    "egress-only",
    "nat",
    "peering",
    "transit",
    "vpn",
    "appliance-endpoint",
    "interface",
    "unsupported",
}


class TransitRouteTooWide(Check[Network]):
    """A transit gateway sends more into a VPC than the VPC has.

    ## Why is this bad?
    The VPC has no way on from the subnets of its attachment, so what is beyond its own blocks is lost there. Every
    network of the route that somebody adds to this VPC later is reachable for all others at once, and who controls
    the VPC can take traffic that was meant for another network.
    """

    id = "transit-route-too-wide"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Route the blocks of the VPC alone, or let the attachment propagate them."
    references = ("https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html",)
    examples = (
        Example(
            bad=f"""
            {NETWORK}
            resource "aws_ec2_transit_gateway_route" "shared" {{
              destination_cidr_block         = "10.0.0.0/8" # finding
              transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.spokes.id
              transit_gateway_attachment_id  = aws_ec2_transit_gateway_vpc_attachment.shared.id
            }}
            """,
            fixed=f"""
            {NETWORK}
            resource "aws_ec2_transit_gateway_route" "shared" {{
              destination_cidr_block         = "10.1.0.0/16"
              transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.spokes.id
              transit_gateway_attachment_id  = aws_ec2_transit_gateway_vpc_attachment.shared.id
            }}
            """,
        ),
    )

    def check(self, network: Network, /) -> Iterator[Finding]:
        picture = network.picture
        for table in picture.transit_tables.values():
            for route in table.routes:
                attachment = picture.attachments.get(route.target)
                if route.block is None or route.doubt or route.propagated or route.state != "active":
                    continue
                if attachment is None or attachment.kind != "vpc":
                    continue
                vpc = picture.vpcs.get(attachment.vpc)
                doors = [picture.subnets.get(key) for key in attachment.subnets]
                if vpc is None or vpc.doubt or not doors or any(door is None or door.table_doubt for door in doors):
                    continue
                tables = [picture.tables.get(door.table) for door in doors if door is not None]
                routes = [each for found in tables if found is not None for each in found.routes]
                if len(routes) < len(tables) or any(each.kind in ONWARD for each in routes):
                    continue  # from there it goes on
                extra = route.destinations - vpc.cidrs
                if extra:
                    yield self.finding(
                        route.block,
                        f"{route.destinations.describe()} is sent into {vpc.key}, which has {vpc.cidrs.describe()}"
                        " and no way on",
                        path="destination_cidr_block",
                        severity=Severity.MEDIUM if route.destinations.wide else None,
                        related=related((vpc.resource.place() if vpc.resource else None, "the VPC")),
                    )
