from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_live, monthly_cost


class DisabledKey(Waste):
    """A disabled KMS key is kept.

    ## Why is this bad?
    A key is billed every month, and a disabled one can neither encrypt nor decrypt.
    """

    id = "disabled-key"
    severity = Severity.LOW
    hint = "Enable the key if its data are needed, else schedule its deletion."
    hazard = "Everything that is encrypted under the key is lost with it, for good."
    removable = True
    types = ("aws_kms_key", "aws_kms_external_key")
    references = ("https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html",)
    examples = (
        Example(
            bad="""
            {"type": "aws_kms_key", "name": "0a1b2c3d", # finding
             "values": {"is_enabled": false, "key_state": "Disabled", "policy": ""}}
            """,
            fixed="""
            {"type": "aws_kms_key", "name": "0a1b2c3d",
             "values": {"is_enabled": true, "key_state": "Enabled", "policy": "", "enable_key_rotation": true}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        live = is_live(subject)
        enabled = subject.flag("is_enabled" if live or subject.type == "aws_kms_key" else "enabled", default=True)
        if not enabled and (not live or subject.text("key_state") == "Disabled"):
            yield self.waste(subject, "it is disabled", monthly_cost("kms-key", subject), path="is_enabled")
