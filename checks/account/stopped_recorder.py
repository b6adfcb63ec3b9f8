from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity

RECORDER = """
            resource "aws_config_configuration_recorder" "main" {
              name     = "main"
              role_arn = "arn:aws:iam::111122223333:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
            }
"""


class StoppedRecorder(Check[Resource]):
    """An AWS Config recorder does not run.

    ## Why is this bad?
    A recorder that is only made records nothing: it has to be started, by `aws_config_configuration_recorder_status`.
    Everything looks as if it were in place, and there is no history on the day that somebody needs it.
    """

    id = "stopped-recorder"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Start it by an `aws_config_configuration_recorder_status` with `is_enabled = true`."
    types = ("aws_config_configuration_recorder", "aws_config_configuration_recorder_status")
    same_as = ("CKV2_AWS_45",)
    references = (
        "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/config_configuration_recorder_status",
    )
    compliance = ("CIS-AWS-3.0:3.3", "AWS-FSBP:Config.1")
    examples = (
        Example(
            bad=RECORDER.replace('"main" {', '"main" { # finding'),
            fixed=f"""
            {RECORDER}
            resource "aws_config_configuration_recorder_status" "main" {{
              name       = aws_config_configuration_recorder.main.name
              is_enabled = true
            }}
            """,
        ),
        Example(
            title="Switched off",
            bad=f"""
            {RECORDER}
            resource "aws_config_configuration_recorder_status" "main" {{
              name       = aws_config_configuration_recorder.main.name
              is_enabled = false # finding
            }}
            """,
            fixed=f"""
            {RECORDER}
            resource "aws_config_configuration_recorder_status" "main" {{
              name       = aws_config_configuration_recorder.main.name
              is_enabled = true
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.type == "aws_config_configuration_recorder_status":
            if not subject.flag("is_enabled"):
                yield self.finding(
                    subject,
                    "the recorder is stopped",
                    path="is_enabled",
                    fix=self.set_attribute(
                        subject,
                        "is_enabled",
                        "true",
                        cli="aws configservice start-configuration-recorder --configuration-recorder-name NAME",
                    ),
                )
            return
        name = subject.text("name", default="default")
        region = subject.raw("region") or subject.provider.config.get("region")
        for status in subject.model.resources("aws_config_configuration_recorder_status"):
            same = (status.raw("region") or status.provider.config.get("region")) == region
            if same and status.text("name") == name:
                return
        yield self.finding(subject, f"nothing starts the recorder `{name}`")
