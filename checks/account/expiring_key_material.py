from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Edit, Example, Finding, Fix, Kind, Resource, Safety, Severity, days_since


class ExpiringKeyMaterial(Check[Resource]):
    """The material of a KMS key ends soon, and with it what is encrypted by the key.

    ## Why is this bad?
    When imported material expires AWS deletes it. From that moment on nothing that the key protects can be read:
    disks do not attach, functions do not start, backups do not restore, until the same material is imported again.

    Reported is what ends within 30 days.
    """

    id = "expiring-key-material"
    kind = Kind.PRODUCTIVITY
    severity = Severity.HIGH
    hint = "Import the material again with a later end or with none, and keep a copy of it outside of AWS."
    types = ("aws_kms_external_key",)
    references = ("https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-conceptual.html",)
    days: int = 30
    examples = (
        Example(
            bad="""
            resource "aws_kms_external_key" "archive" {
              description = "archive"
              enabled     = true
              valid_to    = "2025-12-31T00:00:00Z" # finding
            }
            """,
            fixed="""
            resource "aws_kms_external_key" "archive" {
              description = "archive"
              enabled     = true
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        since = days_since(subject, "valid_to")
        if since is not None and since >= -self.days:
            when = f"ended {int(since)} days ago" if since >= 0 else f"ends in {int(-since)} days"
            yield self.finding(
                subject,
                f"its material {when}",
                path="valid_to",
                fix=Fix(
                    "Let the material have no end",
                    Safety.UNSAFE,  # somebody may have to prove that it ends
                    edits=(Edit(subject.address, ("valid_to",), None),),
                ),
            )
