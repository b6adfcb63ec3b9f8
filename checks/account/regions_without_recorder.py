from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Model, Severity, Unknown, regions_without

REGION = """
            {"type": "aws_region", "mode": "data", "name": "eu-west-1", "values": {
              "name": "eu-west-1", "opt_in_status": "opt-in-not-required"
            }}
            {"type": "aws_availability_zone", "mode": "data", "name": "eu-west-1a", "values": {"name": "eu-west-1a"}}
"""


class RegionsWithoutRecorder(Check[Model]):
    """AWS Config does not record every region of an account.

    ## Why is this bad?
    What is not recorded has no history: after an incident nobody can say how a resource looked before, and what was
    made in a region that nobody uses is in no inventory.

    Regions that could not be read are undecided, regions that are not enabled do not count.
    """

    id = "regions-without-recorder"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Make a recorder in every region, best through the organisation."
    references = ("https://docs.aws.amazon.com/config/latest/developerguide/stop-start-recorder.html",)
    compliance = ("CIS-AWS-3.0:3.3", "AWS-FSBP:Config.1")
    examples = (
        Example(
            bad=f"""
            {{"complete": ["aws_config_configuration_recorder"]}} # finding
            {REGION}
            """,
            fixed=f"""
            {{"complete": ["aws_config_configuration_recorder"]}}
            {REGION}
            {{"type": "aws_config_configuration_recorder", "name": "main", "values": {{
              "name": "main", "recording_group": []
            }}}}
            {{"type": "aws_config_configuration_recorder_status", "name": "main", "values": {{
              "name": "main", "is_enabled": true
            }}}}
            """,
        ),
    )

    def check(self, subject: Model, /) -> Iterator[Finding]:
        if subject.kind != "account":
            return
        off, doubt = regions_without(subject, "aws_config_configuration_recorder")
        if off:
            yield self.finding(subject, f"AWS Config records nothing in {', '.join(off)}")
        if doubt:
            raise Unknown(doubt)
