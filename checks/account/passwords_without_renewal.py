from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class PasswordsWithoutRenewal(Check[Resource]):
    """Passwords end, and users may not change them.

    ## Why is this bad?
    The two settings contradict each other: whose password has run out must choose a new one, and is not allowed to.
    Everybody is locked out in turn until an administrator, who is under the same policy, resets each password.
    """

    id = "passwords-without-renewal"
    kind = Kind.PRODUCTIVITY
    severity = Severity.MEDIUM
    hint = "Set `allow_users_to_change_password = true`."
    types = ("aws_iam_account_password_policy",)
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html",)
    examples = (
        Example(
            bad="""
            resource "aws_iam_account_password_policy" "main" {
              minimum_password_length        = 14
              password_reuse_prevention      = 24
              max_password_age               = 90
              allow_users_to_change_password = false # finding
            }
            """,
            fixed="""
            resource "aws_iam_account_password_policy" "main" {
              minimum_password_length        = 14
              password_reuse_prevention      = 24
              max_password_age               = 90
              allow_users_to_change_password = true
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        days = subject.number("max_password_age")
        # The provider's default is true, whatever IAM's own is.
        if days and not subject.flag("allow_users_to_change_password", default=True):
            yield self.finding(
                subject,
                f"a password ends after {days} days, and its user may not change it",
                path="allow_users_to_change_password",
                fix=self.set_attribute(subject, "allow_users_to_change_password", "true"),
            )
