from __future__ import annotations

from collections.abc import Iterable, Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Network, PortSet, Resource, Severity, Useless, related

HTTPS = PortSet.tcp(443)
RULE = """resource "aws_vpc_security_group_ingress_rule" "vpc" {{
  security_group_id = {group}.id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = {vpc}.cidr_block
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
"""


class EndpointClosedToClients(Check[Network]):
    """The security group of a VPC endpoint does not let its clients in.

    ## Why is this bad?
    An interface endpoint with private DNS takes over the name of its service for the whole VPC. Where its security
    group does not let in port 443, every call from there hangs, also of those that would have another way out:
    `connect timeout on endpoint URL`. Adding such an endpoint stops what worked before.
    """

    id = "endpoint-closed-to-clients"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Let the clients' security groups or the VPC's addresses into the endpoint's group on port 443."
    references = (
        "https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html",
        "https://github.com/aws/aws-cdk/issues/4589",
    )
    examples = (
        Example(
            bad=f"""
{NETWORK}

            resource "aws_security_group" "endpoints" {{
              name   = "endpoints"
              vpc_id = aws_vpc.main.id

              ingress {{
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["10.0.9.0/24"]
              }}
            }}

            resource "aws_vpc_endpoint" "services" {{
              for_each            = toset(["ecr.api", "ecr.dkr", "logs"])
              vpc_id              = aws_vpc.main.id
              vpc_endpoint_type   = "Interface"
              service_name        = "com.amazonaws.eu-west-1.${{each.key}}"
              subnet_ids          = [aws_subnet.private.id]
              security_group_ids  = [aws_security_group.endpoints.id] # finding
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
        Example(
            title="A group that lets nobody in",
            bad=f"""
{NETWORK}

            resource "aws_security_group" "endpoints" {{
              name   = "endpoints"
              vpc_id = aws_vpc.main.id
            }}

            resource "aws_vpc_endpoint" "ssm" {{
              vpc_id              = aws_vpc.main.id
              vpc_endpoint_type   = "Interface"
              service_name        = "com.amazonaws.eu-west-1.ssm"
              subnet_ids          = [aws_subnet.private.id]
              security_group_ids  = [aws_security_group.endpoints.id] # finding
              private_dns_enabled = true
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

            resource "aws_vpc_endpoint" "ssm" {{
              vpc_id              = aws_vpc.main.id
              vpc_endpoint_type   = "Interface"
              service_name        = "com.amazonaws.eu-west-1.ssm"
              subnet_ids          = [aws_subnet.private.id]
              security_group_ids  = [aws_security_group.endpoints.id]
              private_dns_enabled = true
            }}
            """,
        ),
    )

    def check(self, subject: Network, /) -> Iterator[Finding]:
        reported: set[tuple[str, ...]] = set()
        for closed in Useless.of(subject.model, "closed"):
            reported.add(closed.groups)
            yield self.finding(
                closed.resource,
                f"it does not let in {closed.clients} on port 443: calls to {closed.services} hang until they time out",
                path="security_group_ids",
                related=closed.places(),
                details=closed.details(),
                fix=Fix("Let the clients in", terraform=closed.patch()),
            )
        for endpoint in subject.picture.endpoints.values():
            if endpoint.resource is None or not endpoint.private_dns:
                continue
            shut = _shut(subject, endpoint.interfaces)
            if shut and tuple(group.address for group in shut) not in reported:
                yield self.finding(
                    endpoint.resource,
                    f"its security groups let nobody in on port 443: calls to {endpoint.service} time out",
                    path="security_group_ids",
                    related=related(*((group.place(), "its security group") for group in shut)),
                    fix=Fix("Let the VPC in", terraform=RULE.format(group=shut[0].address, vpc=endpoint.vpc)),
                )


def _shut(network: Network, interfaces: Iterable[str]) -> list[Resource]:
    """The groups of an endpoint if it is sure that they let in nobody at all."""
    found: list[Resource] = []
    for key in interfaces:
        interface = network.picture.interfaces[key]
        if interface.groups_doubt:
            return []
        for name in interface.groups:
            group = network.picture.groups[name]
            if group.resource is None or group.ingress_doubt or group.doubts:
                return []
            if any(not permit.ports.isdisjoint(HTTPS) for permit in group.ingress):
                return []
            found.append(group.resource)
    return list(dict.fromkeys(found))
