from __future__ import annotations

import re
from collections.abc import Iterator

from guardrails import Access, Check, Example, Finding, Kind, Resource, Severity, Symbolic, Value, decode_json, related

IMAGE = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([^:@]+)")


def _wanted(container: Value, account: str) -> Iterator[tuple[str, str]]:
    """What the execution role must be allowed for a container, as far as the definition says."""
    if not isinstance(container, dict):
        return
    image = IMAGE.match(_text(container.get("image")))
    if image is not None:
        yield "ecr:GetAuthorizationToken", "*"
        if image[1] == account:
            repository = f"arn:aws:ecr:{image[2]}:{image[1]}:repository/{image[3]}"
            yield "ecr:BatchGetImage", repository
            yield "ecr:GetDownloadUrlForLayer", repository
    secrets = container.get("secrets")
    for secret in secrets if isinstance(secrets, list) else []:
        source = _text(secret.get("valueFrom")) if isinstance(secret, dict) else ""
        if source.startswith("arn:aws:secretsmanager:"):
            yield "secretsmanager:GetSecretValue", ":".join(source.split(":")[:7])
        elif source.startswith("arn:aws:ssm:"):
            yield "ssm:GetParameters", source
    logs = container.get("logConfiguration")
    if isinstance(logs, dict) and _text(logs.get("logDriver")) == "awslogs":
        options = logs.get("options")
        group = _text(options.get("awslogs-group")) if isinstance(options, dict) else ""
        region = _text(options.get("awslogs-region")) if isinstance(options, dict) else ""
        if group and region:
            stream = f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:x"
            yield "logs:CreateLogStream", stream
            yield "logs:PutLogEvents", stream


def _text(value: Value) -> str:
    """A text that is wholly known, else nothing: what is known after apply is left to the apply."""
    return value if isinstance(value, str) and not isinstance(value, Symbolic) else ""


class TaskExecutionRoleLacksRights(Check[Resource]):
    """A task's execution role may not fetch the task's image, secrets or log stream.

    ## Why is this bad?
    ECS pulls the image, reads the secrets and opens the log stream with the execution role, before the container
    starts. Without a right every start of the task ends in `ResourceInitializationError` or `CannotPullContainerError`,
    the service tries again for ever, and the deployment hangs until it times out.
    """

    id = "task-execution-role-lacks-rights"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Attach `AmazonECSTaskExecutionRolePolicy`, and allow the secrets and parameters that the task names."
    types = ("aws_ecs_task_definition",)
    references = ("https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html",)
    examples = (
        Example(
            bad="""
            resource "aws_iam_role" "orders" {
              name = "orders"
              assume_role_policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = { Service = "ecs-tasks.amazonaws.com" }
                }]
              })
            }

            resource "aws_iam_role_policy_attachment" "orders" {
              role       = aws_iam_role.orders.name
              policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
            }

            resource "aws_ecs_task_definition" "orders" {
              family                   = "orders"
              requires_compatibilities = ["FARGATE"]
              network_mode             = "awsvpc"
              cpu                      = 256
              memory                   = 512
              execution_role_arn       = aws_iam_role.orders.arn # finding

              container_definitions = jsonencode([{
                name  = "orders"
                image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/orders:1.4"
                secrets = [{
                  name      = "PASSWORD"
                  valueFrom = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:orders-AbCdEf"
                }]
                logConfiguration = {
                  logDriver = "awslogs"
                  options = {
                    "awslogs-group"         = "/ecs/orders"
                    "awslogs-region"        = "eu-west-1"
                    "awslogs-stream-prefix" = "orders"
                  }
                }
              }])
            }
            """,
            fixed="""
            resource "aws_iam_role" "orders" {
              name = "orders"
              assume_role_policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = { Service = "ecs-tasks.amazonaws.com" }
                }]
              })
            }

            resource "aws_iam_role_policy_attachment" "orders" {
              role       = aws_iam_role.orders.name
              policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
            }

            resource "aws_iam_role_policy" "orders" {
              name = "orders"
              role = aws_iam_role.orders.name
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect   = "Allow"
                  Action   = "secretsmanager:GetSecretValue"
                  Resource = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:orders-*"
                }]
              })
            }

            resource "aws_ecs_task_definition" "orders" {
              family                   = "orders"
              requires_compatibilities = ["FARGATE"]
              network_mode             = "awsvpc"
              cpu                      = 256
              memory                   = 512
              execution_role_arn       = aws_iam_role.orders.arn

              container_definitions = jsonencode([{
                name  = "orders"
                image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/orders:1.4"
                secrets = [{
                  name      = "PASSWORD"
                  valueFrom = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:orders-AbCdEf"
                }]
                logConfiguration = {
                  logDriver = "awslogs"
                  options = {
                    "awslogs-group"         = "/ecs/orders"
                    "awslogs-region"        = "eu-west-1"
                    "awslogs-stream-prefix" = "orders"
                  }
                }
              }])
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not subject.is_set("execution_role_arn"):
            return
        access = Access.of(subject.model)
        role = access.role_of(subject, "execution_role_arn")
        containers = decode_json(subject.text("container_definitions"))
        missing: dict[str, None] = {}
        for container in containers if isinstance(containers, list) else []:
            for action, arn in _wanted(container, role.account):
                if access.lacks(role, action, arn):
                    missing[f"{action} on {arn}" if arn != "*" else action] = None
        if missing:
            shown = ", ".join(list(missing)[:3]) + (" and more" if len(missing) > 3 else "")
            yield self.finding(
                subject,
                f"{role.address} may not call {shown}",
                path="execution_role_arn",
                related=related((role.resource.place(), "the execution role")),
            )
