from __future__ import annotations

from collections.abc import Iterator

from guardrails import Access, Check, Example, Finding, Kind, Severity, Unknown


class OtherAccountLetIn(Check[Access]):
    """A resource's policy lets another account in.

    ## Why is this bad?
    That account decides which of its people and workloads use the access, and nobody here sees when that changes. Where
    it is meant, say so by a suppression with its reason; where the account is one of the organisation's, demand that.

    A condition on the organisation or the caller, or a Deny that keeps the account out, is taken into account.
    """

    id = "other-account-let-in"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Demand `aws:PrincipalOrgID`, or name the one role of the other account that needs it."
    references = (
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies-cross-account-resource-access.html",
    )
    examples = (
        Example(
            bad="""
            data "aws_caller_identity" "current" {}

            resource "aws_sqs_queue_policy" "jobs" {
              queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Principal = { AWS = "arn:aws:iam::444455556666:root" }
                  Action    = "sqs:SendMessage"
                  Resource  = "arn:aws:sqs:eu-west-1:111122223333:jobs"
                }]
              })
            }
            """,
            fixed="""
            data "aws_caller_identity" "current" {}

            resource "aws_sqs_queue_policy" "jobs" {
              queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Principal = { AWS = "arn:aws:iam::444455556666:root" }
                  Action    = "sqs:SendMessage"
                  Resource  = "arn:aws:sqs:eu-west-1:111122223333:jobs"
                  Condition = { StringEquals = { "aws:PrincipalOrgID" = "o-a1b2c3d4e5" } }
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: Access, /) -> Iterator[Finding]:
        doubt: Unknown | None = None
        for found in subject.outsiders("resource"):
            if not found.sure:
                place = found.view.block.place(*found.view.path)
                doubt = doubt or Unknown(f"whether account {found.account} is the design's own is not known", place)
            elif found.whole:
                yield self.finding(
                    found.view.block,
                    f"account {found.account} is let in as a whole",
                    path=found.view.path,
                    related=found.view.labels(found.index),
                )
        if doubt:
            raise doubt
