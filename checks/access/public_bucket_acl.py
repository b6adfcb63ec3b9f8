from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity, related

PUBLIC = ("public-read", "public-read-write", "authenticated-read")


class PublicBucketAcl(Check[Resource]):
    """An S3 bucket's canned ACL opens it to everybody.

    ## Why is this bad?
    `public-read` lets anyone list the bucket and read its objects, `public-read-write` lets anyone write to it as
    well, and `authenticated-read` means every AWS account in the world, not only yours.

    An ACL that a public access block overrides grants nothing and is not reported.
    """

    id = "public-bucket-acl"
    kind = Kind.SECURITY
    severity = Severity.HIGH
    hint = "Make the ACL `private`, and share objects through a bucket policy or CloudFront."
    types = ("aws_s3_bucket", "aws_s3_bucket_acl")
    same_as = ("CKV_AWS_20", "CKV_AWS_57", "AWS-0092")
    references = ("https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl",)
    compliance = ("CIS-AWS-3.0:2.1.4", "AWS-FSBP:S3.2")
    examples = (
        Example(
            bad="""
            resource "aws_s3_bucket" "site" {
              bucket = "example-site"
            }

            resource "aws_s3_bucket_acl" "site" {
              bucket = aws_s3_bucket.site.id
              acl    = "public-read" # finding
            }
            """,
            fixed="""
            resource "aws_s3_bucket" "site" {
              bucket = "example-site"
            }

            resource "aws_s3_bucket_acl" "site" {
              bucket = aws_s3_bucket.site.id
              acl    = "private"
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        acl = subject.text("acl", default="private")
        if acl not in PUBLIC:
            return
        model = subject.model
        bucket = subject if subject.type == "aws_s3_bucket" else model.resolve(subject.raw("bucket"), "aws_s3_bucket")
        for block in model.all("aws_s3_bucket_public_access_block"):
            same = bucket is not None and model.resolve(block.raw("bucket"), "aws_s3_bucket") is bucket
            if same and block.flag("ignore_public_acls") and block.certain():
                return
        for block in model.all("aws_s3_account_public_access_block"):
            if block.flag("ignore_public_acls") and block.certain():
                return
        yield self.finding(
            subject,
            f"the ACL `{acl}` is public",
            path="acl",
            related=related((bucket.place(), "the bucket")) if bucket and bucket is not subject else (),
            fix=self.set_attribute(subject, "acl", '"private"'),
        )
