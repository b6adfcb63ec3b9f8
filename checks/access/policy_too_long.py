from __future__ import annotations

from collections.abc import Iterator

from guardrails import Access, Check, Example, Finding, Kind, Severity, related

OF_KIND = {"managed": 6_144, "trust": 4_096, "scp": 5_120, "rcp": 5_120, "vpc-endpoint": 20_480}
"""By the kind of policy; for a trust policy the quota that can be had, its default is 2,048."""
OF_TYPE = {
    "aws_cloudwatch_log_resource_policy": 5_120,
    "aws_ecr_repository_policy": 10_240,
    "aws_kms_key": 32_768,
    "aws_kms_key_policy": 32_768,
    "aws_s3_bucket": 20_480,
    "aws_s3_bucket_policy": 20_480,
    "aws_secretsmanager_secret_policy": 20_480,
}
INLINE = {"user": 2_048, "group": 5_120, "role": 10_240}
"""All inline policies of one principal together."""


class PolicyTooLong(Check[Access]):
    """A policy document is longer than AWS takes.

    ## Why is this bad?
    The apply fails in the middle, with `LimitExceeded: Cannot exceed quota for PolicySize: 6144` or `Maximum policy
    size of 10240 bytes exceeded for role`, and what was to be attached is not. White space does not count; the inline
    policies of one principal are counted together.
    """

    id = "policy-too-long"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Join actions by wildcards, or spread the statements over several managed policies."
    references = (
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html",
    )
    examples = (
        Example(
            bad="""
            resource "aws_iam_policy" "buckets" {
              name = "buckets"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect   = "Allow"
                  Action   = "s3:GetObject"
                  Resource = [for n in range(200) : "arn:aws:s3:::example-bucket-${n}/*"]
                }]
              })
            }
            """,
            fixed="""
            resource "aws_iam_policy" "buckets" {
              name = "buckets"
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect   = "Allow"
                  Action   = "s3:GetObject"
                  Resource = "arn:aws:s3:::example-bucket-*/*"
                }]
              })
            }
            """,
        ),
        Example(
            title="Inline policies together",
            bad="""
            resource "aws_iam_role" "buckets" { # finding
              name = "buckets"
              assume_role_policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = { Service = "ec2.amazonaws.com" }
                }]
              })
            }

            resource "aws_iam_role_policy" "buckets" {
              count = 3
              name  = "buckets-${count.index}"
              role  = aws_iam_role.buckets.name
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect   = "Allow"
                  Action   = "s3:GetObject"
                  Resource = [for n in range(100) : "arn:aws:s3:::example-bucket-${count.index}-${n}/*"]
                }]
              })
            }
            """,
            fixed="""
            resource "aws_iam_role" "buckets" {
              name = "buckets"
              assume_role_policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = "sts:AssumeRole"
                  Principal = { Service = "ec2.amazonaws.com" }
                }]
              })
            }

            resource "aws_iam_role_policy" "buckets" {
              count = 3
              name  = "buckets-${count.index}"
              role  = aws_iam_role.buckets.name
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect   = "Allow"
                  Action   = "s3:GetObject"
                  Resource = "arn:aws:s3:::example-bucket-${count.index}-*/*"
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: Access, /) -> Iterator[Finding]:
        for view in subject.documents():
            limit = OF_TYPE.get(view.resource.type) or OF_KIND.get(view.kind.value)
            if limit is not None and view.size > limit:
                yield self.finding(
                    view.block, f"it has {view.size:,} characters, {limit:,} are allowed", path=view.path
                )
        for principal in subject.principals(*INLINE):
            inline = [view for view in principal.own if view.kind.value == "identity" and view.ours]
            total = sum(view.size for view in inline)
            if total > INLINE[principal.kind]:
                yield self.finding(
                    principal.resource,
                    f"its inline policies have {total:,} characters together, {INLINE[principal.kind]:,} are allowed",
                    related=related(*((view.block.place(*view.path), f"{view.size:,} of them") for view in inline)),
                )
