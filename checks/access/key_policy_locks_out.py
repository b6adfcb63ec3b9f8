from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, PolicyView, Severity


class KeyPolicyLocksOut(Check[PolicyView]):
    """Nobody, or not the role that applies it, can change a KMS key's policy again.

    ## Why is this bad?
    An identity policy counts for a key only if the key policy lets its account do so. Where no statement allows
    `kms:PutKeyPolicy` to the account or to somebody in it, the apply fails with `MalformedPolicyDocumentException: The
    new key policy will not allow you to update the key policy in the future`, or, with AWS's check bypassed, the key
    and the data under it can be recovered by AWS Support alone.

    What counts is AWS's evaluation of the whole policy: an exception in a condition leaves its owner in.
    """

    id = "key-policy-locks-out"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Allow the account's root principal `kms:*`, so that identity policies decide who administers the key."
    references = (
        "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html",
        "https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html",
    )
    examples = (
        Example(
            bad="""
            data "aws_caller_identity" "current" {}

            resource "aws_kms_key" "orders" {
              enable_key_rotation = true
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:role/orders" }
                  Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
                  Resource  = "*"
                }]
              })
            }
            """,
            fixed="""
            data "aws_caller_identity" "current" {}

            resource "aws_kms_key" "orders" {
              enable_key_rotation = true
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [
                  {
                    Effect    = "Allow"
                    Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:root" }
                    Action    = "kms:*"
                    Resource  = "*"
                  },
                  {
                    Effect    = "Allow"
                    Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:role/orders" }
                    Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
                    Resource  = "*"
                  },
                ]
              })
            }
            """,
        ),
    )

    def check(self, subject: PolicyView, /) -> Iterator[Finding]:
        if not subject.resource.type.startswith("aws_kms"):
            return
        found = subject.lockout()
        if found is None:
            return
        who = found.who or "nobody in the account"
        why = "a statement denies it" if found.denying else "no statement allows it"
        yield self.finding(
            subject.block,
            f"{who} cannot call kms:PutKeyPolicy: {why}" if found.who else f"{who} can call kms:PutKeyPolicy: {why}",
            path=subject.path,
            related=subject.labels(*found.denying),
        )
