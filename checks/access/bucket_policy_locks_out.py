from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, PolicyView, Severity


class BucketPolicyLocksOut(Check[PolicyView]):
    """A bucket policy denies its change to everybody, or to the role that applies it.

    ## Why is this bad?
    A Deny holds for administrators too. Once the policy is in place no role can repair it, every further apply fails
    with `AccessDenied`, and only the root user of the account, whom nobody uses, can delete the policy.

    What counts is AWS's evaluation of the whole policy: whoever is excepted by a condition is still in.
    """

    id = "bucket-policy-locks-out"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Except the roles that administer the bucket from the Deny, by `ArnNotLike` on `aws:PrincipalArn`."
    same_as = ("CKV_AWS_93",)
    references = (
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html",
        "https://repost.aws/knowledge-center/s3-accidentally-denied-access",
    )
    examples = (
        Example(
            bad="""
            resource "aws_s3_bucket_policy" "vault" {
              bucket = "example-vault"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Deny"
                  Principal = "*"
                  Action    = "s3:*"
                  Resource  = ["arn:aws:s3:::example-vault", "arn:aws:s3:::example-vault/*"]
                }]
              })
            }
            """,
            fixed="""
            resource "aws_s3_bucket_policy" "vault" {
              bucket = "example-vault"
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [
                  {
                    Effect    = "Deny"
                    Principal = "*"
                    Action    = "s3:*"
                    Resource  = ["arn:aws:s3:::example-vault", "arn:aws:s3:::example-vault/*"]
                    Condition = { ArnNotLike = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/vault-*" } }
                  },
                  {
                    Effect    = "Deny"
                    Principal = "*"
                    Action    = "s3:*"
                    Resource  = ["arn:aws:s3:::example-vault", "arn:aws:s3:::example-vault/*"]
                    Condition = { Bool = { "aws:SecureTransport" = "false" } }
                  },
                ]
              })
            }
            """,
        ),
        Example(
            title="The role that applies the design",
            bad="""
            provider "aws" {
              region = "eu-west-1"

              assume_role {
                role_arn = "arn:aws:iam::111122223333:role/deploy"
              }
            }

            resource "aws_s3_bucket_policy" "vault" {
              bucket = "example-vault"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Deny"
                  Principal = "*"
                  Action    = ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]
                  Resource  = "arn:aws:s3:::example-vault"
                  Condition = { ArnNotEquals = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/security" } }
                }]
              })
            }
            """,
            fixed="""
            provider "aws" {
              region = "eu-west-1"

              assume_role {
                role_arn = "arn:aws:iam::111122223333:role/deploy"
              }
            }

            resource "aws_s3_bucket_policy" "vault" {
              bucket = "example-vault"
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [
                  {
                    Effect    = "Deny"
                    Principal = "*"
                    Action    = ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]
                    Resource  = "arn:aws:s3:::example-vault"
                    Condition = {
                      ArnNotEquals = {
                        "aws:PrincipalArn" = [
                          "arn:aws:iam::111122223333:role/security",
                          "arn:aws:iam::111122223333:role/deploy",
                        ]
                      }
                    }
                  },
                  {
                    Effect    = "Deny"
                    Principal = "*"
                    Action    = "s3:*"
                    Resource  = ["arn:aws:s3:::example-vault", "arn:aws:s3:::example-vault/*"]
                    Condition = { Bool = { "aws:SecureTransport" = "false" } }
                  },
                ]
              })
            }
            """,
        ),
    )

    def check(self, subject: PolicyView, /) -> Iterator[Finding]:
        if subject.resource.type not in ("aws_s3_bucket", "aws_s3_bucket_policy"):
            return
        found = subject.lockout()
        if found is not None:
            who = found.who or "everybody but the account's root user"
            yield self.finding(
                subject.block,
                f"{who} is denied {' and '.join(found.actions)}",
                path=subject.path,
                related=subject.labels(*found.denying),
            )
