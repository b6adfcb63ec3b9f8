from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, PolicyView, Severity


class UnknownAction(Check[PolicyView]):
    """A statement names an action that AWS does not have, as far as the data knows.

    ## Why is this bad?
    IAM takes any action name: `s3:ListBuckets` is accepted and grants nothing, a Deny of it denies nothing. The call is
    refused, or let through, at run time, and the policy seems to say the opposite.

    The data has a date, which the message names: an action may be newer than that.
    """

    id = "unknown-action"
    kind = Kind.PRODUCTIVITY
    severity = Severity.LOW
    hint = "Use the name that the Service Authorization Reference has."
    references = (
        "https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html",
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
                  Action = ["s3:ListBuckets", "s3:GetBucketLocation"]
                  Resource = "*"
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
                  Action = ["s3:ListAllMyBuckets", "s3:GetBucketLocation"]
                  Resource = "*"
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: PolicyView, /) -> Iterator[Finding]:
        for fault in subject.faults("unknown"):
            yield self.finding(
                subject.block,
                fault.message if not fault.denies else f"{fault.message}: the Deny denies nothing",
                path=subject.path,
                related=subject.labels(fault.index),
            )
