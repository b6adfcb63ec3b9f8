from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, PolicyView, Severity


class ActionOnWrongResource(Check[PolicyView]):
    """A statement's action is about none of the resources that it names.

    ## Why is this bad?
    `s3:GetObject` on a bucket's ARN, `s3:ListBucket` on its objects, or a `Describe` call, which takes no resource, on
    an instance: IAM accepts the statement, and every call is `AccessDenied`. A Deny written so denies nothing.
    """

    id = "action-on-wrong-resource"
    kind = Kind.PRODUCTIVITY
    severity = Severity.MEDIUM
    hint = "Give the action the kind of resource that it takes, in a statement of its own."
    references = (
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_actions-resources-contextkeys.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html",
    )
    examples = (
        Example(
            bad="""
            resource "aws_iam_policy" "report" {
              name = "report"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  Action = ["s3:GetObject", "s3:ListBucket"]
                  Resource = "arn:aws:s3:::example-reports"
                }]
              })
            }
            """,
            fixed="""
            resource "aws_iam_policy" "report" {
              name = "report"
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  Action = ["s3:GetObject", "s3:ListBucket"]
                  Resource = ["arn:aws:s3:::example-reports", "arn:aws:s3:::example-reports/*"]
                }]
              })
            }
            """,
        ),
        Example(
            title="An action that takes no resource",
            bad="""
            resource "aws_iam_policy" "operators" {
              name = "operators"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  Action = ["ec2:StartInstances", "ec2:DescribeInstances"]
                  Resource = "arn:aws:ec2:eu-west-1:111122223333:instance/*"
                }]
              })
            }
            """,
            fixed="""
            resource "aws_iam_policy" "operators" {
              name = "operators"
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  Action = "ec2:StartInstances"
                  Resource = "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60718"
                }, {
                  Effect = "Allow"
                  Action = "ec2:DescribeInstances"
                  Resource = "*"
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: PolicyView, /) -> Iterator[Finding]:
        for fault in subject.faults("mismatched"):
            yield self.finding(
                subject.block,
                fault.message if not fault.denies else f"{fault.message}: the Deny denies nothing",
                path=subject.path,
                related=subject.labels(fault.index),
            )
