from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Resource, Severity, days_since

ROOT = "<root_account>"


class UnusedCredential(Check[Resource]):
    """A password or access key of a user has not been used for more than 45 days.

    ## Why is this bad?
    Nobody misses it, and nobody would notice that somebody else uses it: the key of a colleague who left, the
    password of a test account.
    """

    id = "unused-credential"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Make the key inactive or take the password away; delete it when nobody has missed it for a month."
    types = ("aws_iam_access_key", "data.aws_iam_credential_report")
    same_as = ("AWS-0144", "AWS-0166")
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_finding-unused.html",)
    compliance = ("CIS-AWS-3.0:1.12", "AWS-FSBP:IAM.8")
    days: int = 45
    examples = (
        Example(
            title="A key",
            bad="""
            {"type": "aws_iam_access_key", "name": "AKIAIOSFODNN7EXAMPLE", "values": { # finding
              "user": "deploy", "status": "Active", "create_date": "2025-12-01T00:00:00Z", "last_used_date": ""
            }}
            """,
            fixed="""
            {"type": "aws_iam_access_key", "name": "AKIAIOSFODNN7EXAMPLE", "values": {
              "user": "deploy", "status": "Inactive", "create_date": "2025-12-01T00:00:00Z", "last_used_date": ""
            }}
            """,
        ),
        Example(
            title="A password",
            bad="""
            {"type": "aws_iam_credential_report", "mode": "data", "name": "ada", "values": { # finding
              "user": "ada", "password_enabled": true, "mfa_active": true,
              "password_last_used": "2025-09-01T08:00:00+00:00", "password_last_changed": "2025-06-01T08:00:00+00:00"
            }}
            """,
            fixed="""
            {"type": "aws_iam_credential_report", "mode": "data", "name": "ada", "values": {
              "user": "ada", "password_enabled": false, "mfa_active": true,
              "password_last_used": "2025-09-01T08:00:00+00:00"
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.type == "aws_iam_access_key":
            if "last_used_date" not in subject.values:
                return  # Terraform's own picture of a key says nothing about its use
            active, used, made = subject.text("status", default="Active") == "Active", "last_used_date", "create_date"
            user = subject.text("user")
            what = f"{user}'s access key"
            cli = f"aws iam update-access-key --user-name {user} --access-key-id {subject.name} --status Inactive"
        else:
            user = subject.text("user")
            active = user != ROOT and subject.flag("password_enabled")
            used, made = "password_last_used", "password_last_changed"
            what = f"{user}'s password"
            cli = f"aws iam delete-login-profile --user-name {user}"
        if not active:
            return
        fix = Fix("Take it out of use", cli=cli)
        since_used, since_made = days_since(subject, used), days_since(subject, made)
        if since_used is not None and since_used > self.days:
            yield self.finding(subject, f"{what} was last used {int(since_used)} days ago", fix=fix)
        elif since_used is None and since_made is not None and since_made > self.days:
            yield self.finding(subject, f"{what} was never used in {int(since_made)} days", fix=fix)
