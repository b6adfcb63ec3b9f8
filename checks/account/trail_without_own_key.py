from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class TrailWithoutOwnKey(Check[Resource]):
    """CloudTrail logs are not encrypted with a key of your own.

    ## Why is this bad?
    Everyone who can read the bucket can read the log. With a KMS key, reading needs a second permission that is
    granted, and recorded, apart from the bucket's.
    """

    id = "trail-without-own-key"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Set `kms_key_id` to a key whose policy lets CloudTrail encrypt."
    types = ("aws_cloudtrail",)
    same_as = ("CKV_AWS_35", "AWS-0015")
    references = (
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/encrypting-cloudtrail-log-files-with-aws-kms.html",
    )
    compliance = ("CIS-AWS-3.0:3.5", "AWS-FSBP:CloudTrail.2")
    examples = (
        Example(
            bad="""
            resource "aws_cloudtrail" "main" { # finding
              name                       = "main"
              s3_bucket_name             = "example-trail"
              is_multi_region_trail      = true
              enable_log_file_validation = true
            }
            """,
            fixed="""
            resource "aws_cloudtrail" "main" {
              name                       = "main"
              s3_bucket_name             = "example-trail"
              cloud_watch_logs_group_arn = "arn:aws:logs:eu-west-1:111122223333:log-group:trail:*"
              cloud_watch_logs_role_arn  = "arn:aws:iam::111122223333:role/trail"
              is_multi_region_trail      = true
              enable_log_file_validation = true
              kms_key_id                 = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not subject.is_set("kms_key_id"):
            yield self.finding(subject, "log files have no KMS key of yours", path="kms_key_id")
