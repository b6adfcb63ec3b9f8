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


class TaskCannotStart(Check[Shortfall]):
    """A Fargate task does not reach what it needs to start.

    ## Why is this bad?
    Before a container runs, its task fetches the image, secrets and parameters and opens its log stream, all from its
    own network interface. Without a way there it stops with `ResourceInitializationError: unable to pull secrets or
    registry auth` or `CannotPullContainerError`, ECS starts the next one, and a deploy waits until it times out.

    Only what the task definition uses is asked for: ECR if the image is there, Secrets Manager and Parameter Store if
    containers take secrets, CloudWatch Logs for the `awslogs` driver.
    """

    id = "task-cannot-start"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Give the task's subnets the endpoints that it needs or a route to a NAT gateway."
    references = (
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html",
        "https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html",
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-initialization-error.html",
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
              for_each            = toset(["ecr.api", "ecr.dkr", "logs"])
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
        if subject.workload.kind != "fargate":
            return
        missing = [each for each in subject.own if not (subject.layers_only and each.need.service == "s3")]
        if missing:
            yield self.finding(
                subject.resource,
                f"its tasks do not reach {subject.services(missing)}{subject.where(missing)}: they stop with "
                f"`{_symptom({each.need.service for each in missing})}`",
                related=subject.places(missing),
                details=subject.details(missing),
                fix=Fix("Open the way to what its tasks need", terraform=subject.patch(missing)),
            )
        if subject.undecided and not subject.missing:
            raise Unknown(subject.undecided)


def _symptom(services: set[str]) -> str:
    """What the stopped task says: the registry's login and the secrets come first, then the image, then the logs."""
    if services & {"ecr.api", "secretsmanager", "ssm"}:
        return "ResourceInitializationError: unable to pull secrets or registry auth"
    if services & {"ecr.dkr", "s3", "internet"}:
        return "CannotPullContainerError"
    return "ResourceInitializationError: failed to validate logger args"
