from __future__ import annotations

from collections.abc import Iterator

from guardrails import Access, Check, Example, Finding, Kind, Severity, related

BUCKET = """
            resource "aws_s3_bucket" "trail" {
              bucket = "example-trail"
            }

            resource "aws_cloudtrail" "main" {
              name                       = "main"
              s3_bucket_name             = aws_s3_bucket.trail.id
              is_multi_region_trail      = true
              enable_log_file_validation = true
              kms_key_id                 = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
              cloud_watch_logs_group_arn = "arn:aws:logs:eu-west-1:111122223333:log-group:trail:*"
              cloud_watch_logs_role_arn  = "arn:aws:iam::111122223333:role/trail"
            }
"""


SOURCE = """
                    Condition = { StringEquals = { "aws:SourceAccount" = "111122223333" } }
"""


def _policy(principal: str, action: str, mark: str = "") -> str:
    return f"""
            resource "aws_s3_bucket_policy" "trail" {{
              bucket = aws_s3_bucket.trail.id
              policy = jsonencode({{{mark}
                Version = "2012-10-17"
                Statement = [
                  {{
                    Effect    = "Allow"
                    Principal = {principal}
                    Action    = "{action}"
                    Resource  = "arn:aws:s3:::example-trail/*"
{"" if mark else SOURCE}
                  }},
                  {{
                    Effect    = "Deny"
                    Principal = "*"
                    Action    = "s3:*"
                    Resource  = ["arn:aws:s3:::example-trail", "arn:aws:s3:::example-trail/*"]
                    Condition = {{ Bool = {{ "aws:SecureTransport" = "false" }} }}
                  }},
                ]
              }})
            }}

            resource "aws_s3_bucket_public_access_block" "trail" {{
              bucket                  = aws_s3_bucket.trail.id
              block_public_acls       = true
              block_public_policy     = {"false" if mark else "true"}
              ignore_public_acls      = true
              restrict_public_buckets = {"false" if mark else "true"}
            }}
"""


class PublicTrailBucket(Check[Access]):
    """The bucket with the account's audit log is open to everybody.

    ## Why is this bad?
    The log names every user, role, address and resource, and every call that was refused: it is the map that an
    attacker needs. Who may write can also hide what was done.
    """

    id = "public-trail-bucket"
    kind = Kind.SECURITY
    severity = Severity.CRITICAL
    hint = "Let CloudTrail write and your security account read, and nobody else."
    same_as = ("AWS-0161",)
    references = (
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html",
    )
    examples = (
        Example(
            bad=f"""
            {BUCKET}
            {_policy('"*"', "s3:GetObject", " # finding")}
            """,
            fixed=f"""
            {BUCKET}
            {_policy('{ Service = "cloudtrail.amazonaws.com" }', "s3:PutObject")}
            """,
        ),
    )

    def check(self, subject: Access, /) -> Iterator[Finding]:
        model = subject.model
        buckets = {}
        for trail in model.all("aws_cloudtrail"):
            bucket = model.resolve(trail.raw("s3_bucket_name"), "aws_s3_bucket")
            if bucket is not None:
                buckets[bucket.address] = trail
        for exposure in subject.public() if buckets else ():
            found = buckets.get(exposure.target.address)
            if found is not None and exposure.certainty == "must":
                yield self.finding(
                    exposure.view.block,
                    f"everybody may call {', '.join(exposure.actions[:3])} on the log of {found.address}",
                    path=exposure.view.path,
                    related=related((found.place(), "the trail")),
                )
