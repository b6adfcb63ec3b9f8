from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, PolicyView, Severity


class BucketPolicyWithoutTls(Check[PolicyView]):
    """A bucket's policy takes requests that are not encrypted.

    ## Why is this bad?
    Whoever sits on the way reads and changes what is sent over plain HTTP, the signature of the request included. S3
    answers it unless a policy denies it.

    A bucket without any policy is not reported: AWS's tools and SDKs use TLS by themselves.
    """

    id = "bucket-policy-without-tls"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Deny `s3:*` to everybody under `Bool` `aws:SecureTransport` `false`, on the bucket and its objects."
    same_as = ("CKV_AWS_379",)
    references = ("https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html",)
    compliance = ("CIS-AWS-3.0:2.1.1", "AWS-FSBP:S3.5")
    examples = (
        Example(
            bad="""
            resource "aws_s3_bucket_policy" "reports" {
              bucket = "example-reports"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [
                  {
                    Effect    = "Allow"
                    Principal = { Service = "cloudfront.amazonaws.com" }
                    Action    = "s3:GetObject"
                    Resource  = "arn:aws:s3:::example-reports/*"
                    Condition = { StringEquals = { "aws:SourceAccount" = "111122223333" } }
                  },
                ]
              })
            }
            """,
            fixed="""
            resource "aws_s3_bucket_policy" "reports" {
              bucket = "example-reports"
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [
                  {
                    Effect    = "Allow"
                    Principal = { Service = "cloudfront.amazonaws.com" }
                    Action    = "s3:GetObject"
                    Resource  = "arn:aws:s3:::example-reports/*"
                    Condition = { StringEquals = { "aws:SourceAccount" = "111122223333" } }
                  },
                  {
                    Effect    = "Deny"
                    Principal = "*"
                    Action    = "s3:*"
                    Resource  = ["arn:aws:s3:::example-reports", "arn:aws:s3:::example-reports/*"]
                    Condition = { Bool = { "aws:SecureTransport" = "false" } }
                  },
                ]
              })
            }
            """,
        ),
    )

    def check(self, subject: PolicyView, /) -> Iterator[Finding]:
        bucket = subject.resource.type in ("aws_s3_bucket_policy", "aws_s3_bucket")
        if bucket and subject.ours and subject.open_without_tls():
            yield self.finding(subject.block, "requests over plain HTTP are not denied", path=subject.path)
