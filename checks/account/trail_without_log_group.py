from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity

TRAIL = """
            resource "aws_cloudtrail" "main" {
              name                       = "main"
              s3_bucket_name             = "example-trail"
              is_multi_region_trail      = true
              enable_log_file_validation = true
              kms_key_id                 = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
"""


class TrailWithoutLogGroup(Check[Resource]):
    """A trail goes to no log group, so that no alarm can look at it.

    ## Why is this bad?
    Files in a bucket are there for the inquiry afterwards, up to a quarter of an hour late. A metric filter on a log
    group, such as one for the root user's sign-in, tells somebody while it happens.

    A trail of the organisation is watched where its files go, and is not reported.
    """

    id = "trail-without-log-group"
    kind = Kind.SECURITY
    severity = Severity.INFO
    hint = "Set `cloud_watch_logs_group_arn` and `cloud_watch_logs_role_arn`, or watch the trail by other means."
    types = ("aws_cloudtrail",)
    same_as = ("CKV2_AWS_10", "AWS-0162")
    references = (
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/send-cloudtrail-events-to-cloudwatch-logs.html",
    )
    compliance = ("AWS-FSBP:CloudTrail.5",)
    examples = (
        Example(
            bad=TRAIL.replace('"main" {', '"main" { # finding') + "}",
            fixed=f"""
            {TRAIL}
              cloud_watch_logs_group_arn = "arn:aws:logs:eu-west-1:111122223333:log-group:trail:*"
              cloud_watch_logs_role_arn  = "arn:aws:iam::111122223333:role/trail"
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not subject.flag("is_organization_trail") and not subject.text("cloud_watch_logs_group_arn", default=""):
            yield self.finding(subject, "its events reach no log group", path="cloud_watch_logs_group_arn")
