from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, PolicyView, Severity


class MalformedPolicy(Check[PolicyView]):
    """AWS refuses a policy document, or takes it for something else.

    ## Why is this bad?
    The plan is green, because Terraform does not read policies, and the apply fails with `MalformedPolicyDocument` in
    the middle. What AWS takes but cannot be meant, such as two actions in one string, is reported too, less severely.
    """

    id = "malformed-policy"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Correct the element that the message names."
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html",)
    examples = (
        Example(
            bad="""
            resource "aws_iam_policy" "report" {
              name = "report"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect = "allow"
                  Actions = "s3:GetObject"
                  Resource = "arn:aws:s3:::example-reports/*"
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
                }]
              })
            }
            """,
        ),
        Example(
            title="A principal where none belongs",
            bad="""
            resource "aws_iam_policy" "report" {
              name = "report"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  Principal = "*"
                  Action = "s3:GetObject"
                  Resource = "arn:aws:s3:::example-reports/*"
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
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: PolicyView, /) -> Iterator[Finding]:
        for problem in subject.problems():
            if problem.code == "too-long":
                continue  # `policy-too-long`
            where = f" ({problem.position} of the document)" if problem.position else ""
            yield self.finding(
                subject.block,
                f"{problem.message}{where}",
                path=subject.path,
                severity=self.severity if problem.rejected else Severity.LOW,
                related=subject.labels(*([] if problem.statement is None else [problem.statement])),
            )
