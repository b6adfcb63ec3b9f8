from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, PolicyView, Severity


class ConditionNeverTrue(Check[PolicyView]):
    """No request can meet a statement's conditions.

    ## Why is this bad?
    Two conditions on one key that exclude each other, or a key that the action does not carry (`s3:prefix` with
    `s3:GetObject`): the statement is accepted and never applies, so that an Allow grants nothing and a Deny denies
    nothing.
    """

    id = "condition-never-true"
    kind = Kind.PRODUCTIVITY
    severity = Severity.MEDIUM
    hint = "Put alternatives into one list of values, and use keys that the actions carry."
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html",)
    examples = (
        Example(
            bad="""
            resource "aws_iam_policy" "report" {
              name = "report"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  Action = "s3:GetObject"
                  Resource = "arn:aws:s3:::example-reports/*"
                  Condition = { StringLike = { "s3:prefix" = "2026/*" } }
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
                  Action = "s3:ListBucket"
                  Resource = "arn:aws:s3:::example-reports"
                  Condition = { StringLike = { "s3:prefix" = "2026/*" } }
                }]
              })
            }
            """,
        ),
        Example(
            title="Conditions that exclude each other",
            bad="""
            resource "aws_iam_policy" "report" {
              name = "report"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  Action = "s3:GetObject"
                  Resource = "arn:aws:s3:::example-reports/*"
                  Condition = {
                    StringEquals = { "aws:RequestedRegion" = "eu-west-1" }
                    StringLike   = { "aws:RequestedRegion" = "us-*" }
                  }
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
                  Action = "s3:GetObject"
                  Resource = "arn:aws:s3:::example-reports/*"
                  Condition = { StringLike = { "aws:RequestedRegion" = ["eu-west-1", "us-*"] } }
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: PolicyView, /) -> Iterator[Finding]:
        for fault in subject.faults("never-true"):
            yield self.finding(
                subject.block,
                fault.message if not fault.denies else f"{fault.message}: the Deny denies nothing",
                path=subject.path,
                related=subject.labels(fault.index),
            )
