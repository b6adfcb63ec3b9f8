from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Model, Severity

POLICY = """resource "aws_iam_account_password_policy" "main" {
  minimum_password_length   = 14
  password_reuse_prevention = 24
}"""


class DefaultPasswordPolicy(Check[Model]):
    """An account with console users has no password policy of its own.

    ## Why is this bad?
    AWS's default takes eight characters, never lets a password end, and lets people go back to their last one.

    An account in which no user has a password needs no policy, and is not reported.
    """

    id = "default-password-policy"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Make an `aws_iam_account_password_policy` with 14 characters and a memory of 24 passwords."
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html",)
    compliance = ("CIS-AWS-3.0:1.8", "CIS-AWS-3.0:1.9", "AWS-FSBP:IAM.7")
    examples = (
        Example(
            bad="""
            {"complete": ["aws_iam_account_password_policy"]} # finding
            {"type": "aws_iam_user_login_profile", "name": "ada", "values": {"user": "ada"}}
            """,
            fixed="""
            {"type": "aws_iam_user_login_profile", "name": "ada", "values": {"user": "ada"}}
            {"type": "aws_iam_account_password_policy", "name": "policy", "values": {
              "minimum_password_length": 14, "password_reuse_prevention": 24, "hard_expiry": false,
              "max_password_age": 0
            }}
            """,
        ),
    )

    def check(self, subject: Model, /) -> Iterator[Finding]:
        if subject.kind != "account" or any(subject.resources("aws_iam_account_password_policy")):
            return
        users = [profile.text("user") for profile in subject.resources("aws_iam_user_login_profile")]
        if users:
            more = f" and {len(users) - 1} more" if len(users) > 1 else ""
            yield self.finding(
                subject,
                f"{users[0]}{more} signed up under AWS's default policy",
                fix=Fix(
                    "Make a password policy",
                    terraform=POLICY,
                    cli="aws iam update-account-password-policy --minimum-password-length 14"
                    " --password-reuse-prevention 24 --allow-users-to-change-password",
                ),
            )
