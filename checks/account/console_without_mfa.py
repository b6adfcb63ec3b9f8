from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity

ROOT = "<root_account>"


class ConsoleWithoutMfa(Check[Resource]):
    """A user signs in to the console with a password alone.

    ## Why is this bad?
    Passwords are guessed, reused and phished. Without a second factor one mistake opens everything that the user may
    do.
    """

    id = "console-without-mfa"
    kind = Kind.SECURITY
    severity = Severity.HIGH
    hint = "Have the user add a second factor, or take the password away and use IAM Identity Center."
    types = ("data.aws_iam_credential_report",)
    same_as = ("AWS-0145",)
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_enable.html",)
    compliance = ("CIS-AWS-3.0:1.10", "AWS-FSBP:IAM.5")
    examples = (
        Example(
            bad="""
            {"type": "aws_iam_credential_report", "mode": "data", "name": "ada", "values": { # finding
              "user": "ada", "password_enabled": true, "mfa_active": false,
              "password_last_used": "2026-01-30T08:00:00+00:00"
            }}
            """,
            fixed="""
            {"type": "aws_iam_credential_report", "mode": "data", "name": "ada", "values": {
              "user": "ada", "password_enabled": true, "mfa_active": true,
              "password_last_used": "2026-01-30T08:00:00+00:00"
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        user = subject.text("user")
        if user != ROOT and subject.flag("password_enabled") and not subject.flag("mfa_active"):
            yield self.finding(subject, f"{user} has a password and no second factor")
