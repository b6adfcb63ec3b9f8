from __future__ import annotations

from collections.abc import Iterator

from guardrails import Access, Check, Example, Finding, Kind, Resource, Severity, related


class FunctionWithoutLogRights(Check[Resource]):
    """A function's role may not write logs.

    ## Why is this bad?
    Lambda writes what the function prints with the function's own role. Without the rights nothing says so: the
    function runs, its log group stays empty, and the first error leaves no trace.
    """

    id = "function-without-log-rights"
    kind = Kind.PRODUCTIVITY
    severity = Severity.MEDIUM
    hint = "Attach `AWSLambdaBasicExecutionRole` to the function's role."
    types = ("aws_lambda_function",)
    references = ("https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html",)
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

            resource "aws_lambda_function" "orders" {
              function_name = "orders"
              role          = aws_iam_role.orders.arn # finding
              handler       = "main.handler"
              runtime       = "python3.13"
              filename      = "app.zip"
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
              policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
            }

            resource "aws_lambda_function" "orders" {
              function_name = "orders"
              role          = aws_iam_role.orders.arn
              handler       = "main.handler"
              runtime       = "python3.13"
              filename      = "app.zip"
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        access = Access.of(subject.model)
        role = access.role_of(subject, "role")
        group = (
            access.text(subject, "logging_config", "log_group")
            or f"/aws/lambda/{access.text(subject, 'function_name')}"
        )
        stream = f"arn:aws:logs:{access.region(subject)}:{role.account}:log-group:{group}:log-stream:x"
        missing = [each for each in ("logs:CreateLogStream", "logs:PutLogEvents") if access.lacks(role, each, stream)]
        if missing:
            yield self.finding(
                subject,
                f"{role.address} may not call {' and '.join(missing)} on {access.show(group)}",
                path="role",
                related=related((role.resource.place(), "the function's role")),
            )
