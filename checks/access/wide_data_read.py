from __future__ import annotations

from collections.abc import Iterator

from guardrails import Access, Check, Example, Finding, Kind, Severity

READS = (
    ("s3:GetObject", "arn:{partition}:s3:::guardrails-any/guardrails-any"),
    ("dynamodb:GetItem", "arn:{partition}:dynamodb:{region}:{account}:table/guardrails-any"),
    ("dynamodb:Query", "arn:{partition}:dynamodb:{region}:{account}:table/guardrails-any"),
    ("dynamodb:Scan", "arn:{partition}:dynamodb:{region}:{account}:table/guardrails-any"),
    ("ebs:GetSnapshotBlock", "arn:{partition}:ec2:{region}::snapshot/guardrails-any"),
    ("kinesis:GetRecords", "arn:{partition}:kinesis:{region}:{account}:stream/guardrails-any"),
    ("kms:Decrypt", "arn:{partition}:kms:{region}:{account}:key/guardrails-any"),
    ("rds-data:ExecuteStatement", "arn:{partition}:rds:{region}:{account}:cluster:guardrails-any"),
    ("secretsmanager:GetSecretValue", "arn:{partition}:secretsmanager:{region}:{account}:secret:guardrails-any"),
    ("sqs:ReceiveMessage", "arn:{partition}:sqs:{region}:{account}:guardrails-any"),
    ("ssm:GetParameter", "arn:{partition}:ssm:{region}:{account}:parameter/guardrails-any"),
    ("ssm:GetParameters", "arn:{partition}:ssm:{region}:{account}:parameter/guardrails-any"),
)
"""What gives data out, on something that nobody names."""


class WideDataRead(Check[Access]):
    """A principal may read the data of every bucket, table, secret or queue.

    ## Why is this bad?
    One set of stolen credentials then empties the account: objects, tables, secrets, parameters, messages, and whatever
    their keys protect.

    What counts is what AWS would answer with all policies together; a statement that is limited to some resources, or
    by a condition that not every request meets, is not reported.
    """

    id = "wide-data-read"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Name the buckets, tables, secrets and keys that this principal reads."
    same_as = ("CKV_AWS_108", "CKV_AWS_288", "AWS-0345")
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",)
    examples = (
        Example(
            bad="""
            resource "aws_iam_policy" "report" {
              name = "report"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect = "Allow"
                  Action = ["s3:GetObject", "secretsmanager:Get*"]
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
                  Action = ["s3:GetObject", "s3:ListBucket"]
                  Resource = ["arn:aws:s3:::example-reports", "arn:aws:s3:::example-reports/*"]
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: Access, /) -> Iterator[Finding]:
        for grant in subject.granted(*READS):
            if grant.allows_everything:
                continue
            actions = ", ".join(grant.actions[:3]) + (" and more" if len(grant.actions) > 3 else "")
            yield self.finding(
                grant.view.block,
                f"{grant.who} may call {actions} on everything",
                path=grant.view.path,
                related=grant.view.labels(grant.index),
            )
