from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Resource, Severity, days_since


class OldAccessKey(Check[Resource]):
    """An access key has not been changed for more than 90 days.

    ## Why is this bad?
    A key that leaked once, in a repository, a build log or a laptop's backup, works until somebody changes it.
    """

    id = "old-access-key"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Give the workload a role instead, or make a second key, switch over to it, and delete this one."
    types = ("aws_iam_access_key",)
    same_as = ("AWS-0146",)
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/id-credentials-access-keys-update.html",)
    compliance = ("CIS-AWS-3.0:1.14", "AWS-FSBP:IAM.3")
    days: int = 90
    examples = (
        Example(
            bad="""
            {"type": "aws_iam_access_key", "name": "AKIAIOSFODNN7EXAMPLE", "values": { # finding
              "user": "deploy", "status": "Active", "create_date": "2024-01-31T00:00:00Z",
              "last_used_date": "2026-01-30T00:00:00Z"
            }}
            """,
            fixed="""
            {"type": "aws_iam_access_key", "name": "AKIAIOSFODNN7EXAMPLE", "values": {
              "user": "deploy", "status": "Active", "create_date": "2026-01-01T00:00:00Z",
              "last_used_date": "2026-01-30T00:00:00Z"
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        age = days_since(subject, "create_date")
        if age is not None and age > self.days and subject.text("status", default="Active") == "Active":
            user = subject.text("user")
            cli = f"aws iam create-access-key --user-name {user}"
            yield self.finding(
                subject,
                f"{user}'s key is {int(age)} days old",
                fix=Fix("Make the key that takes its place, switch over to it, and delete this one", cli=cli),
            )
