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

WORLD = AddressSet.of("0.0.0.0/0")

NETWORK = """
            resource "aws_internet_gateway" "main" {
              vpc_id = "vpc-0a1b2c3d4e5f60718"
            }

            resource "aws_route_table" "public" {
              vpc_id = "vpc-0a1b2c3d4e5f60718"

              route {
                cidr_block = "0.0.0.0/0"
                gateway_id = aws_internet_gateway.main.id
              }
            }

            resource "aws_route_table_association" "public" {
              subnet_id      = aws_subnet.nodes.id
              route_table_id = aws_route_table.public.id
            }
"""
GROUP = """
              cluster_name  = "main"
              node_role_arn = "arn:aws:iam::111122223333:role/node"
              subnet_ids    = [aws_subnet.nodes.id]"""
SCALING = """
              scaling_config {
                min_size     = 1
                desired_size = 2
                max_size     = 3
              }
"""


class NodeGroupWithoutPublicIp(Check[Resource]):
    """An EKS node group stands in a public subnet without public addresses.

    ## Why is this bad?
    A route to an internet gateway is of no use to a machine without a public address. The nodes reach neither the
    cluster's API nor the image registry: `NodeCreationFailure: Instances failed to join the kubernetes cluster`, after
    25 minutes of waiting.
    """

    id = "node-group-without-public-ip"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Put the nodes into a subnet with a route to a NAT gateway, or set `map_public_ip_on_launch = true`."
    types = ("aws_eks_node_group",)
    counter_checks = ("subnet-with-automatic-public-ip",)
    references = ("https://docs.aws.amazon.com/eks/latest/userguide/troubleshooting.html",)
    examples = (
        Example(
            bad=f"""
            resource "aws_subnet" "nodes" {{
              vpc_id     = "vpc-0a1b2c3d4e5f60718"
              cidr_block = "10.0.0.0/24"
            }}
{NETWORK}
            resource "aws_eks_node_group" "main" {{
{GROUP} # finding
{SCALING}
            }}
            """,
            fixed=f"""
            resource "aws_subnet" "nodes" {{
              vpc_id     = "vpc-0a1b2c3d4e5f60718"
              cidr_block = "10.0.0.0/24"
            }}

            resource "aws_route_table" "private" {{
              vpc_id = "vpc-0a1b2c3d4e5f60718"

              route {{
                cidr_block     = "0.0.0.0/0"
                nat_gateway_id = "nat-0a1b2c3d4e5f60718"
              }}
            }}

            resource "aws_route_table_association" "private" {{
              subnet_id      = aws_subnet.nodes.id
              route_table_id = aws_route_table.private.id
            }}

            resource "aws_eks_node_group" "main" {{
{GROUP}
{SCALING}
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        network = Network.of(subject.model)
        for interface in network.interfaces(subject):
            place = network.picture.subnets[interface.subnet]
            table = network.picture.tables.get(place.table)
            if interface.public == "yes" or table is None or place.table_doubt or table.doubt:
                continue
            ways = [route for _, routes in table.lookup(4, WORLD) for route in routes if route.kind != "local"]
            if not ways or any(route.doubt or route.kind != "internet" for route in ways):
                continue
            if interface.public == "maybe":
                raise Unknown(f"{subject.address}: {interface.public_reason or 'whether its nodes get addresses'}")
            yield self.finding(
                subject,
                f"{place.key} leads to an internet gateway and gives no public addresses: `NodeCreationFailure`",
                path="subnet_ids",
                related=related(
                    (place.resource.place() if place.resource else None, "the subnet"),
                    (table.resource.place() if table.resource else None, "its route to the internet"),
                ),
                fix=self.set_attribute(place.resource, "map_public_ip_on_launch", "true", safety=Safety.UNSAFE)
                if place.resource
                else None,
            )
            return
