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

            resource "aws_subnet" "public" {
              vpc_id            = aws_vpc.main.id
              cidr_block        = "10.0.1.0/24"
              availability_zone = "eu-west-1a"
            }

            resource "aws_route_table" "public" {
              vpc_id = aws_vpc.main.id
            }

            resource "aws_route_table_association" "public" {
              subnet_id      = aws_subnet.public.id
              route_table_id = aws_route_table.public.id
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

            resource "aws_internet_gateway" "main" {
              vpc_id = aws_vpc.main.id
            }

            resource "aws_route" "internet" {
              route_table_id         = aws_route_table.public.id
              destination_cidr_block = "0.0.0.0/0"
              gateway_id             = aws_internet_gateway.main.id
            }

            resource "aws_secretsmanager_secret" "token" {
              name_prefix = "token-"
            }
"""


class FunctionInPublicSubnet(Check[Shortfall]):
    """A function sits in a public subnet and expects the internet there.

    ## Why is this bad?
    The interfaces of a Lambda function never get a public address, not even in a subnet that gives one to everything
    else. An internet gateway takes nothing from them, so each call runs into `Task timed out after ... seconds`. A
    public subnet is for what is to be reached, not for what wants out.
    """

    id = "function-in-public-subnet"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Move the function into a private subnet with a route to a NAT gateway, or add endpoints for what it calls."
    references = (
        "https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html",
        "https://repost.aws/knowledge-center/internet-access-lambda-function",
    )
    examples = (
        Example(
            bad=f"""
{NETWORK}
            resource "aws_lambda_function" "report" {{ # finding
              function_name = "report"
              role          = "arn:aws:iam::111122223333:role/report"
              filename      = "report.zip"
              handler       = "main.handler"
              runtime       = "python3.13"

              environment {{
                variables = {{ SECRET_ARN = aws_secretsmanager_secret.token.arn }}
              }}

              vpc_config {{
                subnet_ids         = [aws_subnet.public.id]
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

            resource "aws_vpc_endpoint" "services" {{
              for_each            = toset(["secretsmanager"])
              vpc_id              = aws_vpc.main.id
              vpc_endpoint_type   = "Interface"
              service_name        = "com.amazonaws.eu-west-1.${{each.key}}"
              subnet_ids          = [aws_subnet.public.id]
              security_group_ids  = [aws_security_group.endpoints.id]
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
                subnet_ids         = [aws_subnet.public.id]
                security_group_ids = [aws_security_group.app.id]
              }}
            }}
            """,
        ),
    )

    def check(self, subject: Shortfall, /) -> Iterator[Finding]:
        if subject.workload.kind != "function":
            return
        missing = [each for each in subject.own if each.cause == "public"]
        if missing:
            yield self.finding(
                subject.resource,
                f"it is in {missing[0].interface.subnet}, which leads to an internet gateway, where functions have no "
                f"public address: calls to {subject.services(missing)} hang until `Task timed out`",
                related=subject.places(missing),
                details=subject.details(missing),
                fix=Fix("Open another way to what it calls", terraform=subject.patch(missing)),
            )
