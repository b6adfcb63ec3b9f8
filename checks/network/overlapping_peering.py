from __future__ import annotations

from collections.abc import Iterator

from guardrails import (
    AddressSet,
    Check,
    Example,
    Finding,
    Kind,
    Network,
    Resource,
    Safety,
    Severity,
    Unknown,
    related,
)


class OverlappingPeering(Check[Resource]):
    """Two VPCs that are to be peered have overlapping addresses.

    ## Why is this bad?
    AWS refuses the connection (it goes to the state `failed`), and no route can tell the two networks apart.
    Renumbering a VPC in use means rebuilding it.
    """

    id = "overlapping-peering"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Give the VPCs ranges that do not overlap, or connect the one service by PrivateLink."
    types = ("aws_vpc_peering_connection",)
    references = ("https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html",)
    examples = (
        Example(
            bad="""
            resource "aws_vpc" "app" {
              cidr_block = "10.0.0.0/16"
            }

            resource "aws_vpc" "data" {
              cidr_block = "10.0.128.0/17"
            }

            resource "aws_flow_log" "logs" {
              for_each             = { app = aws_vpc.app.id, data = aws_vpc.data.id }
              vpc_id               = each.value
              log_destination      = "arn:aws:s3:::example-flow-logs"
              log_destination_type = "s3"
              traffic_type         = "ALL"
            }

            resource "aws_vpc_peering_connection" "app_data" {
              vpc_id      = aws_vpc.app.id
              peer_vpc_id = aws_vpc.data.id # finding
              auto_accept = true
            }
            """,
            fixed="""
            resource "aws_vpc" "app" {
              cidr_block = "10.0.0.0/16"
            }

            resource "aws_vpc" "data" {
              cidr_block = "10.1.128.0/17"
            }

            resource "aws_flow_log" "logs" {
              for_each             = { app = aws_vpc.app.id, data = aws_vpc.data.id }
              vpc_id               = each.value
              log_destination      = "arn:aws:s3:::example-flow-logs"
              log_destination_type = "s3"
              traffic_type         = "ALL"
            }

            resource "aws_vpc_peering_connection" "app_data" {
              vpc_id      = aws_vpc.app.id
              peer_vpc_id = aws_vpc.data.id
              auto_accept = true
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        model = subject.model
        here = model.resolve(subject.raw("vpc_id"), "aws_vpc")
        there = model.resolve(subject.raw("peer_vpc_id"), "aws_vpc")
        if here is None or there is None:
            missing = "vpc_id" if here is None else "peer_vpc_id"
            raise Unknown(f"{subject.address}: the addresses of its {missing} are not in view")
        if here is there:
            return
        network = Network.of(model)
        vpcs = [network.picture.vpcs[vpc.address] for vpc in (here, there)]
        common = (vpcs[0].cidrs & vpcs[1].cidrs).family(4)
        for vpc in vpcs:
            if vpc.doubt:
                raise Unknown(f"{subject.address}: {vpc.doubt}")
        if common:
            yield self.finding(
                subject,
                f"{common.describe()} is in {here.address} and in {there.address}: the connection goes to `failed`",
                path="peer_vpc_id",
                related=related(
                    (here.place("cidr_block"), "addresses of one VPC"), (there.place("cidr_block"), "of the other")
                ),
                fix=self.set_attribute(there, "cidr_block", f'"{_free(network)}"', safety=Safety.MANUAL),
            )


def _free(network: Network) -> str:
    """A range that no VPC in view has."""
    taken = AddressSet.union_of(vpc.cidrs for vpc in network.picture.vpcs.values() if vpc.resource is not None)
    found = (f"10.{number}.0.0/16" for number in range(256))
    return next((cidr for cidr in found if taken.isdisjoint(AddressSet.of(cidr))), "172.16.0.0/16")
