from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Model, Severity

# What an account's baseline is made of, and the types by which a design has it, its own or from elsewhere.
PARTS = {
    "a trail": ("aws_cloudtrail",),
    "GuardDuty": (
        "aws_guardduty_detector",
        "aws_guardduty_organization_configuration",
        "aws_guardduty_organization_admin_account",
        "data.aws_guardduty_detector",
    ),
    "AWS Config": ("aws_config_configuration_recorder",),
    "an access analyzer": ("aws_accessanalyzer_analyzer",),
    "the account's block of public S3 access": ("aws_s3_account_public_access_block",),
    "EBS encryption by default": ("aws_ebs_encryption_by_default",),
    "Security Hub": (
        "aws_securityhub_account",
        "aws_securityhub_organization_configuration",
        "aws_securityhub_organization_admin_account",
    ),
    "a security contact": ("aws_account_alternate_contact",),
}
MOST = """
            resource "aws_guardduty_detector" "main" { # finding
              enable = true
            }

            resource "aws_accessanalyzer_analyzer" "main" {
              analyzer_name = "main"
            }

            resource "aws_s3_account_public_access_block" "main" {
              block_public_acls       = true
              block_public_policy     = true
              ignore_public_acls      = true
              restrict_public_buckets = true
            }

            resource "aws_ebs_encryption_by_default" "main" {
              enabled = true
            }

            resource "aws_securityhub_account" "main" {}

            resource "aws_account_alternate_contact" "security" {
              alternate_contact_type = "SECURITY"
              name                   = "Security"
              title                  = "Security"
              email_address          = "security@example.com"
              phone_number           = "+4912345678"
            }

            resource "aws_config_configuration_recorder" "main" {
              name     = "main"
              role_arn = "arn:aws:iam::111122223333:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
            }

            resource "aws_config_configuration_recorder_status" "main" {
              name       = aws_config_configuration_recorder.main.name
              is_enabled = true
            }
"""


class IncompleteBaseline(Check[Model]):
    """The baseline of an account leaves something out.

    ## Why is this bad?
    A design that sets most of what guards a whole account is where people look for the rest. What is not in it is
    believed to be in it.

    Looked for are a trail, GuardDuty, AWS Config, an access analyzer, the account's block of public S3 access, EBS
    encryption by default, Security Hub and a security contact. A design with fewer than half of them is no baseline,
    and is not reported; what it reads from elsewhere or leaves to the organisation's administrator counts as there.
    """

    id = "incomplete-baseline"
    kind = Kind.SECURITY
    severity = Severity.INFO
    hint = "Add what is missing, or suppress this with the place where it is kept."
    references = (
        "https://docs.aws.amazon.com/prescriptive-guidance/latest/aws-startup-security-baseline/welcome.html",
    )
    examples = (
        Example(
            bad=MOST,
            fixed=f"""
            {MOST.replace(" # finding", "")}
            resource "aws_cloudtrail" "main" {{
              name                       = "main"
              s3_bucket_name             = "example-trail"
              is_multi_region_trail      = true
              enable_log_file_validation = true
              kms_key_id                 = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
              cloud_watch_logs_group_arn = "arn:aws:logs:eu-west-1:111122223333:log-group:trail:*"
              cloud_watch_logs_role_arn  = "arn:aws:iam::111122223333:role/trail"
            }}
            """,
        ),
    )

    def check(self, subject: Model, /) -> Iterator[Finding]:
        if subject.kind == "account":
            return  # there, a check for each part says it
        there = {part: found for part, types in PARTS.items() if (found := next(subject.all(*types), None))}
        missing = [part for part in PARTS if part not in there]
        if not missing or 2 * len(there) < len(PARTS):
            return
        list(subject.resources(*(type_ for part in missing for type_ in PARTS[part])))  # raises where one may be there
        first = next((each for each in there.values() if not each.conditional), next(iter(there.values())))
        count = len(there)
        yield self.finding(first, f"the design has {count} parts of an account's baseline, but not {_listed(missing)}")


def _listed(parts: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
