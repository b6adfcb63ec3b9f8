from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, days_since, is_live, monthly_cost, older


class UnusedSecret(Waste):
    """Nobody has read a secret for three months.

    ## Why is this bad?
    A secret is billed every month, and one that nobody reads is still one that somebody may steal. AWS tells the day on
    which it was last read.
    """

    id = "unused-secret"
    severity = Severity.LOW
    hint = "Delete the secret with a recovery window of 30 days."
    hazard = "Yearly jobs and disaster recovery read it seldom; within the window it can be restored."
    removable = True
    types = ("aws_secretsmanager_secret",)
    references = ("https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html",)
    days: int = 90
    examples = (
        Example(
            bad="""
            {"type": "aws_secretsmanager_secret", "name": "old-api-key", # finding
             "values": {"name": "old-api-key", "created_date": "2025-06-01T00:00:00Z", "last_accessed_date":
             "2025-07-01T00:00:00Z", "deleted_date": null, "owning_service": "", "policy": ""}}
            """,
            fixed="""
            {"type": "aws_secretsmanager_secret", "name": "old-api-key",
             "values": {"name": "old-api-key", "created_date": "2025-06-01T00:00:00Z", "last_accessed_date":
             "2026-01-30T00:00:00Z", "deleted_date": null, "owning_service": "", "policy": ""}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject) or subject.text("deleted_date") or subject.text("owning_service"):
            return
        if not older(subject, "created_date", self.days):
            return
        read = days_since(subject, "last_accessed_date")
        if read is not None and read < self.days:
            return
        fact = "nobody has ever read it" if read is None else f"nobody has read it for {read:.0f} days"
        yield self.waste(subject, fact, monthly_cost("secret", subject))
