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


class ContainerInstancesCannotRegister(Check[Shortfall]):
    """The instances of an ECS cluster do not reach ECS.

    ## Why is this bad?
    The agent on each instance registers it with the cluster by `ecs`, takes its orders by `ecs-agent` and reports by
    `ecs-telemetry`. Without a way there the instances run and are paid for, but services stay at `unable to place a
    task because no container instance met all of its requirements`, and jobs of Batch stay `RUNNABLE`. Fargate tasks
    do not need these three.
    """

    id = "container-instances-cannot-register"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = (
        "Give the instances' subnets the endpoints `ecs`, `ecs-agent` and `ecs-telemetry` or a route to a NAT gateway."
    )
    references = (
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html",
        "https://repost.aws/knowledge-center/batch-job-stuck-runnable-status",
    )
    examples = (
        Example(
            bad=f"""
{NETWORK}
            resource "aws_launch_template" "container" {{
              name                   = "container"
              image_id               = "ami-0a1b2c3d4e5f60718"
              instance_type          = "m7i.large"
              vpc_security_group_ids = [aws_security_group.app.id]
              user_data              = base64encode("echo ECS_CLUSTER=main >> /etc/ecs/ecs.config")

              metadata_options {{
                http_tokens = "required"
              }}
            }}

            resource "aws_autoscaling_group" "container" {{ # finding
              min_size            = 1
              max_size            = 3
              vpc_zone_identifier = [aws_subnet.private.id]

              launch_template {{
                id      = aws_launch_template.container.id
                version = aws_launch_template.container.latest_version
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
              for_each            = toset(["ecs", "ecs-agent", "ecs-telemetry"])
              vpc_id              = aws_vpc.main.id
              vpc_endpoint_type   = "Interface"
              service_name        = "com.amazonaws.eu-west-1.${{each.key}}"
              subnet_ids          = [aws_subnet.private.id]
              security_group_ids  = [aws_security_group.endpoints.id]
              private_dns_enabled = true
            }}

            resource "aws_launch_template" "container" {{
              name                   = "container"
              image_id               = "ami-0a1b2c3d4e5f60718"
              instance_type          = "m7i.large"
              vpc_security_group_ids = [aws_security_group.app.id]
              user_data              = base64encode("echo ECS_CLUSTER=main >> /etc/ecs/ecs.config")

              metadata_options {{
                http_tokens = "required"
              }}
            }}

            resource "aws_autoscaling_group" "container" {{
              min_size            = 1
              max_size            = 3
              vpc_zone_identifier = [aws_subnet.private.id]

              launch_template {{
                id      = aws_launch_template.container.id
                version = aws_launch_template.container.latest_version
              }}
            }}
            """,
        ),
    )

    def check(self, subject: Shortfall, /) -> Iterator[Finding]:
        if subject.workload.kind not in ("container-instance", "batch"):
            return
        missing = subject.own
        if missing:
            what = (
                "jobs stay in `RUNNABLE`"
                if subject.workload.kind == "batch"
                else "no instance registers with the cluster, and services are `unable to place a task`"
            )
            yield self.finding(
                subject.resource,
                f"its instances do not reach {subject.services(missing)}{subject.where(missing)}: {what}",
                related=subject.places(missing),
                details=subject.details(missing),
                fix=Fix("Open the way to ECS", terraform=subject.patch(missing)),
            )
        if subject.undecided and not subject.missing:
            raise Unknown(subject.undecided)
