from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Severity, Shortfall

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

            resource "aws_security_group" "endpoints" {
              name   = "endpoints"
              vpc_id = aws_vpc.main.id

              ingress {
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = [aws_vpc.main.cidr_block]
              }
            }

            resource "aws_vpc_endpoint" "services" {
              for_each            = toset(["ecr.api", "ecr.dkr", "logs"])
              vpc_id              = aws_vpc.main.id
              vpc_endpoint_type   = "Interface"
              service_name        = "com.amazonaws.eu-west-1.${each.key}"
              subnet_ids          = [aws_subnet.private.id]
              security_group_ids  = [aws_security_group.endpoints.id]
              private_dns_enabled = true
            }
"""


class ImageLayersUnreachable(Check[Shortfall]):
    """Container images are found, but their layers are not.

    ## Why is this bad?
    ECR keeps the layers of images in S3. With the endpoints of ECR and without a way to S3, the login and the manifest
    work, and then the pull hangs: `CannotPullContainerError: ... dial tcp ...:443: i/o timeout`, or `ImagePullBackOff`
    in Kubernetes. The same happens where the security group lets out to the VPC only: the addresses of S3 are outside
    of it.
    """

    id = "image-layers-unreachable"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Add an S3 gateway endpoint to the route table, and let the security group out to its prefix list."
    references = (
        "https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html",
        "https://github.com/aws/amazon-ecs-agent/issues/2235",
    )
    examples = (
        Example(
            bad=f"""
{NETWORK}
            resource "aws_ecs_task_definition" "app" {{
              family                   = "app"
              network_mode             = "awsvpc"
              requires_compatibilities = ["FARGATE"]
              cpu                      = 256
              memory                   = 512
              execution_role_arn       = "arn:aws:iam::111122223333:role/execution"

              container_definitions = jsonencode([{{
                name  = "app"
                image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:1.4.2"
                logConfiguration = {{
                  logDriver = "awslogs"
                  options   = {{ awslogs-group = "app", awslogs-region = "eu-west-1", awslogs-stream-prefix = "app" }}
                }}
              }}])
            }}

            resource "aws_ecs_service" "app" {{ # finding
              name            = "app"
              cluster         = "arn:aws:ecs:eu-west-1:111122223333:cluster/main"
              launch_type     = "FARGATE"
              desired_count   = 2
              task_definition = aws_ecs_task_definition.app.arn

              network_configuration {{
                subnets         = [aws_subnet.private.id]
                security_groups = [aws_security_group.app.id]
              }}
            }}
            """,
            fixed=f"""
{NETWORK}
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

            resource "aws_ecs_task_definition" "app" {{
              family                   = "app"
              network_mode             = "awsvpc"
              requires_compatibilities = ["FARGATE"]
              cpu                      = 256
              memory                   = 512
              execution_role_arn       = "arn:aws:iam::111122223333:role/execution"

              container_definitions = jsonencode([{{
                name  = "app"
                image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:1.4.2"
                logConfiguration = {{
                  logDriver = "awslogs"
                  options   = {{ awslogs-group = "app", awslogs-region = "eu-west-1", awslogs-stream-prefix = "app" }}
                }}
              }}])
            }}

            resource "aws_ecs_service" "app" {{
              name            = "app"
              cluster         = "arn:aws:ecs:eu-west-1:111122223333:cluster/main"
              launch_type     = "FARGATE"
              desired_count   = 2
              task_definition = aws_ecs_task_definition.app.arn

              network_configuration {{
                subnets         = [aws_subnet.private.id]
                security_groups = [aws_security_group.app.id]
              }}
            }}
            """,
        ),
    )

    def check(self, subject: Shortfall, /) -> Iterator[Finding]:
        if not subject.layers_only:
            return
        missing = [each for each in subject.own if each.need.service == "s3"]
        if missing:
            what = (
                "pods stay in `ImagePullBackOff`" if subject.workload.kind == "node" else "`CannotPullContainerError`"
            )
            yield self.finding(
                subject.resource,
                f"it reaches ECR, but not S3, where the layers of its images are{subject.where(missing)}: {what}",
                related=subject.places(missing),
                details=subject.details(missing),
                fix=Fix("Open the way to S3", terraform=subject.patch(missing)),
            )
