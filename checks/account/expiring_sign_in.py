from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity, days_since


class ExpiringSignIn(Check[Resource]):
    """The metadata of a SAML provider end soon, so that nobody can sign in by it.

    ## Why is this bad?
    When `validUntil` of the metadata, or the certificate in them, has passed, AWS refuses every assertion: all people
    who come in through the company's sign-in are locked out at once, those who could mend it included.

    Reported is what ends within 30 days.
    """

    id = "expiring-sign-in"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Load fresh metadata from the identity provider into the SAML provider, and keep one role for emergencies."
    types = ("aws_iam_saml_provider",)
    references = (
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_saml.html",
    )
    days: int = 30
    examples = (
        Example(
            bad="""
            {"type": "aws_iam_saml_provider", "name": "company", "values": { # finding
              "name": "company", "valid_until": "2026-02-03T00:00:00Z"
            }}
            """,
            fixed="""
            {"type": "aws_iam_saml_provider", "name": "company", "values": {
              "name": "company", "valid_until": "2036-02-03T00:00:00Z"
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        since = days_since(subject, "valid_until")
        if since is not None and since >= -self.days:
            when = f"ended {int(since)} days ago" if since >= 0 else f"end in {int(-since)} days"
            yield self.finding(subject, f"the metadata of {subject.text('name')} {when}", path="valid_until")
