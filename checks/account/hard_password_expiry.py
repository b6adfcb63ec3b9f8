from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class HardPasswordExpiry(Check[Resource]):
    """An expired password locks its user out until an administrator resets it.

    ## Why is this bad?
    With `hard_expiry` a user whose password ran out cannot set a new one at sign-in. Everybody who comes back from
    leave, the last administrator included, needs somebody else who can still sign in.
    """

    id = "hard-password-expiry"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Set `hard_expiry = false`: the user must then choose a new password at the next sign-in."
    types = ("aws_iam_account_password_policy",)
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html",)
    examples = (
        Example(
            bad="""
            resource "aws_iam_account_password_policy" "main" {
              minimum_password_length   = 14
              password_reuse_prevention = 24
              max_password_age          = 90
              hard_expiry               = true # finding
            }
            """,
            fixed="""
            resource "aws_iam_account_password_policy" "main" {
              minimum_password_length   = 14
              password_reuse_prevention = 24
              max_password_age          = 90
              hard_expiry               = false
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not subject.flag("hard_expiry"):
            return
        days = subject.number("max_password_age")
        if days:
            yield self.finding(
                subject,
                f"a password that is {days} days old cannot be renewed by its user",
                path="hard_expiry",
                fix=self.set_attribute(subject, "hard_expiry", "false"),
            )
