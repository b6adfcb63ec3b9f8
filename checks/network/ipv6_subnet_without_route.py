from __future__ import annotations

from collections.abc import Iterator

from guardrails import AddressSet, Check, Example, Finding, Fix, Kind, Network, Resource, Severity, Unknown, related

FOUR, SIX = AddressSet.of("0.0.0.0/0"), AddressSet.of("2000::/3")
ROUTE = """resource "aws_route" "ipv6" {{
  route_table_id              = {table}.id
  destination_ipv6_cidr_block = "::/0"
  egress_only_gateway_id      = {gateway}.id
}}"""


class Ipv6SubnetWithoutRoute(Check[Resource]):
    """A subnet gives IPv6 addresses, but its IPv6 leads nowhere.

    ## Why is this bad?
    A machine with an IPv6 address asks for IPv6 first. Where the route table has a default route for IPv4 and none for
    `::/0`, each first try hangs or fails before IPv4 gets its turn: installs and calls are slow for seconds at a time,
    and programs that do not try twice fail with `Network is unreachable`.
    """

    id = "ipv6-subnet-without-route"
    kind = Kind.PRODUCTIVITY
    severity = Severity.MEDIUM
    hint = "Add a `::/0` route to an egress-only or internet gateway, or stop giving out IPv6 addresses."
    types = ("aws_subnet", "aws_default_subnet")
    references = (
        "https://docs.aws.amazon.com/vpc/latest/userguide/egress-only-internet-gateway.html",
        "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-migrate-ipv6.html",
    )
    examples = (
        Example(
            bad="""
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

            resource "aws_subnet" "app" {
              vpc_id                          = aws_vpc.main.id
              cidr_block                      = "10.0.1.0/24"
              ipv6_cidr_block                 = cidrsubnet(aws_vpc.main.ipv6_cidr_block, 8, 1)
              assign_ipv6_address_on_creation = true # finding
              availability_zone               = "eu-west-1a"
            }

            resource "aws_route_table" "app" {
              vpc_id = aws_vpc.main.id

              route {
                cidr_block     = "0.0.0.0/0"
                gateway_id     = aws_internet_gateway.main.id
              }
            }

            resource "aws_route_table_association" "app" {
              subnet_id      = aws_subnet.app.id
              route_table_id = aws_route_table.app.id
            }
            """,
            fixed="""
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

            resource "aws_subnet" "app" {
              vpc_id                          = aws_vpc.main.id
              cidr_block                      = "10.0.1.0/24"
              ipv6_cidr_block                 = cidrsubnet(aws_vpc.main.ipv6_cidr_block, 8, 1)
              assign_ipv6_address_on_creation = true
              availability_zone               = "eu-west-1a"
            }

            resource "aws_route_table" "app" {
              vpc_id = aws_vpc.main.id

              route {
                cidr_block     = "0.0.0.0/0"
                gateway_id     = aws_internet_gateway.main.id
              }

              route {
                ipv6_cidr_block        = "::/0"
                egress_only_gateway_id = aws_egress_only_internet_gateway.main.id
              }
            }

            resource "aws_route_table_association" "app" {
              subnet_id      = aws_subnet.app.id
              route_table_id = aws_route_table.app.id
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        picture = Network.of(subject.model).picture
        place = picture.subnets.get(subject.address)
        if place is None or not place.cidrs.family(6) or not subject.flag("assign_ipv6_address_on_creation"):
            return
        table = picture.tables.get(place.table)
        if table is None or place.table_doubt:
            raise Unknown(f"{subject.address}: {place.table_doubt or 'its route table is not in view'}")
        for doubt in (table.doubt, *(route.doubt for route in table.routes)):
            if doubt:
                raise Unknown(f"{subject.address}: {doubt}")
        four = [route for _, found in table.lookup(4, FOUR) for route in found if route.kind != "local"]
        six = [route for _, found in table.lookup(6, SIX) for route in found if route.kind != "local"]
        if six or not four:
            return
        gateways = sorted(picture.vpcs[place.vpc].egress_only_gateways)
        gateway = gateways[0] if gateways else "aws_egress_only_internet_gateway.main"
        yield self.finding(
            subject,
            f"it gives IPv6 addresses, and {table.key} has a default route for IPv4 alone: IPv6 is "
            "`Network is unreachable`",
            path="assign_ipv6_address_on_creation",
            related=related((table.resource.place() if table.resource else None, "the route table")),
            fix=Fix("Lead IPv6 out", terraform=ROUTE.format(table=table.key, gateway=gateway)),
        )
