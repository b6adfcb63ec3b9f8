from __future__ import annotations

from collections.abc import Iterator

from guardrails import Access, Check, Example, Finding, Kind, Severity


class UnlimitedWrites(Check[Access]):
    """A principal may change every resource of a service.

    ## Why is this bad?
    A mistake in a script, or a stolen key, then reaches all queues, tables and machines of the account, not those of
    one application.

    Actions that take no resource are allowed on `*` alone and are never reported.
    """

    id = "unlimited-writes"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Name the resources that this principal changes, or limit it by `aws:ResourceTag`."
    same_as = ("CKV_AWS_111", "CKV_AWS_290", "CKV_AWS_355", "CKV_AWS_356")
    references = (
        "https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html",
    )
    examples = (
        Example(
            bad="""
            resource "aws_iam_policy" "worker" {
              name = "worker"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  Action = ["sqs:SendMessage", "sqs:DeleteMessage", "ec2:DescribeInstances"]
                  Resource = "*"
                }]
              })
            }
            """,
            fixed="""
            resource "aws_iam_policy" "worker" {
              name = "worker"
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  Action = ["sqs:SendMessage", "sqs:DeleteMessage"]
                  Resource = "arn:aws:sqs:eu-west-1:111122223333:jobs"
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

    def check(self, subject: Access, /) -> Iterator[Finding]:
        for grant in subject.unlimited("W"):
            if grant.allows_everything:
                continue
            actions = ", ".join(grant.actions[:3]) + (" and more" if len(grant.actions) > 3 else "")
            yield self.finding(
                grant.view.block,
                f"{grant.who} may call {actions} on every resource",
                path=grant.view.path,
                related=grant.view.labels(grant.index),
            )
