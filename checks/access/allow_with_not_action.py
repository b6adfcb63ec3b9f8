from __future__ import annotations

from collections.abc import Iterator

from guardrails import Access, Check, Example, Finding, Kind, Severity


class AllowWithNotAction(Check[Access]):
    """A statement allows every action but a few.

    ## Why is this bad?
    `Allow` with `NotAction` grants what it does not name: every other service of today, and whatever AWS starts
    tomorrow, usually more than was meant.

    It is not reported where a boundary, a control policy or a Deny leaves nothing of the rest.
    """

    id = "allow-with-not-action"
    kind = Kind.SECURITY
    severity = Severity.HIGH
    hint = "List the actions that are allowed in `Action`, or take the few away by a Deny."
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html",)
    examples = (
        Example(
            bad="""
            resource "aws_iam_policy" "operators" {
              name = "operators"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  NotAction = "iam:*"
                  Resource = "*"
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
                  Effect = "Deny"
                  NotAction = ["s3:*", "sqs:*"]
                  Resource = "*"
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: Access, /) -> Iterator[Finding]:
        for grant in subject.allows_everything():
            if grant.by_exclusion:
                yield self.finding(
                    grant.view.block,
                    f"{grant.who} may call every action that NotAction does not name",
                    path=grant.view.path,
                    related=grant.view.labels(grant.index),
                )
