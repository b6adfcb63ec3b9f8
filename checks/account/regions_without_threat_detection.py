from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Model, Severity, Unknown, regions_without

REGION = """
            {"type": "aws_region", "mode": "data", "name": "eu-west-1", "values": {
              "name": "eu-west-1", "opt_in_status": "opt-in-not-required"
            }}
            {"type": "aws_availability_zone", "mode": "data", "name": "eu-west-1a", "values": {"name": "eu-west-1a"}}
"""


class RegionsWithoutThreatDetection(Check[Model]):
    """GuardDuty does not watch every region of an account.

    ## Why is this bad?
    Whoever has stolen credentials works in the region that nobody watches: mining, new keys, snapshots shared away.
    GuardDuty sees it in logs that it reads by itself, and costs next to nothing where nothing happens.

    Regions that could not be read are undecided, regions that are not enabled do not count.
    """

    id = "regions-without-threat-detection"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Enable GuardDuty in every region, best from the organisation's delegated administrator."
    same_as = ("CKV2_AWS_3",)
    references = ("https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_settingup.html",)
    compliance = ("AWS-FSBP:GuardDuty.1",)
    examples = (
        Example(
            bad=f"""
            {{"complete": ["aws_guardduty_detector"]}} # finding
            {REGION}
            """,
            fixed=f"""
            {{"complete": ["aws_guardduty_detector"]}}
            {REGION}
            {{"type": "aws_guardduty_detector", "name": "main", "values": {{"enable": true}}}}
            """,
        ),
    )

    def check(self, subject: Model, /) -> Iterator[Finding]:
        if subject.kind != "account":
            return
        off, doubt = regions_without(subject, "aws_guardduty_detector")
        if off:
            yield self.finding(
                subject,
                f"GuardDuty is off in {', '.join(off)}",
                fix=Fix(
                    "Switch it on, region by region",
                    terraform='resource "aws_guardduty_detector" "main" {\n  enable = true\n}',
                    cli=f"aws guardduty create-detector --enable --region {off[0]}",
                ),
            )
        if doubt:
            raise Unknown(doubt)
