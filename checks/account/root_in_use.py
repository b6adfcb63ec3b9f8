from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity, days_since

USES = {
    "password_last_used": "it signed in",
    "access_key_1_last_used_date": "its first access key was used",
    "access_key_2_last_used_date": "its second access key was used",
}


class RootInUse(Check[Resource]):
    """Somebody works as the root user.

    ## Why is this bad?
    No policy limits what the root user does by mistake, and CloudTrail cannot say which person it was. The few things
    that need it (closing the account, some billing settings) do not come up every month.

    Uses of the last 30 days count.
    """

    id = "root-in-use"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Give the people who did it a role that can do what they need."
    types = ("data.aws_iam_credential_report",)
    same_as = ("AWS-0140",)
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-tasks.html",)
    compliance = ("CIS-AWS-3.0:1.7",)
    days: int = 30
    examples = (
        Example(
            bad="""
            {"type": "aws_iam_credential_report", "mode": "data", "name": "<root_account>", "values": { # finding
              "user": "<root_account>", "mfa_active": true, "password_last_used": "2026-01-20T08:00:00+00:00"
            }}
            """,
            fixed="""
            {"type": "aws_iam_credential_report", "mode": "data", "name": "<root_account>", "values": {
              "user": "<root_account>", "mfa_active": true, "password_last_used": "2024-03-01T08:00:00+00:00"
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.text("user") != "<root_account>":
            return
        ages = {what: days_since(subject, column) for column, what in USES.items()}
        recent = {what: age for what, age in ages.items() if age is not None and age <= self.days}
        if recent:
            what = min(recent, key=lambda each: recent[each])
            yield self.finding(subject, f"{what} {int(recent[what])} days ago")
