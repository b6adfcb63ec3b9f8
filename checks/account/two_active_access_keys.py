from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Model, Resource, Severity, related


class TwoActiveAccessKeys(Check[Model]):
    """A user has two active access keys.

    ## Why is this bad?
    Two keys are for the day on which one takes the place of the other. Afterwards the old one works on, unwatched,
    and there is no room left for the next change.
    """

    id = "two-active-access-keys"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Find out which key is not used any more, make it inactive, and delete it."
    same_as = ("AWS-0167",)
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/id-credentials-access-keys-update.html",)
    compliance = ("CIS-AWS-3.0:1.13",)
    examples = (
        Example(
            bad="""
            {"type": "aws_iam_access_key", "name": "AKIAIOSFODNN7EXAMPL1", "values": {
              "user": "deploy", "status": "Active", "create_date": "2026-01-02T00:00:00Z",
              "last_used_date": "2026-01-30T00:00:00Z"
            }}
            {"type": "aws_iam_access_key", "name": "AKIAIOSFODNN7EXAMPL2", "values": { # finding
              "user": "deploy", "status": "Active", "create_date": "2026-01-03T00:00:00Z",
              "last_used_date": "2026-01-30T00:00:00Z"
            }}
            """,
            fixed="""
            {"type": "aws_iam_access_key", "name": "AKIAIOSFODNN7EXAMPL1", "values": {
              "user": "deploy", "status": "Inactive", "create_date": "2026-01-02T00:00:00Z",
              "last_used_date": "2026-01-03T00:00:00Z"
            }}
            {"type": "aws_iam_access_key", "name": "AKIAIOSFODNN7EXAMPL2", "values": {
              "user": "deploy", "status": "Active", "create_date": "2026-01-03T00:00:00Z",
              "last_used_date": "2026-01-30T00:00:00Z"
            }}
            """,
        ),
    )

    def check(self, subject: Model, /) -> Iterator[Finding]:
        by_user: dict[str, list[Resource]] = defaultdict(list)
        for key in subject.all("aws_iam_access_key"):
            if not key.conditional and key.text("status", default="Active") == "Active":
                by_user[key.text("user")].append(key)
        for user, keys in by_user.items():
            for key in keys[1:]:
                yield self.finding(
                    key,
                    f"{user} has {len(keys)} active access keys",
                    related=related((keys[0].place(), "the other key")),
                    fix=Fix(
                        "Make the one inactive that is not used",
                        cli=f"aws iam update-access-key --user-name {user} --access-key-id ID --status Inactive",
                    ),
                )
