from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Severity, Shortfall, Unknown

SYMPTOMS = {
    "glue": "its jobs fail with `VPC S3 endpoint validation failed for SubnetId`",
    "airflow": "it is created for up to an hour and then `CREATE_FAILED`",
    "notebook": "calls to SageMaker hang",
    "studio": "apps hang, `ConnectTimeoutError`",
}
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

            resource "aws_vpc_security_group_ingress_rule" "self" {
              security_group_id            = aws_security_group.app.id
              referenced_security_group_id = aws_security_group.app.id
              ip_protocol                  = "-1"
            }
"""


class ManagedJobCutOff(Check[Shortfall]):
    """A managed service in a VPC does not reach the services that it depends on.

    ## Why is this bad?
    Glue, Airflow (MWAA) and SageMaker put their workers into your subnets, and the workers have no other way out. Glue
    refuses to start (`VPC S3 endpoint validation failed for SubnetId`), an Airflow environment is created for an hour
    and then `CREATE_FAILED`, and notebooks hang on every call. None of them names the missing way.
    """

    id = "managed-job-cut-off"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Give its subnets the endpoints that it needs or a route to a NAT gateway."
    references = (
        "https://docs.aws.amazon.com/glue/latest/dg/connection-VPC-disable-proxy.html",
        "https://docs.aws.amazon.com/mwaa/latest/userguide/vpc-vpe-create-access.html",
        "https://docs.aws.amazon.com/sagemaker/latest/dg/studio-notebooks-and-internet-access.html",
    )
    examples = (
        Example(
            bad=f"""
{NETWORK}
            resource "aws_glue_connection" "warehouse" {{ # finding
              name            = "warehouse"
              connection_type = "NETWORK"

              physical_connection_requirements {{
                availability_zone      = "eu-west-1a"
                subnet_id              = aws_subnet.private.id
                security_group_id_list = [aws_security_group.app.id]
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

            resource "aws_glue_connection" "warehouse" {{
              name            = "warehouse"
              connection_type = "NETWORK"

              physical_connection_requirements {{
                availability_zone      = "eu-west-1a"
                subnet_id              = aws_subnet.private.id
                security_group_id_list = [aws_security_group.app.id]
              }}
            }}
            """,
        ),
    )

    def check(self, subject: Shortfall, /) -> Iterator[Finding]:
        what = SYMPTOMS.get(subject.workload.kind)
        if what is None:
            return
        missing = subject.own
        if missing:
            yield self.finding(
                subject.resource,
                f"it does not reach {subject.services(missing)}{subject.where(missing)}: {what}",
                related=subject.places(missing),
                details=subject.details(missing),
                fix=Fix("Open the way to what it depends on", terraform=subject.patch(missing)),
            )
        if subject.undecided and not subject.missing:
            raise Unknown(subject.undecided)
