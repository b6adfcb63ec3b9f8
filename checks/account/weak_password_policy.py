from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class WeakPasswordPolicy(Check[Resource]):
    """The account's password policy allows short or reused passwords.

    ## Why is this bad?
    IAM users' console passwords are tried from anywhere in the world. CIS asks for 14 characters and no reuse of the
    last 24.
    """

    id = "weak-password-policy"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Set `minimum_password_length = 14` and `password_reuse_prevention = 24`."
    types = ("aws_iam_account_password_policy",)
    same_as = ("CKV_AWS_10", "CKV_AWS_13", "AWS-0063", "AWS-0056")
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html",)
    compliance = ("CIS-AWS-3.0:1.8", "CIS-AWS-3.0:1.9", "AWS-FSBP:IAM.7")
    length: int = 14
    reuse: int = 24
    examples = (
        Example(
            bad="""
            resource "aws_iam_account_password_policy" "main" {
              minimum_password_length   = 8 # finding
              password_reuse_prevention = 3 # finding
            }
            """,
            fixed="""
            resource "aws_iam_account_password_policy" "main" {
              minimum_password_length   = 14
              password_reuse_prevention = 24
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        length = subject.number("minimum_password_length", default=6)
        if length < self.length:
            yield self.finding(
                subject,
                f"passwords of {length} characters are accepted",
                path="minimum_password_length",
                fix=self.set_attribute(subject, "minimum_password_length", str(self.length)),
            )
        reuse = subject.number("password_reuse_prevention")
        if reuse < self.reuse:
            yield self.finding(
                subject,
                f"the last {reuse} passwords cannot be reused, older ones can"
                if reuse
                else "any password can be reused",
                path="password_reuse_prevention",
                fix=self.set_attribute(subject, "password_reuse_prevention", str(self.reuse)),
            )
