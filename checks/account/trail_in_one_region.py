from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class TrailInOneRegion(Check[Resource]):
    """A CloudTrail trail records one region only, or not at all.

    ## Why is this bad?
    Whoever has stolen credentials works in the region that nobody watches. What happens there is in no log, and
    calls to global services (IAM, STS, CloudFront) may be missing as well.
    """

    id = "trail-in-one-region"
    kind = Kind.SECURITY
    severity = Severity.HIGH
    hint = "Set `is_multi_region_trail = true` and leave `enable_logging` and `include_global_service_events` on."
    types = ("aws_cloudtrail",)
    same_as = ("CKV_AWS_67", "CKV_AWS_251", "CKV_AWS_252", "AWS-0014")
    references = ("https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-multi-region-trails.html",)
    compliance = ("CIS-AWS-3.0:3.1", "AWS-FSBP:CloudTrail.1")
    examples = (
        Example(
            bad="""
            resource "aws_cloudtrail" "main" { # finding
              name                       = "main"
              s3_bucket_name             = "example-trail"
              enable_log_file_validation = true
              kms_key_id                 = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
            }
            """,
            fixed="""
            resource "aws_cloudtrail" "main" {
              name                       = "main"
              s3_bucket_name             = "example-trail"
              cloud_watch_logs_group_arn = "arn:aws:logs:eu-west-1:111122223333:log-group:trail:*"
              cloud_watch_logs_role_arn  = "arn:aws:iam::111122223333:role/trail"
              enable_log_file_validation = true
              is_multi_region_trail      = true
              kms_key_id                 = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not subject.flag("enable_logging", default=True):
            yield self.finding(
                subject,
                "logging is switched off",
                path="enable_logging",
                fix=self.set_attribute(
                    subject, "enable_logging", "true", cli="aws cloudtrail start-logging --name NAME"
                ),
            )
            return
        if not subject.flag("is_multi_region_trail"):
            yield self.finding(
                subject,
                "only the trail's own region is recorded",
                path="is_multi_region_trail",
                fix=self.set_attribute(
                    subject,
                    "is_multi_region_trail",
                    "true",
                    cli="aws cloudtrail update-trail --name NAME --is-multi-region-trail",
                ),
            )
        elif not subject.flag("include_global_service_events", default=True):
            yield self.finding(
                subject,
                "calls to global services are not recorded",
                path="include_global_service_events",
                fix=self.set_attribute(
                    subject,
                    "include_global_service_events",
                    "true",
                    cli="aws cloudtrail update-trail --name NAME --include-global-service-events",
                ),
            )
