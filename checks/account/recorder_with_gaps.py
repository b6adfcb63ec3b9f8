from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Edit, Example, Finding, Fix, Kind, Resource, Safety, Severity


class RecorderWithGaps(Check[Resource]):
    """AWS Config does not record every resource type.

    ## Why is this bad?
    What is not recorded has no history: after an incident nobody can say how a resource looked before, and rules
    that depend on it stay silent.

    A recorder that excludes types by name has decided, and is not reported.
    """

    id = "recorder-with-gaps"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Record all supported types, and the global ones in one region."
    types = ("aws_config_configuration_recorder",)
    same_as = ("CKV2_AWS_48",)
    references = ("https://docs.aws.amazon.com/config/latest/developerguide/select-resources.html",)
    compliance = ("CIS-AWS-3.0:3.3", "AWS-FSBP:Config.1")
    examples = (
        Example(
            bad="""
            resource "aws_config_configuration_recorder" "main" {
              role_arn = "arn:aws:iam::111122223333:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"

              recording_group {
                all_supported  = false # finding
                resource_types = ["AWS::EC2::Instance"]
              }
            }
            """,
            fixed="""
            resource "aws_config_configuration_recorder" "main" {
              role_arn = "arn:aws:iam::111122223333:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"

              recording_group {
                all_supported                 = true
                include_global_resource_types = true
              }
            }

            resource "aws_config_configuration_recorder_status" "main" {
              name       = aws_config_configuration_recorder.main.name
              is_enabled = true
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        group = subject.block("recording_group")
        if group is None or group.flag("all_supported", default=True):
            return
        strategy = group.block("recording_strategy")
        if strategy is not None and strategy.text("use_only") == "EXCLUSION_BY_RESOURCE_TYPES":
            return
        count = len(list(group.texts("resource_types")))
        listed = (
            [Edit(subject.address, (*group.path, "resource_types"), None)] if group.is_set("resource_types") else []
        )
        edits = (Edit(subject.address, (*group.path, "all_supported"), "true"), *listed)
        yield self.finding(
            group,
            f"only {count} resource types are recorded",
            path="all_supported",
            fix=Fix("Record all supported types", Safety.SAFE, "all_supported = true", edits=edits),
        )
