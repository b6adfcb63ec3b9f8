from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, PolicyView, Severity


class DenyWithNotPrincipal(Check[PolicyView]):
    """A Deny spares principals by NotPrincipal.

    ## Why is this bad?
    A role is spared only if its account, the role and the very session are all listed, so that the role that was meant
    is mostly denied, and a principal with a permissions boundary always is. AWS advises against it.
    """

    id = "deny-with-not-principal"
    kind = Kind.PRODUCTIVITY
    severity = Severity.MEDIUM
    hint = "Deny everybody (`Principal` `*`) under `ArnNotEquals` on `aws:PrincipalArn`."
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html",)
    examples = (
        Example(
            bad="""
            resource "aws_sqs_queue_policy" "jobs" {
              queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect       = "Deny"
                  NotPrincipal = { AWS = "arn:aws:iam::111122223333:role/worker" }
                  Action       = "sqs:ReceiveMessage"
                  Resource     = "arn:aws:sqs:eu-west-1:111122223333:jobs"
                }]
              })
            }
            """,
            fixed="""
            resource "aws_sqs_queue_policy" "jobs" {
              queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Deny"
                  Principal = "*"
                  Action    = "sqs:ReceiveMessage"
                  Resource  = "arn:aws:sqs:eu-west-1:111122223333:jobs"
                  Condition = { ArnNotEquals = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/worker" } }
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: PolicyView, /) -> Iterator[Finding]:
        for statement in subject.bound("most").statements:
            if statement.denies and statement.not_principals is not None:
                yield self.finding(
                    subject.block,
                    "NotPrincipal spares no role without its account and its session, and nobody with a boundary",
                    path=subject.path,
                    related=subject.labels(statement.index),
                )
