from __future__ import annotations

from collections.abc import Iterator

from guardrails import AddressSet, Check, Example, Finding, Kind, Model, Network, Resource, Safety, Severity, related


class OverlappingTransitNetworks(Check[Resource]):
    """VPCs on the same transit gateway have overlapping addresses.

    ## Why is this bad?
    A transit gateway keeps one route per CIDR block: that of the attachment that was there first. Nothing fails, and
    the second VPC never gets an answer: its packets arrive, and what comes back goes to the other one. Renumbering a
    VPC in use means rebuilding it.
    """

    id = "overlapping-transit-networks"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Give the VPCs ranges that do not overlap, or propagate them to route tables of their own."
    types = ("aws_ec2_transit_gateway_vpc_attachment",)
    references = (
        "https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html",
        "https://docs.aws.amazon.com/vpc/latest/tgw/tgw-route-tables.html",
    )
    examples = (
        Example(
            bad="""
            resource "aws_vpc" "app" {
              cidr_block = "10.0.0.0/16"
            }

            resource "aws_vpc" "data" {
              cidr_block = "10.0.0.0/16"
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
              cidr_block        = "10.0.2.0/24"
              availability_zone = "eu-west-1a"
            }

            resource "aws_route_table" "routes" {
              for_each = { app = aws_vpc.app.id, data = aws_vpc.data.id }
              vpc_id   = each.value

              route {
                cidr_block         = "10.0.0.0/8"
                transit_gateway_id = aws_ec2_transit_gateway.main.id
              }
            }

            resource "aws_route_table_association" "routes" {
              for_each       = { app = aws_subnet.app.id, data = aws_subnet.data.id }
              subnet_id      = each.value
              route_table_id = aws_route_table.routes[each.key].id
            }

            resource "aws_ec2_transit_gateway" "main" {
              description = "main"
            }

            resource "aws_ec2_transit_gateway_vpc_attachment" "app" {
              transit_gateway_id = aws_ec2_transit_gateway.main.id
              vpc_id             = aws_vpc.app.id
              subnet_ids         = [aws_subnet.app.id]
            }

            resource "aws_ec2_transit_gateway_vpc_attachment" "data" {
              transit_gateway_id = aws_ec2_transit_gateway.main.id
              vpc_id             = aws_vpc.data.id # finding
              subnet_ids         = [aws_subnet.data.id]
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

            resource "aws_route_table" "routes" {
              for_each = { app = aws_vpc.app.id, data = aws_vpc.data.id }
              vpc_id   = each.value

              route {
                cidr_block         = "10.0.0.0/8"
                transit_gateway_id = aws_ec2_transit_gateway.main.id
              }
            }

            resource "aws_route_table_association" "routes" {
              for_each       = { app = aws_subnet.app.id, data = aws_subnet.data.id }
              subnet_id      = each.value
              route_table_id = aws_route_table.routes[each.key].id
            }

            resource "aws_ec2_transit_gateway" "main" {
              description = "main"
            }

            resource "aws_ec2_transit_gateway_vpc_attachment" "app" {
              transit_gateway_id = aws_ec2_transit_gateway.main.id
              vpc_id             = aws_vpc.app.id
              subnet_ids         = [aws_subnet.app.id]
            }

            resource "aws_ec2_transit_gateway_vpc_attachment" "data" {
              transit_gateway_id = aws_ec2_transit_gateway.main.id
              vpc_id             = aws_vpc.data.id
              subnet_ids         = [aws_subnet.data.id]
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        network = Network.of(subject.model)
        picture = network.picture
        second = picture.attachments.get(subject.address)
        two = picture.vpcs.get(second.vpc) if second is not None else None
        if second is None or two is None or two.doubt:
            return
        for first in picture.attachments.values():
            if first.key == second.key:
                return  # the later one of a pair is reported
            one = picture.vpcs.get(first.vpc)
            if first.gateway != second.gateway or first.vpc == second.vpc or one is None or one.doubt:
                continue
            common = one.cidrs & two.cidrs
            if not common or not _tables(subject.model, first.resource) & _tables(subject.model, subject):
                continue
            yield self.finding(
                subject,
                f"{common.describe()} of {two.key} is in {one.key}, too, which is attached to {first.gateway}, too: "
                "answers go to the one that was attached first",
                path="vpc_id",
                related=related(
                    (one.resource.place("cidr_block") if one.resource else None, one.key),
                    (two.resource.place("cidr_block") if two.resource else None, two.key),
                ),
                fix=self.set_attribute(two.resource, "cidr_block", f'"{_free(network)}"', safety=Safety.MANUAL)
                if two.resource
                else None,
            )


def _tables(model: Model, attachment: Resource | None) -> set[str]:
    """The route tables of the transit gateway that get the routes of an attachment, as far as it is sure."""
    if attachment is None:
        return set()
    found: set[str] = set()
    gateway = model.resolve(attachment.raw("transit_gateway_id"), "aws_ec2_transit_gateway")
    if (
        gateway is not None
        and gateway.text("default_route_table_propagation", default="enable") == "enable"
        and attachment.flag("transit_gateway_default_route_table_propagation", default=True)
    ):
        found.add(f"default of {gateway.address}")
    for each in model.all("aws_ec2_transit_gateway_route_table_propagation"):
        if any(ref.address == attachment.address for ref in each.refs("transit_gateway_attachment_id")):
            found |= {ref.address for ref in each.refs("transit_gateway_route_table_id")}
    return found


def _free(network: Network) -> str:
    """A range that no VPC in view has."""
    taken = AddressSet.union_of(vpc.cidrs for vpc in network.picture.vpcs.values() if vpc.resource is not None)
    found = (f"10.{number}.0.0/16" for number in range(256))
    return next((cidr for cidr in found if taken.isdisjoint(AddressSet.of(cidr))), "172.16.0.0/16")
