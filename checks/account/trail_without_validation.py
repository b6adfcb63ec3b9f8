from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class TrailWithoutValidation(Check[Resource]):
    """CloudTrail logs can be changed without a trace.

    ## Why is this bad?
    Log file validation signs a digest of each hour's files. Without it nobody can prove after an incident that no
    file was altered or removed.
    """

    id = "trail-without-validation"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Set `enable_log_file_validation = true`."
    types = ("aws_cloudtrail",)
    same_as = ("CKV_AWS_36", "AWS-0016")
    references = (
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-intro.html",
    )
    compliance = ("CIS-AWS-3.0:3.2", "AWS-FSBP:CloudTrail.4")
    examples = (
        Example(
            bad="""
            resource "aws_cloudtrail" "main" { # finding
              name                  = "main"
              s3_bucket_name        = "example-trail"
              is_multi_region_trail = true
              kms_key_id            = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
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
        if not subject.flag("enable_log_file_validation"):
            yield self.finding(
                subject,
                "log files are not signed",
                path="enable_log_file_validation",
                fix=self.set_attribute(
                    subject,
                    "enable_log_file_validation",
                    "true",
                    cli="aws cloudtrail update-trail --name NAME --enable-log-file-validation",
                ),
            )
