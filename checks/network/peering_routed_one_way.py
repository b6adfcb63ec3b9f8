from __future__ import annotations

from collections.abc import Iterator

from guardrails import Block, Check, Example, Finding, Fix, Kind, Network, Resource, Severity, Unknown, related

ROUTE = """resource "aws_route" "back" {{
  route_table_id            = {table}.id
  destination_cidr_block    = {vpc}.cidr_block
  vpc_peering_connection_id = {peering}.id
}}"""


class PeeringRoutedOneWay(Check[Resource]):
    """A peering connection has routes on one side only.

    ## Why is this bad?
    Packets find their way over the connection, and their answers do not find it back: every connection times out, from
    both sides. The connection is `active`, its routes are there, and one looks at security groups for hours.
    """

    id = "peering-routed-one-way"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Add a route to the other VPC's addresses on the side that has none."
    types = ("aws_vpc_peering_connection",)
    references = ("https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-routing.html",)
    examples = (
        Example(
            bad="""
            resource "aws_vpc" "app" {
              cidr_block = "10.0.0.0/16"
            }

            resource "aws_vpc" "data" {
              cidr_block = "10.1.0.0/16"
            }

            resource "aws_flow_log" "logs" {
              for_each             = { app = aws_vpc.app.id, data = aws_vpc.data.id }
              vpc_id               = each.value
              traffic_type         = "ALL"
              log_destination      = "arn:aws:s3:::example-flow-logs"
              log_destination_type = "s3"
            }

            resource "aws_subnet" "app" {
              vpc_id            = aws_vpc.app.id
              cidr_block        = "10.0.1.0/24"
              availability_zone = "eu-west-1a"
            }

            resource "aws_subnet" "data" {
              vpc_id            = aws_vpc.data.id
              cidr_block        = "10.1.2.0/24"
              availability_zone = "eu-west-1a"
            }

            resource "aws_vpc_peering_connection" "main" { # finding
              vpc_id      = aws_vpc.app.id
              peer_vpc_id = aws_vpc.data.id
              auto_accept = true
            }

            resource "aws_route_table" "app" {
              vpc_id = aws_vpc.app.id
            }

            resource "aws_route_table_association" "app" {
              subnet_id      = aws_subnet.app.id
              route_table_id = aws_route_table.app.id
            }

            resource "aws_route" "app" {
              route_table_id            = aws_route_table.app.id
              destination_cidr_block    = aws_vpc.data.cidr_block
              vpc_peering_connection_id = aws_vpc_peering_connection.main.id
            }

            resource "aws_route_table" "data" {
              vpc_id = aws_vpc.data.id
            }

            resource "aws_route_table_association" "data" {
              subnet_id      = aws_subnet.data.id
              route_table_id = aws_route_table.data.id
            }
            """,
            fixed="""
            resource "aws_vpc" "app" {
              cidr_block = "10.0.0.0/16"
            }

            resource "aws_vpc" "data" {
              cidr_block = "10.1.0.0/16"
            }

            resource "aws_flow_log" "logs" {
              for_each             = { app = aws_vpc.app.id, data = aws_vpc.data.id }
              vpc_id               = each.value
              traffic_type         = "ALL"
              log_destination      = "arn:aws:s3:::example-flow-logs"
              log_destination_type = "s3"
            }

            resource "aws_subnet" "app" {
              vpc_id            = aws_vpc.app.id
              cidr_block        = "10.0.1.0/24"
              availability_zone = "eu-west-1a"
            }

            resource "aws_subnet" "data" {
              vpc_id            = aws_vpc.data.id
              cidr_block        = "10.1.2.0/24"
              availability_zone = "eu-west-1a"
            }

            resource "aws_vpc_peering_connection" "main" {
              vpc_id      = aws_vpc.app.id
              peer_vpc_id = aws_vpc.data.id
              auto_accept = true
            }

            resource "aws_route_table" "app" {
              vpc_id = aws_vpc.app.id
            }

            resource "aws_route_table_association" "app" {
              subnet_id      = aws_subnet.app.id
              route_table_id = aws_route_table.app.id
            }

            resource "aws_route" "app" {
              route_table_id            = aws_route_table.app.id
              destination_cidr_block    = aws_vpc.data.cidr_block
              vpc_peering_connection_id = aws_vpc_peering_connection.main.id
            }

            resource "aws_route_table" "data" {
              vpc_id = aws_vpc.data.id
            }

            resource "aws_route_table_association" "data" {
              subnet_id      = aws_subnet.data.id
              route_table_id = aws_route_table.data.id
            }

            resource "aws_route" "data" {
              route_table_id            = aws_route_table.data.id
              destination_cidr_block    = aws_vpc.app.cidr_block
              vpc_peering_connection_id = aws_vpc_peering_connection.main.id
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        network = Network.of(subject.model)
        picture = network.picture
        peering = picture.peerings.get(subject.address)
        ends = (peering.requester, peering.accepter) if peering is not None else ("", "")
        here, there = picture.vpcs.get(ends[0]), picture.vpcs.get(ends[1])
        if peering is None or here is None or there is None or here is there:
            return
        if any(vpc.resource is None or vpc.resource.mode == "data" for vpc in (here, there)):
            return
        mine, theirs = (_routes(network, vpc.key, peering.key) for vpc in (here, there))
        if bool(mine) == bool(theirs):
            return
        lacking, other = (there, here) if mine else (here, there)
        tables = [t for t in picture.tables.values() if t.key in _tables(network, lacking.key)]
        for table in tables:
            for doubt in (table.doubt, *(route.doubt for route in table.routes)):
                if doubt:
                    raise Unknown(f"{subject.address}: {doubt}")
        for _ in subject.model.resources("aws_route", "aws_route_table"):
            pass  # raises where routes may be missing from view
        home = tables[0] if tables else None
        yield self.finding(
            subject,
            f"{other.key} has a route to {lacking.key} over it, {lacking.key} has none back: connections time out",
            related=related(
                *((route.place(), "the route of one side") for route in (mine or theirs)),
                (home.resource.place() if home and home.resource else None, "a table without a route back"),
            ),
            fix=Fix(
                "Add the way back",
                terraform=ROUTE.format(
                    table=home.key if home else "aws_route_table.main", vpc=other.key, peering=peering.key
                ),
            ),
        )


def _tables(network: Network, vpc: str) -> set[str]:
    return {place.table for place in network.picture.subnets.values() if place.vpc == vpc and place.table}


def _routes(network: Network, vpc: str, peering: str) -> list[Block]:
    """The routes of a VPC's subnets over a peering connection."""
    return [
        route.block
        for key in sorted(_tables(network, vpc))
        for route in network.picture.tables[key].routes
        if route.kind == "peering" and route.target == peering and route.block is not None
    ]
