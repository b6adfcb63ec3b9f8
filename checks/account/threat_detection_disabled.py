from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class ThreatDetectionDisabled(Check[Resource]):
    """A GuardDuty detector is switched off.

    ## Why is this bad?
    A suspended detector costs nothing and finds nothing: stolen credentials, mining and calls from known bad
    addresses go unnoticed.
    """

    id = "threat-detection-disabled"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Remove `enable = false`."
    types = ("aws_guardduty_detector",)
    same_as = ("CKV_AWS_238",)
    references = ("https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_suspend-disable.html",)
    compliance = ("AWS-FSBP:GuardDuty.1",)
    examples = (
        Example(
            bad="""
            resource "aws_guardduty_detector" "main" {
              enable = false # finding
            }
            """,
            fixed="""
            resource "aws_guardduty_detector" "main" {
              enable = true
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not subject.flag("enable", default=True):
            yield self.finding(
                subject,
                "the detector is suspended",
                path="enable",
                fix=self.set_attribute(
                    subject, "enable", "true", cli="aws guardduty update-detector --enable --detector-id ID"
                ),
            )
