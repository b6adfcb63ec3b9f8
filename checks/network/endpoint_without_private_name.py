from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Network, Severity, Useless

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


class EndpointWithoutPrivateName(Check[Network]):
    """A VPC endpoint is there, but the service's name does not lead to it.

    ## Why is this bad?
    Clients call `secretsmanager.eu-west-1.amazonaws.com`. Only with private DNS does this name lead to the interface
    endpoint; the provider's default is off. Without it, calls go to the public address as before, and where no route
    leads there, they hang although the endpoint is there and everything about it looks right.
    """

    id = "endpoint-without-private-name"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Set `private_dns_enabled = true`, or give the VPC a private zone for the service's name."
    references = (
        "https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html",
        "https://github.com/CloudSnorkel/cdk-github-runners/issues/327",
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
                cidr_blocks = [aws_vpc.main.cidr_block]
              }}
            }}

            resource "aws_secretsmanager_secret" "token" {{
              name_prefix = "token-"
            }}

            resource "aws_vpc_endpoint" "secrets" {{ # finding
              vpc_id             = aws_vpc.main.id
              vpc_endpoint_type  = "Interface"
              service_name       = "com.amazonaws.eu-west-1.secretsmanager"
              subnet_ids         = [aws_subnet.private.id]
              security_group_ids = [aws_security_group.endpoints.id]
            }}

            resource "aws_lambda_function" "report" {{
              function_name = "report"
              role          = "arn:aws:iam::111122223333:role/report"
              filename      = "report.zip"
              handler       = "main.handler"
              runtime       = "python3.13"

              environment {{
                variables = {{ SECRET_ARN = aws_secretsmanager_secret.token.arn }}
              }}

              vpc_config {{
                subnet_ids         = [aws_subnet.private.id]
                security_group_ids = [aws_security_group.app.id]
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

            resource "aws_secretsmanager_secret" "token" {{
              name_prefix = "token-"
            }}

            resource "aws_vpc_endpoint" "secrets" {{
              vpc_id             = aws_vpc.main.id
              vpc_endpoint_type  = "Interface"
              service_name       = "com.amazonaws.eu-west-1.secretsmanager"
              subnet_ids         = [aws_subnet.private.id]
              security_group_ids = [aws_security_group.endpoints.id]

              private_dns_enabled = true
            }}

            resource "aws_lambda_function" "report" {{
              function_name = "report"
              role          = "arn:aws:iam::111122223333:role/report"
              filename      = "report.zip"
              handler       = "main.handler"
              runtime       = "python3.13"

              environment {{
                variables = {{ SECRET_ARN = aws_secretsmanager_secret.token.arn }}
              }}

              vpc_config {{
                subnet_ids         = [aws_subnet.private.id]
                security_group_ids = [aws_security_group.app.id]
              }}
            }}
            """,
        ),
    )

    def check(self, subject: Network, /) -> Iterator[Finding]:
        for nameless in Useless.of(subject.model, "name"):
            yield self.finding(
                nameless.resource,
                f"its private DNS is off, and {nameless.clients} has no other way to {nameless.services}: calls hang",
                path="private_dns_enabled",
                related=nameless.places(),
                details=nameless.details(),
                fix=self.set_attribute(nameless.resource, "private_dns_enabled", "true"),
            )
