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

            resource "aws_security_group" "orders" {
              name   = "orders"
              vpc_id = aws_vpc.main.id

              egress {
                from_port   = 443
                to_port     = 443
                protocol    = "tcp"
                cidr_blocks = ["0.0.0.0/0"]
              }
            }

            resource "aws_dynamodb_table" "orders" {
              name         = "orders"
              hash_key     = "id"
              billing_mode = "PAY_PER_REQUEST"

              attribute {
                name = "id"
                type = "S"
              }
            }
"""
FUNCTION = """
              function_name = "orders"
              role          = "arn:aws:iam::111122223333:role/orders"
              filename      = "orders.zip"
              handler       = "main.handler"
              runtime       = "python3.13"

              environment {
                variables = { TABLE = aws_dynamodb_table.orders.name }
              }

              vpc_config {
                subnet_ids         = [aws_subnet.private.id]
                security_group_ids = [aws_security_group.orders.id]
              }
"""
ELSEWHERE = FUNCTION.replace("[aws_subnet.private.id]", "var.subnet_ids").replace(
    "aws_security_group.orders.id", '"sg-0a1b2c3d4e5f60718"'
)


class FunctionWithoutWayOut(Check[Shortfall]):
    """A function in a VPC does not reach the services that it calls.

    ## Why is this bad?
    A Lambda function that is put into a VPC loses the internet, and with it every AWS service that has no endpoint
    there. Its calls do not fail, they hang: the log ends in `Task timed out after ... seconds`, and nothing says why.

    What it calls is taken from its environment (a table's name), its role (`dynamodb:GetItem`) and from the secrets
    that it rotates. What Lambda does itself, such as writing logs or reading a queue, is not counted.
    """

    id = "function-without-way-out"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Give the function's subnets a VPC endpoint for the service or a route to a NAT gateway."
    references = (
        "https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html",
        "https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html",
    )
    examples = (
        Example(
            bad=f"""
{NETWORK}
            resource "aws_lambda_function" "orders" {{ # finding
{FUNCTION}
            }}
            """,
            fixed=f"""
{NETWORK}
            resource "aws_vpc_endpoint" "dynamodb" {{
              vpc_id          = aws_vpc.main.id
              service_name    = "com.amazonaws.eu-west-1.dynamodb"
              route_table_ids = [aws_route_table.private.id]

              policy = jsonencode({{
                Statement = [{{
                  Effect    = "Allow"
                  Principal = "*"
                  Action    = "dynamodb:*"
                  Resource  = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders"
                }}]
              }})
            }}

            resource "aws_lambda_function" "orders" {{
{FUNCTION}
            }}
            """,
        ),
        Example(
            title="The subnets are not in view",
            bad=f"""
            variable "subnet_ids" {{
              type = list(string)
            }}

            resource "aws_dynamodb_table" "orders" {{
              name         = "orders"
              hash_key     = "id"
              billing_mode = "PAY_PER_REQUEST"

              attribute {{
                name = "id"
                type = "S"
              }}
            }}

            resource "aws_lambda_function" "orders" {{ # undecided
{ELSEWHERE}
            }}
            """,
        ),
    )

    def check(self, subject: Shortfall, /) -> Iterator[Finding]:
        if subject.workload.kind != "function":
            return
        missing = [each for each in subject.own if each.cause != "public"]
        if missing:
            yield self.finding(
                subject.resource,
                f"it does not reach {subject.services(missing)}{subject.where(missing)}: its calls hang until "
                "`Task timed out`",
                related=subject.places(missing),
                details=subject.details(missing),
                fix=Fix("Open the way to what it calls", terraform=subject.patch(missing)),
            )
        if subject.undecided and not subject.missing:
            raise Unknown(subject.undecided)
