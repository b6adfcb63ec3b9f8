from __future__ import annotations

import re
from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, PolicyView, Severity

UNIQUE = re.compile(r"A(ROA|IDA|GPA|NPA)[A-Z0-9]{12,}")


class DeletedPrincipal(Check[PolicyView]):
    """A policy names a principal that was deleted.

    ## Why is this bad?
    IAM turns the ARN of a principal into its unique id when a policy is saved. Once the principal is gone, the id is
    what is left: it lets nobody in, a new principal of the same name included, and a statement that seems to work does
    not.
    """

    id = "deleted-principal"
    kind = Kind.PRODUCTIVITY
    severity = Severity.LOW
    hint = "Name the principal that exists now by its ARN, or remove the entry."
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",)
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
                  Principal = { AWS = "AROA1234567890EXAMPLE" }
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
                  Principal = { AWS = "arn:aws:iam::111122223333:role/worker" }
                  Action    = "sqs:SendMessage"
                  Resource  = "arn:aws:sqs:eu-west-1:111122223333:jobs"
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: PolicyView, /) -> Iterator[Finding]:
        for statement in subject.bound("most").statements:
            for named in (*(statement.principals or ()), *(statement.not_principals or ())):
                name = getattr(named, "id", None)
                if isinstance(name, str) and UNIQUE.fullmatch(str.__str__(name)):
                    yield self.finding(
                        subject.block,
                        f"`{name}` is what is left of a principal that does not exist any more",
                        path=subject.path,
                        related=subject.labels(statement.index),
                    )
