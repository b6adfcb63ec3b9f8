from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Model, Severity, Unknown, regions_without

REGION = """
            {"type": "aws_region", "mode": "data", "name": "eu-west-1", "values": {
              "name": "eu-west-1", "opt_in_status": "opt-in-not-required"
            }}
            {"type": "aws_availability_zone", "mode": "data", "name": "eu-west-1a", "values": {"name": "eu-west-1a"}}
"""


class RegionsWithoutSecurityHub(Check[Model]):
    """Security Hub is not on in every region of an account.

    ## Why is this bad?
    Findings of GuardDuty, Inspector and Access Analyzer stay in their region and account, and nobody sees them in one
    place.

    Regions that could not be read are undecided, regions that are not enabled do not count.
    """

    id = "regions-without-security-hub"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Enable Security Hub in every region, best through the organisation's central configuration."
    references = ("https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-settingup.html",)
    compliance = ("CIS-AWS-3.0:4.16",)
    examples = (
        Example(
            bad=f"""
            {{"complete": ["aws_securityhub_account"]}} # finding
            {REGION}
            """,
            fixed=f"""
            {{"complete": ["aws_securityhub_account"]}}
            {REGION}
            {{"type": "aws_securityhub_account", "name": "main", "values": {{"auto_enable_controls": true}}}}
            """,
        ),
    )

    def check(self, subject: Model, /) -> Iterator[Finding]:
        if subject.kind != "account":
            return
        off, doubt = regions_without(subject, "aws_securityhub_account")
        if off:
            yield self.finding(
                subject,
                f"Security Hub is off in {', '.join(off)}",
                fix=Fix(
                    "Switch it on, region by region",
                    terraform='resource "aws_securityhub_account" "main" {\n}',
                    cli=f"aws securityhub enable-security-hub --region {off[0]}",
                ),
            )
        if doubt:
            raise Unknown(doubt)
