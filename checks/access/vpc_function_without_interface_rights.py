from __future__ import annotations

from collections.abc import Iterator

from guardrails import Access, Check, Example, Finding, Kind, Resource, Severity, related


class VpcFunctionWithoutInterfaceRights(Check[Resource]):
    """A function in a VPC has a role that may not create network interfaces.

    ## Why is this bad?
    Lambda makes the function's network interfaces with the function's own role. Without the rights the apply fails with
    `The provided execution role does not have permissions to call CreateNetworkInterface on EC2`, and without the one
    to delete them they outlive the function and block the removal of its security group.
    """

    id = "vpc-function-without-interface-rights"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Attach `AWSLambdaVPCAccessExecutionRole` to the function's role."
    types = ("aws_lambda_function",)
    references = (
        "https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html",
        "https://github.com/terraform-aws-modules/terraform-aws-lambda/issues/326",
    )
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
                  Principal = { Service = "lambda.amazonaws.com" }
                }]
              })
            }

            resource "aws_iam_role_policy_attachment" "orders" {
              role       = aws_iam_role.orders.name
              policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
            }

            resource "aws_lambda_function" "orders" {
              function_name = "orders"
              role          = aws_iam_role.orders.arn # finding
              handler       = "main.handler"
              runtime       = "python3.13"
              filename      = "app.zip"

              vpc_config {
                subnet_ids         = ["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"]
                security_group_ids = ["sg-0a1b2c3d4e5f60718"]
              }
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
                  Principal = { Service = "lambda.amazonaws.com" }
                }]
              })
            }

            resource "aws_iam_role_policy_attachment" "orders" {
              role       = aws_iam_role.orders.name
              policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
            }

            resource "aws_lambda_function" "orders" {
              function_name = "orders"
              role          = aws_iam_role.orders.arn
              handler       = "main.handler"
              runtime       = "python3.13"
              filename      = "app.zip"

              vpc_config {
                subnet_ids         = ["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"]
                security_group_ids = ["sg-0a1b2c3d4e5f60718"]
              }
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        vpc = subject.block("vpc_config")
        if vpc is None or next(vpc.items("subnet_ids"), None) is None:
            return
        access = Access.of(subject.model)
        role = access.role_of(subject, "role")
        interface = f"arn:aws:ec2:{access.region(subject)}:{role.account}:network-interface/eni-0a1b2c3d4e5f60718"
        wanted = {
            "ec2:CreateNetworkInterface": interface,
            "ec2:DescribeNetworkInterfaces": "*",
            "ec2:DeleteNetworkInterface": interface,
        }
        missing = [action for action, arn in wanted.items() if access.lacks(role, action, arn)]
        if missing:
            yield self.finding(
                subject,
                f"{role.address} may not call {', '.join(missing)}",
                path="role",
                related=related((role.resource.place(), "the function's role")),
            )
