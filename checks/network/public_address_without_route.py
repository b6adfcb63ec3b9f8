from __future__ import annotations

from collections.abc import Iterator

from guardrails import AddressSet, Check, Example, Finding, Fix, Kind, Network, Resource, Severity, Unknown, related

EVERYWHERE = AddressSet.of("0.0.0.0/0")
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

            resource "aws_subnet" "public" {
              vpc_id            = aws_vpc.main.id
              cidr_block        = "10.0.0.0/24"
              availability_zone = "eu-west-1a"
            }

            resource "aws_route_table_association" "public" {
              subnet_id      = aws_subnet.public.id
              route_table_id = aws_route_table.public.id
            }

            resource "aws_eip" "main" {
              domain = "vpc"
            }

            resource "aws_nat_gateway" "main" {
              allocation_id = aws_eip.main.id
              subnet_id     = aws_subnet.public.id
            }

            resource "aws_route_table" "private" {
              vpc_id = aws_vpc.main.id

              route {
                cidr_block     = "0.0.0.0/0"
                nat_gateway_id = aws_nat_gateway.main.id
              }
            }

            resource "aws_vpc_endpoint" "s3" {
              vpc_id          = aws_vpc.main.id
              service_name    = "com.amazonaws.eu-west-1.s3"
              route_table_ids = [aws_route_table.private.id]
            }

            resource "aws_subnet" "a" {
              vpc_id            = aws_vpc.main.id
              cidr_block        = "10.0.1.0/24"
              availability_zone = "eu-west-1a"
            }

            resource "aws_route_table_association" "a" {
              subnet_id      = aws_subnet.a.id
              route_table_id = aws_route_table.private.id
            }
"""


class PublicAddressWithoutRoute(Check[Resource]):
    """A public address stands in a subnet that no internet gateway serves.

    ## Why is this bad?
    What comes in by the internet gateway must go out by it. In a private subnet the answers go to the NAT gateway or
    nowhere, so an internet-facing load balancer or an instance with an Elastic IP times out for everybody
    (`ERR_CONNECTION_TIMED_OUT`), although its name resolves, its targets are healthy and its security group is open.
    """

    id = "public-address-without-route"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Put it into subnets whose default route leads to the internet gateway, or make it internal."
    types = ("aws_lb", "aws_alb", "aws_instance", "aws_network_interface")
    references = (
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html",
        "https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html",
    )
    examples = (
        Example(
            bad=f"""
{NETWORK}

            resource "aws_security_group" "vpn" {{
              name   = "vpn"
              vpc_id = aws_vpc.main.id

              ingress {{
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["203.0.113.0/24"]
              }}

              egress {{
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["0.0.0.0/0"]
              }}
            }}

            resource "aws_instance" "vpn" {{
              ami                    = "ami-0a1b2c3d4e5f60718"
              instance_type          = "t3.small"
              subnet_id              = aws_subnet.a.id # finding
              vpc_security_group_ids = [aws_security_group.vpn.id]

              metadata_options {{
                http_tokens = "required"
              }}
            }}

            resource "aws_eip" "vpn" {{
              domain   = "vpc"
              instance = aws_instance.vpn.id
            }}
            """,
            fixed=f"""
{NETWORK}

            resource "aws_security_group" "vpn" {{
              name   = "vpn"
              vpc_id = aws_vpc.main.id

              ingress {{
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["203.0.113.0/24"]
              }}

              egress {{
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["0.0.0.0/0"]
              }}
            }}

            resource "aws_instance" "vpn" {{
              ami                    = "ami-0a1b2c3d4e5f60718"
              instance_type          = "t3.small"
              subnet_id              = aws_subnet.public.id
              vpc_security_group_ids = [aws_security_group.vpn.id]

              metadata_options {{
                http_tokens = "required"
              }}
            }}

            resource "aws_eip" "vpn" {{
              domain   = "vpc"
              instance = aws_instance.vpn.id
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        network = Network.of(subject.model)
        picture = network.picture
        balancer = subject.address in picture.balancers
        doubt = ""
        for interface in network.interfaces(subject):
            elastic = interface.public_reason.startswith(("aws_eip", "module."))
            if interface.public != "yes" or interface.resource is not subject or not (balancer or elastic):
                continue
            place = picture.subnets[interface.subnet]
            table = picture.tables.get(place.table)
            vpc = picture.vpcs[place.vpc]
            if table is None or place.table_doubt or table.doubt or vpc.resource is None or vpc.resource.mode == "data":
                doubt = place.table_doubt or f"what leads out of {place.key}"
                continue
            routes = [route for _, found in table.lookup(4, EVERYWHERE) for route in found]
            if any(route.kind in ("internet", "appliance-endpoint", "interface") or route.doubt for route in routes):
                continue
            target = next((r.target for r in routes if r.kind in ("nat", "transit", "vpn", "peering")), "")
            way = f"to {target}" if target else "nowhere"
            yield self.finding(
                subject,
                f"it has a public address in {place.key}, whose default route leads {way}: connections from the "
                "internet time out",
                path=_path(subject),
                related=related(
                    (place.resource.place() if place.resource else None, "its subnet"),
                    (table.resource.place() if table.resource else None, "the route table of its subnet"),
                ),
                details=[f"internet → {place.key}; answers: {place.key} → {place.table} → {target or 'nowhere'}"],
                fix=Fix("Keep it private", terraform="internal = true") if balancer else None,
            )
            return
        if doubt:
            raise Unknown(f"{subject.address}: {doubt}")


def _path(resource: Resource) -> str:
    names = ("subnets", "subnet_mapping", "subnet_id")
    return next((name for name in names if resource.raw(name)), "")
