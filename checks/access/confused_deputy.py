from __future__ import annotations

from collections.abc import Iterator

from guardrails import Access, Check, Example, Finding, Kind, Severity


class ConfusedDeputy(Check[Access]):
    """A service may act on a resource for anybody's account.

    ## Why is this bad?
    A service principal is one for all of AWS: whoever sets the service up in an account of their own can have it write
    to this bucket, publish to this topic or call this function. The service is let in, not its owner's intent.

    What counts is whether AWS would answer the service's call for a stranger: a condition on `aws:SourceAccount`,
    `aws:SourceArn` or `aws:SourceOrgID`, or a resource control policy that demands one, keeps it out.
    """

    id = "confused-deputy"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Demand your account by `aws:SourceAccount`, or the one resource by `aws:SourceArn`."
    same_as = ("CKV_AWS_364", "AWS-0067")
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",)
    examples = (
        Example(
            bad="""
            resource "aws_sns_topic_policy" "alarms" {
              arn = "arn:aws:sns:eu-west-1:111122223333:alarms"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Principal = { Service = "cloudwatch.amazonaws.com" }
                  Action    = "sns:Publish"
                  Resource  = "arn:aws:sns:eu-west-1:111122223333:alarms"
                }]
              })
            }
            """,
            fixed="""
            resource "aws_sns_topic_policy" "alarms" {
              arn = "arn:aws:sns:eu-west-1:111122223333:alarms"
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Principal = { Service = "cloudwatch.amazonaws.com" }
                  Action    = "sns:Publish"
                  Resource  = "arn:aws:sns:eu-west-1:111122223333:alarms"
                  Condition = { StringEquals = { "aws:SourceAccount" = "111122223333" } }
                }]
              })
            }
            """,
        ),
        Example(
            title="A function",
            bad="""
            resource "aws_lambda_permission" "schedule" {
              statement_id  = "schedule"
              function_name = "report"
              action        = "lambda:InvokeFunction"
              principal     = "events.amazonaws.com" # finding
            }
            """,
            fixed="""
            resource "aws_lambda_permission" "schedule" {
              statement_id  = "schedule"
              function_name = "report"
              action        = "lambda:InvokeFunction"
              principal     = "events.amazonaws.com"
              source_arn    = "arn:aws:events:eu-west-1:111122223333:rule/report"
            }
            """,
        ),
    )

    def check(self, subject: Access, /) -> Iterator[Finding]:
        for found in subject.deputies():
            yield self.finding(
                found.view.block,
                f"{found.service} may call {found.action} for any account",
                path=found.view.path,
                related=found.view.labels(found.index),
            )
