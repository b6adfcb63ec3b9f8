from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class DefaultEncryptionDisabled(Check[Resource]):
    """New EBS volumes of a region are not encrypted by default.

    ## Why is this bad?
    Volumes that Auto Scaling, CSI drivers and people in the console make are encrypted only if each of them asks for
    it. A snapshot of an unencrypted volume is unencrypted, too, wherever it is copied to.
    """

    id = "default-encryption-disabled"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Remove `enabled = false`."
    types = ("aws_ebs_encryption_by_default",)
    same_as = ("CKV_AWS_106",)
    references = ("https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html",)
    compliance = ("CIS-AWS-3.0:2.2.1", "AWS-FSBP:EC2.7")
    examples = (
        Example(
            bad="""
            resource "aws_ebs_encryption_by_default" "main" {
              enabled = false # finding
            }
            """,
            fixed="""
            resource "aws_ebs_encryption_by_default" "main" {
              enabled = true
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not subject.flag("enabled", default=True):
            yield self.finding(
                subject,
                "new volumes are not encrypted by default",
                path="enabled",
                fix=self.set_attribute(subject, "enabled", "true", cli="aws ec2 enable-ebs-encryption-by-default"),
            )
