from __future__ import annotations

from collections.abc import Iterator

from guardrails import Access, Check, Example, Finding, Kind, Severity

TRUST = """
              name = "report"
              assume_role_policy = jsonencode({
                Version   = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
"""


class OpenToEverybody(Check[Access]):
    """A policy lets everybody in the world in.

    ## Why is this bad?
    A queue that anybody can write to, a bucket that anybody can read, a key or role that anybody can use: no
    credentials of yours are needed.

    What counts is the whole of the policies: a public access block, a Deny, a control policy of the organisation, or a
    condition that only your own requests can meet keeps strangers out, and nothing is reported.
    """

    id = "open-to-everybody"
    kind = Kind.SECURITY
    severity = Severity.CRITICAL
    hint = "Name the accounts, roles or services that need it, or limit it with `aws:PrincipalOrgID`."
    same_as = (
        "CKV_AWS_32",
        "CKV_AWS_33",
        "CKV_AWS_60",
        "CKV_AWS_70",
        "CKV_AWS_168",
        "CKV_AWS_169",
        "CKV_AWS_301",
        "CKV_AWS_387",
        "AWS-0032",
        "AWS-0097",
        "AWS-0346",
    )
    references = (
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
    )
    compliance = ("AWS-FSBP:SQS.3", "AWS-FSBP:SNS.4", "AWS-FSBP:Lambda.1", "AWS-FSBP:S3.2")
    examples = (
        Example(
            bad="""
            resource "aws_sqs_queue_policy" "jobs" {
              queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"
              policy = jsonencode({ # finding
                Version   = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Principal = "*"
                  Action    = "sqs:SendMessage"
                  Resource  = "arn:aws:sqs:eu-west-1:111122223333:jobs"
                }]
              })
            }
            """,
            fixed="""
            resource "aws_sqs_queue_policy" "jobs" {
              queue_url = "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"
              policy = jsonencode({
                Version   = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Principal = "*"
                  Action    = "sqs:SendMessage"
                  Resource  = "arn:aws:sqs:eu-west-1:111122223333:jobs"
                  Condition = { StringEquals = { "aws:PrincipalOrgID" = "o-a1b2c3d4e5" } }
                }]
              })
            }
            """,
        ),
        Example(
            title="A role that anybody may assume",
            bad=f"""
            resource "aws_iam_role" "report" {{
{TRUST.replace("assume_role_policy = jsonencode({", "assume_role_policy = jsonencode({ # finding")}
                  Principal = {{ AWS = "*" }}
                }}]
              }})
            }}
            """,
            fixed=f"""
            resource "aws_iam_role" "report" {{
{TRUST}
                  Principal = {{ Service = "lambda.amazonaws.com" }}
                }}]
              }})
            }}
            """,
        ),
        Example(
            title="Everybody but a few",
            bad="""
            resource "aws_sns_topic_policy" "alarms" {
              arn = "arn:aws:sns:eu-west-1:111122223333:alarms"
              policy = jsonencode({ # finding
                Version   = "2012-10-17"
                Statement = [{
                  Effect       = "Allow"
                  NotPrincipal = { AWS = "arn:aws:iam::111122223333:user/guest" }
                  Action       = "sns:Publish"
                  Resource     = "arn:aws:sns:eu-west-1:111122223333:alarms"
                }]
              })
            }
            """,
            fixed="""
            resource "aws_sns_topic_policy" "alarms" {
              arn = "arn:aws:sns:eu-west-1:111122223333:alarms"
              policy = jsonencode({
                Version   = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Principal = { AWS = "arn:aws:iam::111122223333:role/operators" }
                  Action    = "sns:Publish"
                  Resource  = "arn:aws:sns:eu-west-1:111122223333:alarms"
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: Access, /) -> Iterator[Finding]:
        for exposure in subject.public():
            view = exposure.view
            actions = ", ".join(exposure.actions[:3]) + (" and more" if len(exposure.actions) > 3 else "")
            sure = exposure.certainty == "must"
            finding = self.finding(
                view.block,
                f"everybody {'may' if sure else 'could'} call {actions} on {exposure.target.address}"
                + ("" if sure else f" ({exposure.reason})"),
                path=view.path,
                severity=self.severity if sure else Severity.MEDIUM,
            )
            yield finding
