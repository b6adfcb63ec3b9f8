from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, PolicyView, Severity

ELSEWHERE = ("aws_kms", "aws_s3")


class ResourcePolicyLocksOut(Check[PolicyView]):
    """A secret, queue, topic or repository denies everybody to change its policy.

    ## Why is this bad?
    A Deny holds for administrators and for the root user too. Once the policy is in place nobody can repair it, and
    the resource can neither be used nor destroyed: the next apply fails with `AccessDeniedException`.

    What counts is AWS's evaluation of the whole policy: whoever is excepted by a condition is still in. Keys and
    buckets have checks of their own.
    """

    id = "resource-policy-locks-out"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Except the roles that administer the resource from the Deny, by `ArnNotLike` on `aws:PrincipalArn`."
    references = (
        "https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_resource-policies.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html",
    )
    examples = (
        Example(
            bad="""
            resource "aws_secretsmanager_secret_policy" "database" {
              secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:database-AbCdEf"
              policy = jsonencode({ # finding
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Deny"
                  Principal = "*"
                  Action    = "secretsmanager:*"
                  Resource  = "*"
                }]
              })
            }
            """,
            fixed="""
            resource "aws_secretsmanager_secret_policy" "database" {
              secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:database-AbCdEf"
              policy = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Deny"
                  Principal = "*"
                  Action    = "secretsmanager:GetSecretValue"
                  Resource  = "*"
                  Condition = { ArnNotEquals = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/orders" } }
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: PolicyView, /) -> Iterator[Finding]:
        if subject.resource.type.startswith(ELSEWHERE):
            return
        found = subject.lockout()
        if found is not None:
            yield self.finding(
                subject.block,
                f"{found.who or 'everybody'} is denied {' and '.join(found.actions)}",
                path=subject.path,
                related=subject.labels(*found.denying),
            )
