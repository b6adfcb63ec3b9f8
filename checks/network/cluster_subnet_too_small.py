from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from guardrails import Check, Example, Finding, Kind, Resource, Severity, Symbolic, Unknown, related

# AWS reserves the first four addresses and the last one of each subnet.
RESERVED = 5
NEEDED, COMFORTABLE = 6, 16


class ClusterSubnetTooSmall(Check[Resource]):
    """A subnet of an EKS cluster has too few addresses.

    ## Why is this bad?
    EKS wants six free addresses in each subnet that is given to the cluster and recommends sixteen. With fewer, the
    cluster is not created, and a later version upgrade stops because the new control-plane interfaces find no address.
    """

    id = "cluster-subnet-too-small"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Give the cluster subnets of at least /27."
    types = ("aws_eks_cluster",)
    references = ("https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html",)
    examples = (
        Example(
            bad="""
            resource "aws_subnet" "a" {
              vpc_id            = "vpc-0a1b2c3d4e5f60718"
              availability_zone = "eu-west-1a"
              cidr_block        = "10.0.0.0/28"
            }

            resource "aws_subnet" "b" {
              vpc_id            = "vpc-0a1b2c3d4e5f60718"
              availability_zone = "eu-west-1b"
              cidr_block        = "10.0.1.0/26"
            }

            resource "aws_eks_cluster" "main" {
              name     = "main"
              role_arn = "arn:aws:iam::111122223333:role/cluster"

              vpc_config {
                subnet_ids              = [aws_subnet.a.id, aws_subnet.b.id] # finding
                endpoint_private_access = true
                endpoint_public_access  = false
              }
            }
            """,
            fixed="""
            resource "aws_subnet" "a" {
              vpc_id            = "vpc-0a1b2c3d4e5f60718"
              availability_zone = "eu-west-1a"
              cidr_block        = "10.0.0.0/26"
            }

            resource "aws_subnet" "b" {
              vpc_id            = "vpc-0a1b2c3d4e5f60718"
              availability_zone = "eu-west-1b"
              cidr_block        = "10.0.1.0/26"
            }

            resource "aws_eks_cluster" "main" {
              name     = "main"
              role_arn = "arn:aws:iam::111122223333:role/cluster"

              vpc_config {
                subnet_ids              = [aws_subnet.a.id, aws_subnet.b.id]
                endpoint_private_access = true
                endpoint_public_access  = false
              }
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        config = subject.block("vpc_config")
        if config is None:
            return
        unseen = ""
        for index, subnet_id in enumerate(config.texts("subnet_ids")):
            subnet = subject.model.resolve(subnet_id, "aws_subnet")
            cidr = subnet.text("cidr_block") if subnet else ""
            if subnet is None or not cidr or isinstance(cidr, Symbolic):
                unseen = unseen or str.__str__(subnet_id)
                continue
            try:
                usable = ip_network(cidr, strict=False).num_addresses - RESERVED
            except ValueError:
                unseen = unseen or subnet.address
                continue
            if usable < COMFORTABLE:
                yield self.finding(
                    config,
                    f"the subnet {cidr} has {max(usable, 0)} addresses, EKS wants {NEEDED} free and recommends "
                    f"{COMFORTABLE}",
                    path=("subnet_ids", index),
                    severity=Severity.HIGH if usable < NEEDED else Severity.MEDIUM,
                    related=related((subnet.place("cidr_block"), "the subnet")),
                )
        if unseen:
            raise Unknown(f"{subject.address}: how many addresses {unseen} has is not in view")
