from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Network, PortSet, Resource, Severity, Unknown, related

HTTPS = PortSet.tcp(443)
NETWORK = """
            resource "aws_vpc" "main" {
              cidr_block = "10.0.0.0/16"
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

            resource "aws_route_table" "public" {
              vpc_id = aws_vpc.main.id

              route {
                cidr_block = "0.0.0.0/0"
                gateway_id = aws_internet_gateway.main.id
              }
            }
"""


class NatWithoutWayOut(Check[Resource]):
    """A NAT gateway sits where nothing leads to the internet.

    ## Why is this bad?
    A public NAT gateway sends on what it gets by the route table of its own subnet. In a private one, whose default
    route leads to the NAT gateway itself or nowhere, every connection of everything behind it hangs: instances do not
    get their packages, images are not pulled, and the NAT gateway is `available` all the while.
    """

    id = "nat-without-way-out"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Put the NAT gateway into a subnet whose default route leads to an internet gateway."
    types = ("aws_nat_gateway",)
    references = (
        "https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html",
        "https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html",
    )
    examples = (
        Example(
            bad=f"""
{NETWORK}

            resource "aws_subnet" "private" {{
              vpc_id            = aws_vpc.main.id
              cidr_block        = "10.0.1.0/24"
              availability_zone = "eu-west-1a"
            }}

            resource "aws_subnet" "public" {{
              vpc_id            = aws_vpc.main.id
              cidr_block        = "10.0.0.0/24"
              availability_zone = "eu-west-1a"
            }}

            resource "aws_route_table_association" "public" {{
              subnet_id      = aws_subnet.public.id
              route_table_id = aws_route_table.public.id
            }}

            resource "aws_route_table_association" "private" {{
              subnet_id      = aws_subnet.private.id
              route_table_id = aws_route_table.private.id
            }}

            resource "aws_route_table" "private" {{
              vpc_id = aws_vpc.main.id

              route {{
                cidr_block     = "0.0.0.0/0"
                nat_gateway_id = aws_nat_gateway.main.id
              }}
            }}

            resource "aws_vpc_endpoint" "s3" {{
              vpc_id          = aws_vpc.main.id
              service_name    = "com.amazonaws.eu-west-1.s3"
              route_table_ids = [aws_route_table.private.id]
            }}

            resource "aws_eip" "main" {{
              domain = "vpc"
            }}

            resource "aws_nat_gateway" "main" {{
              allocation_id = aws_eip.main.id
              subnet_id     = aws_subnet.private.id # finding
            }}
            """,
            fixed=f"""
{NETWORK}

            resource "aws_subnet" "private" {{
              vpc_id            = aws_vpc.main.id
              cidr_block        = "10.0.1.0/24"
              availability_zone = "eu-west-1a"
            }}

            resource "aws_subnet" "public" {{
              vpc_id            = aws_vpc.main.id
              cidr_block        = "10.0.0.0/24"
              availability_zone = "eu-west-1a"
            }}

            resource "aws_route_table_association" "public" {{
              subnet_id      = aws_subnet.public.id
              route_table_id = aws_route_table.public.id
            }}

            resource "aws_route_table_association" "private" {{
              subnet_id      = aws_subnet.private.id
              route_table_id = aws_route_table.private.id
            }}

            resource "aws_route_table" "private" {{
              vpc_id = aws_vpc.main.id

              route {{
                cidr_block     = "0.0.0.0/0"
                nat_gateway_id = aws_nat_gateway.main.id
              }}
            }}

            resource "aws_vpc_endpoint" "s3" {{
              vpc_id          = aws_vpc.main.id
              service_name    = "com.amazonaws.eu-west-1.s3"
              route_table_ids = [aws_route_table.private.id]
            }}

            resource "aws_eip" "main" {{
              domain = "vpc"
            }}

            resource "aws_nat_gateway" "main" {{
              allocation_id = aws_eip.main.id
              subnet_id     = aws_subnet.public.id
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        network = Network.of(subject.model)
        picture = network.picture
        nat = picture.nats.get(subject.address)
        if nat is None or not nat.public or nat.regional or nat.broken:
            return
        interface = picture.interfaces[nat.interface]
        answer = network.reach(interface, "internet", HTTPS)
        if answer.verdict != "blocked":
            if answer.verdict == "unknown":
                raise Unknown(f"{nat.key}: {'; '.join(answer.needs)}")
            return
        place = picture.subnets[interface.subnet]
        table = picture.tables.get(place.table)
        codes = ", ".join(dict.fromkeys(blocker.code for blocker in answer.blockers))
        yield self.finding(
            subject,
            f"nothing leads from {place.key} to the internet: connections of everything behind it hang",
            path="subnet_id",
            related=related(
                (place.resource.place() if place.resource else None, "its subnet"),
                (table.resource.place() if table and table.resource else None, "the route table of its subnet"),
            ),
            details=[f"{nat.key} → {place.key} → {place.table}: no way to an internet gateway ({codes})"],
            fix=Fix("Move it into a public subnet", terraform=f"subnet_id = {_public(network, place.vpc)}"),
        )


def _public(network: Network, vpc: str) -> str:
    """A subnet of a VPC whose route table leads to its internet gateway."""
    for place in network.picture.subnets.values():
        table = network.picture.tables.get(place.table)
        if place.vpc == vpc and table is not None and any(route.kind == "internet" for route in table.routes):
            return f"{place.key}.id"
    return "aws_subnet.public.id"
