from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Network, Resource, Severity, Unknown, related

NETWORK = """
            resource "aws_vpc" "app" {
              cidr_block = "10.0.0.0/16"
            }

            resource "aws_flow_log" "app" {
              vpc_id               = aws_vpc.app.id
              traffic_type         = "ALL"
              log_destination      = "arn:aws:s3:::example-flow-logs"
              log_destination_type = "s3"
            }

            resource "aws_subnet" "app" {
              vpc_id            = aws_vpc.app.id
              cidr_block        = "10.0.1.0/24"
              availability_zone = "eu-west-1a"
            }
"""


class TransitAttachmentMissesZone(Check[Resource]):
    """A transit gateway is routed to from a zone in which it has no attachment.

    ## Why is this bad?
    An attachment takes traffic only from zones in which it has a subnet. From the others, packets to the transit
    gateway are dropped without a trace: what works in one zone times out in the next, and a group that spreads over
    both fails in part.
    """

    id = "transit-attachment-misses-zone"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Add a subnet of every zone that routes to the transit gateway to the attachment."
    types = ("aws_ec2_transit_gateway_vpc_attachment",)
    references = (
        "https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html",
        "https://docs.aws.amazon.com/vpc/latest/reachability/explanation-codes.html",
    )
    examples = (
        Example(
            bad=f"""
{NETWORK}

            resource "aws_subnet" "b" {{
              vpc_id            = aws_vpc.app.id
              cidr_block        = "10.0.2.0/24"
              availability_zone = "eu-west-1b"
            }}

            resource "aws_ec2_transit_gateway" "main" {{
              description = "main"
            }}

            resource "aws_ec2_transit_gateway_vpc_attachment" "app" {{
              transit_gateway_id = aws_ec2_transit_gateway.main.id
              vpc_id             = aws_vpc.app.id
              subnet_ids         = [aws_subnet.app.id] # finding
            }}

            resource "aws_route_table" "app" {{
              vpc_id = aws_vpc.app.id

              route {{
                cidr_block         = "10.0.0.0/8"
                transit_gateway_id = aws_ec2_transit_gateway.main.id
              }}
            }}

            resource "aws_route_table_association" "app" {{
              for_each       = {{ a = aws_subnet.app.id, b = aws_subnet.b.id }}
              subnet_id      = each.value
              route_table_id = aws_route_table.app.id
            }}
            """,
            fixed=f"""
{NETWORK}

            resource "aws_subnet" "b" {{
              vpc_id            = aws_vpc.app.id
              cidr_block        = "10.0.2.0/24"
              availability_zone = "eu-west-1b"
            }}

            resource "aws_ec2_transit_gateway" "main" {{
              description = "main"
            }}

            resource "aws_ec2_transit_gateway_vpc_attachment" "app" {{
              transit_gateway_id = aws_ec2_transit_gateway.main.id
              vpc_id             = aws_vpc.app.id
              subnet_ids         = [aws_subnet.app.id, aws_subnet.b.id]
            }}

            resource "aws_route_table" "app" {{
              vpc_id = aws_vpc.app.id

              route {{
                cidr_block         = "10.0.0.0/8"
                transit_gateway_id = aws_ec2_transit_gateway.main.id
              }}
            }}

            resource "aws_route_table_association" "app" {{
              for_each       = {{ a = aws_subnet.app.id, b = aws_subnet.b.id }}
              subnet_id      = each.value
              route_table_id = aws_route_table.app.id
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        network = Network.of(subject.model)
        picture = network.picture
        attachment = picture.attachments.get(subject.address)
        if attachment is None:
            return
        zones = {picture.subnets[key].zone if key in picture.subnets else "" for key in attachment.subnets}
        routing = [
            place
            for place in picture.subnets.values()
            if place.vpc == attachment.vpc and _routed(network, place.table, attachment.gateway)
        ]
        cut_off = [place for place in routing if place.zone and place.zone not in zones]
        if not cut_off:
            return
        for _ in subject.texts("subnet_ids"):
            pass  # raises where it may have further subnets
        if "" in zones or not zones:
            raise Unknown(f"{attachment.key}: the zones of its subnets are not all known")
        yield self.finding(
            subject,
            f"it has no subnet in {', '.join(sorted({p.zone for p in cut_off}))}, but "
            f"{', '.join(p.key for p in cut_off)} routes to it: packets from there are dropped",
            path="subnet_ids",
            related=related(*((p.resource.place() if p.resource else None, "a subnet without a way") for p in cut_off)),
            details=[f"{p.key} → {p.table} → {attachment.gateway} (TGW_ROUTE_AZ_RESTRICTION)" for p in cut_off],
            fix=Fix("Attach every zone", terraform=_patch([*attachment.subnets, *(p.key for p in cut_off)])),
        )


def _routed(network: Network, table: str, gateway: str) -> bool:
    found = network.picture.tables.get(table)
    return found is not None and any(r.kind == "transit" and r.target == gateway and not r.doubt for r in found.routes)


def _patch(subnets: list[str]) -> str:
    return f"subnet_ids = [{', '.join(f'{key}.id' for key in subnets)}] # one of each zone"
