from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class KeyWithoutRotation(Check[Resource]):
    """A symmetric KMS key is never rotated.

    ## Why is this bad?
    Everything that the key ever protected hangs on one piece of key material. Rotation is free of work: AWS keeps the
    old material for decryption, and neither the key's id nor its ARN changes.

    Asymmetric and HMAC keys, imported material and custom key stores cannot be rotated by AWS and are not reported.
    """

    id = "key-without-rotation"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Set `enable_key_rotation = true`."
    types = ("aws_kms_key",)
    same_as = ("CKV_AWS_7", "AWS-0065")
    references = ("https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html",)
    compliance = ("CIS-AWS-3.0:3.6",)
    examples = (
        Example(
            bad="""
            resource "aws_kms_key" "data" { # finding
              description = "Data at rest"
            }
            """,
            fixed="""
            resource "aws_kms_key" "data" {
              description         = "Data at rest"
              enable_key_rotation = true
            }
            """,
        ),
        Example(
            title="Switched off",
            bad="""
            resource "aws_kms_key" "data" {
              description         = "Data at rest"
              enable_key_rotation = false # finding
            }
            """,
            fixed="""
            resource "aws_kms_key" "data" {
              description              = "Signatures"
              customer_master_key_spec = "RSA_2048"
              key_usage                = "SIGN_VERIFY"
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        symmetric = subject.text("customer_master_key_spec", default="SYMMETRIC_DEFAULT") == "SYMMETRIC_DEFAULT"
        custom_store = bool(subject.text("custom_key_store_id")) or bool(subject.text("xks_key_id"))
        if symmetric and not custom_store and not subject.flag("enable_key_rotation"):
            yield self.finding(
                subject,
                "its key material is never rotated",
                path="enable_key_rotation",
                fix=self.set_attribute(
                    subject, "enable_key_rotation", "true", cli="aws kms enable-key-rotation --key-id KEY_ID"
                ),
            )
