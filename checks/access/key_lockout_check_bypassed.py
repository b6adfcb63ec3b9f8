from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class KeyLockoutCheckBypassed(Check[Resource]):
    """A KMS key switches off AWS's protection against locking everybody out.

    ## Why is this bad?
    `PutKeyPolicy` refuses a policy that would leave the caller unable to change it again. With
    `bypass_policy_lockout_safety_check = true` it is accepted, and if no principal in the policy can call
    `kms:PutKeyPolicy`, the key and all data under it can be recovered by AWS Support alone.
    """

    id = "key-lockout-check-bypassed"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Remove `bypass_policy_lockout_safety_check`, and allow the account's root `kms:*` in the key policy."
    types = ("aws_kms_key", "aws_kms_external_key", "aws_kms_key_policy", "aws_kms_replica_key")
    references = ("https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html",)
    examples = (
        Example(
            bad="""
            resource "aws_kms_key" "data" {
              enable_key_rotation                = true
              bypass_policy_lockout_safety_check = true # finding
            }
            """,
            fixed="""
            resource "aws_kms_key" "data" {
              enable_key_rotation = true
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.flag("bypass_policy_lockout_safety_check"):
            yield self.finding(
                subject,
                "AWS's check that somebody can still change the key policy is bypassed",
                path="bypass_policy_lockout_safety_check",
                fix=self.set_attribute(subject, "bypass_policy_lockout_safety_check", "false"),
            )
