from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Resource, Safety, Severity

REST = """
              engine              = "postgres"
              instance_class      = "db.t4g.micro"
              allocated_storage   = 20
              username            = "app"
              storage_encrypted   = true
              manage_master_user_password = true
"""


class DatabaseDestroyBlocked(Check[Resource]):
    """A database wants a final snapshot but has no name for it.

    ## Why is this bad?
    `terraform destroy`, or any change that replaces the database, fails after it has begun with
    `final_snapshot_identifier is required when skip_final_snapshot is false`. People find out in the middle of a
    migration.
    """

    id = "database-destroy-blocked"
    kind = Kind.PRODUCTIVITY
    severity = Severity.MEDIUM
    hint = "Set `final_snapshot_identifier`, or `skip_final_snapshot = true` where the data may be lost."
    types = ("aws_db_instance", "aws_rds_cluster", "aws_docdb_cluster", "aws_neptune_cluster", "aws_redshift_cluster")
    references = (
        "https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/db_instance",
        "https://github.com/hashicorp/terraform-provider-aws/issues/2588",
    )
    examples = (
        Example(
            bad=f"""
            resource "aws_db_instance" "app" {{ # finding
              identifier = "app"
{REST}
            }}
            """,
            fixed=f"""
            resource "aws_db_instance" "app" {{
              identifier                = "app"
              final_snapshot_identifier = "app-final"
{REST}
            }}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.model.kind == "account":
            return  # Terraform alone knows of final snapshots to come
        # A replica and a cluster member are deleted without a final snapshot.
        if subject.type == "aws_db_instance" and subject.is_set("replicate_source_db"):
            return
        if subject.flag("skip_final_snapshot") or subject.is_set("final_snapshot_identifier"):
            return
        yield self.finding(
            subject,
            "it cannot be destroyed or replaced: a final snapshot is wanted and has no name",
            path="final_snapshot_identifier",
            fix=Fix(
                title="Name the final snapshot",
                safety=Safety.MANUAL,
                terraform=f'final_snapshot_identifier = "{subject.name}-final"',
            ),
        )
