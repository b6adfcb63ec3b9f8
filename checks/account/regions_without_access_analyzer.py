from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Model, Severity, Unknown, regions_without

REGION = """
            {"type": "aws_region", "mode": "data", "name": "eu-west-1", "values": {
              "name": "eu-west-1", "opt_in_status": "opt-in-not-required"
            }}
            {"type": "aws_availability_zone", "mode": "data", "name": "eu-west-1a", "values": {"name": "eu-west-1a"}}
"""


class RegionsWithoutAccessAnalyzer(Check[Model]):
    """IAM Access Analyzer does not look at every region of an account.

    ## Why is this bad?
    A bucket, key, queue or role that was opened to another account is noticed by nobody until somebody uses it.

    An analyzer of the organisation stands in another account and cannot be seen from a member: there, its absence is
    undecided.

    Regions that could not be read are undecided, regions that are not enabled do not count.
    """

    id = "regions-without-access-analyzer"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Make an analyzer in every region, or one for the whole organisation in its administrator's account."
    same_as = ("AWS-0175",)
    references = ("https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-getting-started.html",)
    compliance = ("CIS-AWS-3.0:1.20",)
    examples = (
        Example(
            bad=f"""
            {{"complete": ["aws_accessanalyzer_analyzer", "data.aws_organizations_organization"]}} # finding
            {REGION}
            """,
            fixed=f"""
            {{"complete": ["aws_accessanalyzer_analyzer", "data.aws_organizations_organization"]}}
            {REGION}
            {{"type": "aws_accessanalyzer_analyzer", "name": "main", "values": {{
              "analyzer_name": "main", "type": "ACCOUNT"
            }}}}
            """,
        ),
    )

    def check(self, subject: Model, /) -> Iterator[Finding]:
        if subject.kind != "account":
            return
        for organisation in subject.resources("data.aws_organizations_organization"):
            raise Unknown(f"an analyzer of the organisation {organisation.name} may look at the account")
        off, doubt = regions_without(subject, "aws_accessanalyzer_analyzer")
        if off:
            yield self.finding(
                subject,
                f"no analyzer looks at {', '.join(off)}",
                fix=Fix(
                    "Switch it on, region by region",
                    terraform='resource "aws_accessanalyzer_analyzer" "main" {\n  analyzer_name = "main"\n}',
                    cli=f"aws accessanalyzer create-analyzer --analyzer-name main --type ACCOUNT --region {off[0]}",
                ),
            )
        if doubt:
            raise Unknown(doubt)
