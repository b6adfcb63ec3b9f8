from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Severity, Shortfall, Unknown

NETWORK = """
            resource "aws_vpc" "main" {
              cidr_block           = "10.0.0.0/16"
              enable_dns_hostnames = true
            }

            resource "aws_flow_log" "main" {
              vpc_id               = aws_vpc.main.id
              traffic_type         = "ALL"
              log_destination      = "arn:aws:s3:::example-flow-logs"
              log_destination_type = "s3"
            }

            resource "aws_subnet" "private" {
              vpc_id            = aws_vpc.main.id
              cidr_block        = "10.0.1.0/24"
              availability_zone = "eu-west-1a"
            }

            resource "aws_route_table" "private" {
              vpc_id = aws_vpc.main.id
            }

            resource "aws_route_table_association" "private" {
              subnet_id      = aws_subnet.private.id
              route_table_id = aws_route_table.private.id
            }

            resource "aws_security_group" "app" {
              name   = "app"
              vpc_id = aws_vpc.main.id

              egress {
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["0.0.0.0/0"]
              }
            }
"""


class NodesCannotJoin(Check[Shortfall]):
    """The nodes of an EKS cluster do not reach what they need to join it.

    ## Why is this bad?
    A node asks EC2 about itself and pulls the images of its network plugin from ECR before it is ready. Without a way
    there, the node group waits for up to half an hour and fails: `NodeCreationFailure: Instances failed to join the
    kubernetes cluster`. If the cluster has its public API endpoint alone, the nodes need the internet to reach that,
    too.
    """

    id = "nodes-cannot-join"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Give the nodes' subnets the endpoints that they need or a route to a NAT gateway."
    references = (
        "https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html",
        "https://docs.aws.amazon.com/eks/latest/userguide/troubleshooting.html",
        "https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2474",
    )
    examples = (
        Example(
            bad=f"""
{NETWORK}
            resource "aws_eks_cluster" "main" {{
              name     = "main"
              role_arn = "arn:aws:iam::111122223333:role/cluster"

              vpc_config {{
                subnet_ids              = [aws_subnet.private.id, "subnet-0a1b2c3d4e5f60719"]
                endpoint_private_access = true
                endpoint_public_access  = false
              }}

              access_config {{
                authentication_mode = "API"
              }}
            }}

            resource "aws_eks_node_group" "main" {{ # finding
              cluster_name    = aws_eks_cluster.main.name
              node_group_name = "main"
              node_role_arn   = "arn:aws:iam::111122223333:role/node"
              subnet_ids      = [aws_subnet.private.id]

              scaling_config {{
                desired_size = 2
                max_size     = 3
                min_size     = 1
              }}
            }}
            """,
            fixed=f"""
{NETWORK}
            resource "aws_security_group" "endpoints" {{
              name   = "endpoints"
              vpc_id = aws_vpc.main.id

              ingress {{
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = [aws_vpc.main.cidr_block]
              }}
            }}

            resource "aws_vpc_endpoint" "services" {{
              for_each            = toset(["ec2", "ecr.api", "ecr.dkr"])
              vpc_id              = aws_vpc.main.id
              vpc_endpoint_type   = "Interface"
              service_name        = "com.amazonaws.eu-west-1.${{each.key}}"
              subnet_ids          = [aws_subnet.private.id]
              security_group_ids  = [aws_security_group.endpoints.id]
              private_dns_enabled = true
            }}

            resource "aws_vpc_endpoint" "s3" {{
              vpc_id          = aws_vpc.main.id
              service_name    = "com.amazonaws.eu-west-1.s3"
              route_table_ids = [aws_route_table.private.id]

              policy = jsonencode({{
                Statement = [{{
                  Effect    = "Allow"
                  Principal = "*"
                  Action    = "s3:GetObject"
                  Resource  = ["arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*", "arn:aws:s3:::orders/*"]
                }}]
              }})
            }}

            resource "aws_eks_cluster" "main" {{
              name     = "main"
              role_arn = "arn:aws:iam::111122223333:role/cluster"

              vpc_config {{
                subnet_ids              = [aws_subnet.private.id, "subnet-0a1b2c3d4e5f60719"]
                endpoint_private_access = true
                endpoint_public_access  = false
              }}

              access_config {{
                authentication_mode = "API"
              }}
            }}

            resource "aws_eks_node_group" "main" {{
              cluster_name    = aws_eks_cluster.main.name
              node_group_name = "main"
              node_role_arn   = "arn:aws:iam::111122223333:role/node"
              subnet_ids      = [aws_subnet.private.id]

              scaling_config {{
                desired_size = 2
                max_size     = 3
                min_size     = 1
              }}
            }}
            """,
        ),
    )

    def check(self, subject: Shortfall, /) -> Iterator[Finding]:
        if subject.workload.kind != "node":
            return
        # Nodes in a public subnet without an address have a check of their own.
        missing = [each for each in subject.own if each.cause != "public"]
        missing = [each for each in missing if not (subject.layers_only and each.need.service == "s3")]
        if missing and {each.need.service for each in missing} != {"sts"}:
            yield self.finding(
                subject.resource,
                f"its nodes do not reach {subject.services(missing)}{subject.where(missing)}: `NodeCreationFailure: "
                "Instances failed to join the kubernetes cluster`",
                related=subject.places(missing),
                details=subject.details(missing),
                fix=Fix("Open the way to what its nodes need", terraform=subject.patch(missing)),
            )
        elif missing:
            yield self.finding(
                subject.resource,
                f"its pods do not reach sts{subject.where(missing)}: those with a role of their own get no credentials "
                "(`WebIdentityErr: failed to retrieve credentials`)",
                related=subject.places(missing),
                details=subject.details(missing),
                fix=Fix("Open the way to STS", terraform=subject.patch(missing)),
            )
        if subject.undecided and not subject.missing:
            raise Unknown(subject.undecided)
