from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, PortSet, SecurityGroup, Severity

TCP = PortSet.of("tcp")


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
              for_each            = toset(["ecr.api", "ecr.dkr"])
              vpc_id              = aws_vpc.main.id
              vpc_endpoint_type   = "Interface"
              service_name        = "com.amazonaws.eu-west-1.${each.key}"
              subnet_ids          = [aws_subnet.private.id]
              security_group_ids  = [aws_security_group.endpoints.id]
              private_dns_enabled = true
            }

            resource "aws_vpc_endpoint" "s3" {
              vpc_id          = aws_vpc.main.id
              service_name    = "com.amazonaws.eu-west-1.s3"
              route_table_ids = [aws_vpc.main.main_route_table_id]

              policy = jsonencode({
                Statement = [{
                  Effect    = "Allow"
                  Principal = "*"
                  Action    = "s3:GetObject"
                  Resource  = ["arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*", "arn:aws:s3:::orders/*"]
                }]
              })
            }

            resource "aws_ecs_task_definition" "app" {
              family                   = "app"
              network_mode             = "awsvpc"
              requires_compatibilities = ["FARGATE"]
              cpu                      = 256
              memory                   = 512
              execution_role_arn       = "arn:aws:iam::111122223333:role/execution"

              container_definitions = jsonencode([{
                name  = "app"
                image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:1.4.2"
              }])
            }

            resource "aws_ecs_service" "app" {
              name            = "app"
              cluster         = "arn:aws:ecs:eu-west-1:111122223333:cluster/main"
              launch_type     = "FARGATE"
              task_definition = aws_ecs_task_definition.app.arn

              network_configuration {
                subnets         = [aws_subnet.private.id]
                security_groups = [aws_security_group.app.id]
              }
            }
"""


class UnrestrictedEgress(Check[SecurityGroup]):
    """A security group lets its members connect to every port of the whole internet.

    ## Why is this bad?
    Who gets into a member can send everything out on whatever port he likes, and fetch his tools from anywhere. A
    group that lets out HTTPS and what else the service really needs makes that harder, and makes what is left in the
    flow logs worth reading.

    This is a remark and no alarm: most groups are like this on purpose, for updates come from everywhere. Close
    egress only where it is known what the members need.
    """

    id = "unrestricted-egress"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Let out 443 and the ports of what the members use, to security groups and prefix lists where they exist."
    same_as = ("CKV_AWS_382", "AWS-0104")
    counter_checks = ("security-group-without-egress", "egress-misses-target", "image-layers-unreachable")
    references = ("https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",)
    examples = (
        Example(
            bad="""
            resource "aws_security_group" "web" {
              name = "web"

              egress {
                from_port   = 0
                to_port     = 0
                protocol    = "-1"
                cidr_blocks = ["0.0.0.0/0"] # finding
              }
            }
            """,
            fixed="""
            resource "aws_security_group" "web" {
              name = "web"

              egress {
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["0.0.0.0/0"]
              }
            }
            """,
        ),
        Example(
            title="A task that still gets its image",
            bad=f"""
{NETWORK}
            resource "aws_security_group" "app" {{
              name   = "app"
              vpc_id = aws_vpc.main.id

              egress {{
                from_port   = 0
                to_port     = 0
                protocol    = "-1"
                cidr_blocks = ["0.0.0.0/0"] # finding
              }}
            }}
            """,
            fixed=f"""
{NETWORK}
            resource "aws_security_group" "app" {{
              name   = "app"
              vpc_id = aws_vpc.main.id

              egress {{
                from_port       = 443
                to_port         = 443
                protocol        = "tcp"
                security_groups = [aws_security_group.endpoints.id]
                prefix_list_ids = [aws_vpc_endpoint.s3.prefix_list_id]
              }}
            }}
            """,
        ),
    )

    def check(self, subject: SecurityGroup, /) -> Iterator[Finding]:
        if subject.resource.type == "aws_default_security_group":
            return  # that it has any rule is said already
        for rule, traffic in subject.open_to_destinations(TCP):
            if traffic.ports() >= TCP:
                yield self.finding(
                    rule.block,
                    f"its members may connect to every port of {traffic.addresses().describe()}",
                    path=rule.path(traffic.addresses()),
                )
