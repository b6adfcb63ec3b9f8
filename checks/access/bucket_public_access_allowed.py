from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity

SWITCHES = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")


class BucketPublicAccessAllowed(Check[Resource]):
    """A bucket's public access block leaves a way open.

    ## Why is this bad?
    A bucket blocks public access unless it is told otherwise: this resource tells it otherwise. Each switch that is
    off lets one kind of mistake in an ACL or a policy through to the internet.

    A bucket without this resource keeps S3's default (everything blocked) and is not reported.
    """

    id = "bucket-public-access-allowed"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Set all four switches to true, and serve public content through CloudFront."
    types = ("aws_s3_bucket_public_access_block",)
    same_as = (
        "CKV_AWS_53",
        "CKV_AWS_54",
        "CKV_AWS_55",
        "CKV_AWS_56",
        "CKV2_AWS_6",
        "AWS-0086",
        "AWS-0087",
        "AWS-0094",
        "AWS-0091",
        "AWS-0093",
    )
    references = ("https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",)
    compliance = ("CIS-AWS-3.0:2.1.4", "AWS-FSBP:S3.8")
    examples = (
        Example(
            bad="""
            resource "aws_s3_bucket_public_access_block" "site" {
              bucket                  = "example-site"
              block_public_acls       = true
              block_public_policy     = false # finding
              ignore_public_acls      = true
              restrict_public_buckets = true
            }
            """,
            fixed="""
            resource "aws_s3_bucket_public_access_block" "site" {
              bucket                  = "example-site"
              block_public_acls       = true
              block_public_policy     = true
              ignore_public_acls      = true
              restrict_public_buckets = true
            }
            """,
        ),
        Example(
            title="Left out",
            bad="""
            resource "aws_s3_bucket_public_access_block" "site" { # finding
              bucket              = "example-site"
              block_public_acls   = true
              block_public_policy = true
              ignore_public_acls  = true
            }
            """,
            fixed="""
            resource "aws_s3_account_public_access_block" "main" {
              block_public_acls       = true
              block_public_policy     = true
              ignore_public_acls      = true
              restrict_public_buckets = true
            }

            resource "aws_s3_bucket_public_access_block" "site" {
              bucket              = "example-site"
              block_public_acls   = true
              block_public_policy = true
              ignore_public_acls  = true
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        for switch in SWITCHES:
            if subject.flag(switch):
                continue
            account = subject.model.all("aws_s3_account_public_access_block")
            if any(block.flag(switch) and block.certain() for block in account):
                continue
            yield self.finding(
                subject,
                f"`{switch}` is off",
                path=switch,
                fix=self.set_attribute(subject, switch, "true"),
            )
