from __future__ import annotations

import re
from collections.abc import Iterator

from guardrails import (
    Access,
    Check,
    Example,
    Finding,
    Fix,
    Kind,
    Network,
    Resource,
    Severity,
    Shortfall,
    Unknown,
    Value,
    related,
)

# Conditions on who owns the bucket or signs the request: of the layers of images, ECR does.
OWNERS = re.compile(r"aws:(principal|resource)(account|org|arn|tag)|aws:userid|aws:username", re.IGNORECASE)
STATEMENT = """{{
  Effect    = "Allow"
  Principal = "*"
  Action    = "s3:GetObject"
  Resource  = "arn:aws:s3:::prod-{region}-starport-layer-bucket/*"
}}"""
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


class ImageLayersForbidden(Check[Network]):
    """The policy of the S3 endpoint keeps container images from being pulled.

    ## Why is this bad?
    ECR keeps the layers of images in a bucket of its own, `prod-<region>-starport-layer-bucket`, and hands out links
    that it signed itself. A policy that lists your buckets, or that asks for your account (`aws:PrincipalAccount`,
    `aws:ResourceAccount`), refuses these: `CannotPullContainerError: ... 403 Forbidden`. A NAT gateway does not help,
    because the endpoint's route comes first.
    """

    id = "image-layers-forbidden"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Allow everybody `s3:GetObject` on `arn:aws:s3:::prod-<region>-starport-layer-bucket/*`."
    references = (
        "https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html",
        "https://github.com/awsdocs/amazon-ecr-user-guide/issues/8",
    )
    examples = (
        Example(
            bad=f"""
{NETWORK}

            resource "aws_vpc_endpoint" "s3" {{
              vpc_id          = aws_vpc.main.id
              service_name    = "com.amazonaws.eu-west-1.s3"
              route_table_ids = [aws_route_table.private.id]

              policy = jsonencode({{ # finding
                Version = "2012-10-17"
                Statement = [{{
                  Effect    = "Allow"
                  Principal = "*"
                  Action    = "s3:*"
                  Resource  = ["arn:aws:s3:::example-data", "arn:aws:s3:::example-data/*"]
                  Condition = {{ StringEquals = {{ "aws:PrincipalAccount" = "111122223333" }} }}
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
            fixed=f"""
{NETWORK}

            resource "aws_vpc_endpoint" "s3" {{
              vpc_id          = aws_vpc.main.id
              service_name    = "com.amazonaws.eu-west-1.s3"
              route_table_ids = [aws_route_table.private.id]

              policy = jsonencode({{
                Version = "2012-10-17"
                Statement = [{{
                  Effect    = "Allow"
                  Principal = "*"
                  Action    = "s3:*"
                  Resource  = ["arn:aws:s3:::example-data", "arn:aws:s3:::example-data/*"]
                  Condition = {{ StringEquals = {{ "aws:PrincipalAccount" = "111122223333" }} }}
                }}, {{
                  Effect    = "Allow"
                  Principal = "*"
                  Action    = "s3:GetObject"
                  Resource  = "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*"
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

    def check(self, subject: Network, /) -> Iterator[Finding]:
        clients: dict[str, dict[str, Shortfall]] = {}
        for shortfall in Shortfall.subjects(subject.model):
            if all(need.service != "ecr.dkr" for need in shortfall.workload.needs):
                continue
            for interface in subject.interfaces(shortfall.resource):
                table = subject.picture.tables.get(subject.picture.subnets[interface.subnet].table)
                route = table.for_service("s3") if table is not None else None
                if route is not None and route.kind == "gateway-endpoint":
                    clients.setdefault(route.target, {})[shortfall.resource.address] = shortfall
        if not clients:
            return
        doubts: list[str] = []
        for view in Access.of(subject.model).endpoint_policies():
            pulling = clients.get(view.target.address if view.target is not None else view.resource.address)
            if not pulling:
                continue
            region = _region(view.resource)
            if not _allows(view.document("most"), region):
                names = ", ".join(pulling)
                yield self.finding(
                    view.block,
                    f"it forbids s3:GetObject on prod-{region or '<region>'}-starport-layer-bucket, where the "
                    f"images of {names} are: `CannotPullContainerError`",
                    path=view.path,
                    related=related(*((each.resource.place(), "pulls an image from ECR") for each in pulling.values())),
                    fix=Fix("Allow the layers of images", terraform=STATEMENT.format(region=region or "<region>")),
                )
            elif not _allows(view.document("least"), region):
                doubts.append(view.doubts[0] if view.doubts else f"the policy of {view.title}")
        if doubts:
            raise Unknown(doubts[0])


def _region(endpoint: Resource) -> str:
    name = endpoint.raw("service_name")
    match = re.fullmatch(r"com\.amazonaws\.([a-z0-9-]+)\.s3", name) if isinstance(name, str) else None
    return match[1] if match else ""


def _allows(document: dict[str, Value], region: str) -> bool:
    """Whether an endpoint's policy, in which everything is known, lets layers pass."""
    statements = document.get("Statement")
    every = statements if isinstance(statements, list) else []
    matching = [s for s in every if isinstance(s, dict) and _about(s, region)]
    denied = any(s.get("Effect") == "Deny" and _hits(s.get("Condition")) for s in matching)
    return not denied and any(s.get("Effect") == "Allow" and not _owners(s.get("Condition")) for s in matching)


def _about(statement: dict[str, Value], region: str) -> bool:
    """Whether a statement is about reading the layers."""
    target = f"arn:aws:s3:::prod-{region or 'eu-west-1'}-starport-layer-bucket/layer"
    for name, wanted in (("Action", "s3:getobject"), ("Resource", target)):
        exact, inverted = statement.get(name), statement.get(f"Not{name}")
        found = any(_glob(each, wanted, region) for each in _texts(exact if exact is not None else inverted))
        if found == (exact is None):
            return False
    return True


def _glob(pattern: str, text: str, region: str) -> bool:
    if not region and "starport-layer-bucket" in pattern:
        return True  # of a region that is not known
    parts = re.split(r"([*?]|[^\x00-\U0000ffff])", pattern)  # a mark beyond the common characters is a value not known
    expression = "".join("." if p == "?" else ".*" if p == "*" or p > "\uffff" else re.escape(p) for p in parts)
    return bool(re.fullmatch(expression, text, re.IGNORECASE))


def _texts(value: Value) -> list[str]:
    return [v for v in (value if isinstance(value, list) else [value]) if isinstance(v, str)]


def _owners(condition: Value) -> bool:
    """Whether a condition asks for an owner or signer of one's own."""
    return isinstance(condition, dict) and any(
        OWNERS.match(key) for keys in condition.values() if isinstance(keys, dict) for key in keys
    )


def _hits(condition: Value) -> bool:
    """Whether a Deny is sure to meet what ECR signs: it has no condition, or asks that the owner be another."""
    if not condition:
        return True
    return isinstance(condition, dict) and all(
        "Not" in operator and isinstance(keys, dict) and all(OWNERS.match(key) for key in keys)
        for operator, keys in condition.items()
    )
