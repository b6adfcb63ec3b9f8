from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Model, Resource, Severity, related

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
        if any(subject.blocks("launch_template")):
            return  # the template may ask for an address
        model = subject.model
        for index, subnet_id in enumerate(subject.texts("subnet_ids")):
            subnet = model.resolve(subnet_id, "aws_subnet")
            if subnet is None or subnet.flag("map_public_ip_on_launch"):
                continue
            table = _default_route(model, subnet)
            if table is not None:
                yield self.finding(
                    subject,
                    f"{subnet.address} leads to an internet gateway and gives no public addresses",
                    path=("subnet_ids", index),
                    related=related((subnet.place(), "the subnet"), (table.place(), "its route to the internet")),
                )


def _default_route(model: Model, subnet: Resource) -> Resource | None:
    """The route table whose default route leads the subnet to an internet gateway."""
    for association in model.all("aws_route_table_association"):
        if model.resolve(association.raw("subnet_id"), "aws_subnet") is not subnet:
            continue
        table = model.resolve(association.raw("route_table_id"), "aws_route_table")
        if table is None:
            return None
        for route in table.blocks("route"):
            if route.text("cidr_block") == "0.0.0.0/0" and route.is_set("gateway_id"):
                return table if model.resolve(route.raw("gateway_id"), "aws_internet_gateway") else None
        for rule in model.all("aws_route"):
            if model.resolve(rule.raw("route_table_id"), "aws_route_table") is table:
                to_internet = rule.text("destination_cidr_block") == "0.0.0.0/0" and rule.is_set("gateway_id")
                if to_internet and model.resolve(rule.raw("gateway_id"), "aws_internet_gateway"):
                    return table
    return None
