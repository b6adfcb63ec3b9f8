from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity, days_since

DAYS = 90
AWS_OWN = ("/aws-service-role/", "/aws-reserved/")


class UnusedRole(Check[Resource]):
    """Nobody has assumed a role for 90 days.

    ## Why is this bad?
    What nobody uses nobody watches: its permissions stay as wide as they were on the day of its last use, and so does
    whom it trusts.

    It is asked of a live account, where AWS says when a role was last used; service-linked roles are AWS's own.
    """

    id = "unused-role"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Delete the role, or take its policies away and delete it when nobody has missed it."
    types = ("aws_iam_role",)
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage_delete.html",)
    examples = (
        Example(
            bad="""
            {"type": "aws_iam_role", "name": "migration", "values": { # finding
              "name": "migration", "path": "/", "arn": "arn:aws:iam::111122223333:role/migration",
              "create_date": "2024-01-01T00:00:00Z", "role_last_used": [{"last_used_date": "2025-03-01T00:00:00Z"}],
              "assume_role_policy": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "dms.amazonaws.com"}}
              ]}
            }}
            """,
            fixed="""
            {"type": "aws_iam_role", "name": "migration", "values": {
              "name": "migration", "path": "/", "arn": "arn:aws:iam::111122223333:role/migration",
              "create_date": "2024-01-01T00:00:00Z", "role_last_used": [{"last_used_date": "2026-01-20T00:00:00Z"}],
              "assume_role_policy": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "dms.amazonaws.com"}}
              ]}
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if "role_last_used" not in subject.values or subject.model.kind != "account":
            return
        if subject.text("path", default="/").startswith(AWS_OWN):
            return
        made = days_since(subject, "create_date")
        used = days_since(subject, "role_last_used", 0, "last_used_date") if subject.raw("role_last_used") else made
        idle = min(days for days in (made, used) if days is not None) if (made, used) != (None, None) else None
        if idle is not None and idle > DAYS:
            how = f"was last used {used:.0f} days ago" if subject.raw("role_last_used") and used else "was never used"
            yield self.finding(subject, f"{subject.text('name')} {how}")
