from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_live, monthly_cost


class EmptyHostedZone(Waste):
    """A hosted zone has no records.

    ## Why is this bad?
    A hosted zone is billed every month. One that holds nothing but its own name servers answers nothing.
    """

    id = "empty-hosted-zone"
    severity = Severity.INFO
    hint = "Delete the zone, or add its records."
    hazard = (
        "If the domain still delegates to it, whoever makes a zone of that name next can answer for it: "
        "remove the delegation first."
    )
    types = ("aws_route53_zone",)
    references = ("https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DeleteHostedZone.html",)
    examples = (
        Example(
            bad="""
            {"type": "aws_route53_zone", "name": "Z0A1B2C3D", # finding
             "values": {"name": "old.example.com", "record_count": 2}}
            """,
            fixed="""
            {"type": "aws_route53_zone", "name": "Z0A1B2C3D",
             "values": {"name": "old.example.com", "record_count": 5}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if is_live(subject) and subject.number("record_count", default=3) <= 2:
            fact = f"`{subject.text('name')}` has no records but those of the zone itself"
            yield self.waste(subject, fact, monthly_cost("hosted-zone", subject))
