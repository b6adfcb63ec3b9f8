from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Network, Resource, Severity, Unknown, environment, related

PATCH = """resource "aws_eip" "second" {{
  domain = "vpc"
}}

resource "aws_nat_gateway" "second" {{
  allocation_id = aws_eip.second.id
  subnet_id     = aws_subnet.public_b.id # a public one of {zone}
}}

# in the route table of {subnet}
route {{
  cidr_block     = "0.0.0.0/0"
  nat_gateway_id = aws_nat_gateway.second.id
}}"""
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


class OneNatForManyZones(Check[Resource]):
    """Several availability zones share the NAT gateway of one.

    ## Why is this bad?
    A NAT gateway stands in one zone. If that zone fails, the subnets of the others lose the internet, too, although
    they are there so that work goes on; and every gigabyte that crosses the zones on its way is charged. For a place
    to try things out, one NAT gateway is a sound choice: then suppress this.
    """

    id = "one-nat-for-many-zones"
    kind = Kind.PRODUCTIVITY
    severity = Severity.LOW
    hint = "Give each zone its own NAT gateway and route table, or use a regional one."
    types = ("aws_nat_gateway",)
    references = (
        "https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html",
        "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html",
    )
    examples = (
        Example(
            bad=f"""
{NETWORK}

            resource "aws_subnet" "public" {{
              vpc_id            = aws_vpc.main.id
              cidr_block        = "10.0.0.0/24"
              availability_zone = "eu-west-1a"
            }}

            resource "aws_route_table_association" "public" {{
              subnet_id      = aws_subnet.public.id
              route_table_id = aws_route_table.public.id
            }}

            resource "aws_eip" "main" {{
              domain = "vpc"
            }}

            resource "aws_nat_gateway" "main" {{ # finding
              allocation_id = aws_eip.main.id
              subnet_id     = aws_subnet.public.id
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

            resource "aws_subnet" "a" {{
              vpc_id            = aws_vpc.main.id
              cidr_block        = "10.0.1.0/24"
              availability_zone = "eu-west-1a"
            }}

            resource "aws_subnet" "b" {{
              vpc_id            = aws_vpc.main.id
              cidr_block        = "10.0.2.0/24"
              availability_zone = "eu-west-1b"
            }}

            resource "aws_route_table_association" "a" {{
              subnet_id      = aws_subnet.a.id
              route_table_id = aws_route_table.private.id
            }}

            resource "aws_route_table_association" "b" {{
              subnet_id      = aws_subnet.b.id
              route_table_id = aws_route_table.private.id
            }}
            """,
            fixed=f"""
{NETWORK}

            resource "aws_subnet" "public" {{
              vpc_id            = aws_vpc.main.id
              cidr_block        = "10.0.0.0/24"
              availability_zone = "eu-west-1a"
            }}

            resource "aws_subnet" "public_b" {{
              vpc_id            = aws_vpc.main.id
              cidr_block        = "10.0.3.0/24"
              availability_zone = "eu-west-1b"
            }}

            resource "aws_route_table_association" "public" {{
              subnet_id      = aws_subnet.public.id
              route_table_id = aws_route_table.public.id
            }}

            resource "aws_route_table_association" "public_b" {{
              subnet_id      = aws_subnet.public_b.id
              route_table_id = aws_route_table.public.id
            }}

            resource "aws_eip" "main" {{
              domain = "vpc"
            }}

            resource "aws_nat_gateway" "main" {{
              allocation_id = aws_eip.main.id
              subnet_id     = aws_subnet.public.id
            }}

            resource "aws_eip" "b" {{
              domain = "vpc"
            }}

            resource "aws_nat_gateway" "b" {{
              allocation_id = aws_eip.b.id
              subnet_id     = aws_subnet.public_b.id
            }}

            resource "aws_route_table" "private" {{
              vpc_id = aws_vpc.main.id

              route {{
                cidr_block     = "0.0.0.0/0"
                nat_gateway_id = aws_nat_gateway.main.id
              }}
            }}

            resource "aws_route_table" "private_b" {{
              vpc_id = aws_vpc.main.id

              route {{
                cidr_block     = "0.0.0.0/0"
                nat_gateway_id = aws_nat_gateway.b.id
              }}
            }}

            resource "aws_vpc_endpoint" "s3" {{
              vpc_id          = aws_vpc.main.id
              service_name    = "com.amazonaws.eu-west-1.s3"
              route_table_ids = [aws_route_table.private.id, aws_route_table.private_b.id]
            }}

            resource "aws_subnet" "a" {{
              vpc_id            = aws_vpc.main.id
              cidr_block        = "10.0.1.0/24"
              availability_zone = "eu-west-1a"
            }}

            resource "aws_subnet" "b" {{
              vpc_id            = aws_vpc.main.id
              cidr_block        = "10.0.2.0/24"
              availability_zone = "eu-west-1b"
            }}

            resource "aws_route_table_association" "a" {{
              subnet_id      = aws_subnet.a.id
              route_table_id = aws_route_table.private.id
            }}

            resource "aws_route_table_association" "b" {{
              subnet_id      = aws_subnet.b.id
              route_table_id = aws_route_table.private_b.id
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        picture = Network.of(subject.model).picture
        nat = picture.nats.get(subject.address)
        if nat is None or nat.regional:
            return
        served = [
            place
            for place in picture.subnets.values()
            if not place.table_doubt and place.table in picture.tables
            if any(r.kind == "nat" and r.target == nat.key and not r.doubt for r in picture.tables[place.table].routes)
        ]
        tables = [picture.tables[place.table].resource for place in served]
        if any(table is not None and table.conditional for table in tables):
            raise Unknown(f"{subject.address}: which subnets it serves is not known")
        home = picture.subnets[picture.interfaces[nat.interface].subnet].zone
        others = [place for place in served if place.zone and place.zone != home]
        if environment(subject).temporary:
            return
        if home and others:
            zones = ", ".join(sorted({place.zone for place in others}))
            yield self.finding(
                subject,
                f"it is in {home} and serves {zones}, too: if {home} fails, they lose the internet",
                related=related(
                    *((p.resource.place() if p.resource else None, "a subnet of another zone") for p in others)
                ),
                fix=Fix("Give each zone its own", terraform=PATCH.format(zone=others[0].zone, subnet=others[0].key)),
            )
        elif len(served) > 1 and not (home and all(place.zone for place in served)):
            raise Unknown(f"{subject.address}: the zones of the subnets that it serves are not all known")
