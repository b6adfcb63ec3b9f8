from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity, environment

SWITCHES = {
    "aws_db_instance": "deletion_protection",
    "aws_rds_cluster": "deletion_protection",
    "aws_docdb_cluster": "deletion_protection",
    "aws_neptune_cluster": "deletion_protection",
    "aws_dynamodb_table": "deletion_protection_enabled",
    "aws_lb": "enable_deletion_protection",
    "aws_alb": "enable_deletion_protection",
    "aws_instance": "disable_api_termination",
    "aws_cognito_user_pool": "deletion_protection",
}


class TemporaryEnvironmentProtected(Check[Resource]):
    """A resource of a short-lived environment is protected from deletion.

    ## Why is this bad?
    The pipeline that takes a preview or sandbox environment down fails half-way with `OperationNotPermitted` or
    `Cannot delete protected DB Instance`, leaves the rest running and paid for, and the next branch of the same name
    cannot be deployed.

    The environment is told by a tag (`Environment`, `Env`, `Stage`, `Lifecycle`) such as `preview`, `sandbox`,
    `review-42` or `pr-42`.
    """

    id = "temporary-environment-protected"
    kind = Kind.PRODUCTIVITY
    severity = Severity.LOW
    hint = "Switch the protection off where the environment is temporary, for example by a variable."
    types = tuple(SWITCHES)
    references = ("https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html",)
    examples = (
        Example(
            bad="""
            resource "aws_dynamodb_table" "orders" {
              name                        = "orders"
              hash_key                    = "id"
              billing_mode                = "PAY_PER_REQUEST"
              deletion_protection_enabled = true # finding

              attribute {
                name = "id"
                type = "S"
              }

              tags = {
                Environment = "preview-42"
              }
            }
            """,
            fixed="""
            resource "aws_dynamodb_table" "orders" {
              name                        = "orders"
              hash_key                    = "id"
              billing_mode                = "PAY_PER_REQUEST"
              deletion_protection_enabled = false

              attribute {
                name = "id"
                type = "S"
              }

              tags = {
                Environment = "preview-42"
              }
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        switch = SWITCHES[subject.type]
        if subject.type == "aws_cognito_user_pool":
            protected = subject.text(switch, default="INACTIVE") == "ACTIVE"
        else:
            protected = subject.flag(switch)
        if not protected:
            return
        name = environment(subject)
        if name.temporary:
            off = '"INACTIVE"' if subject.type == "aws_cognito_user_pool" else "false"
            yield self.finding(
                subject,
                f"`{switch}` is on in the temporary environment `{name.name}`",
                path=switch,
                fix=self.set_attribute(subject, switch, off),
            )
