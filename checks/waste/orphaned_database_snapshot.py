from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, days_since, is_live, is_there, monthly_cost, older

SOURCES = {
    "aws_db_snapshot": ("db_instance_identifier", ("aws_db_instance",)),
    "aws_db_cluster_snapshot": (
        "db_cluster_identifier",
        ("aws_rds_cluster", "aws_docdb_cluster", "aws_neptune_cluster"),
    ),
}


class OrphanedDatabaseSnapshot(Waste):
    """A manual database snapshot has outlived its database, or is old.

    ## Why is this bad?
    Manual snapshots are kept until somebody deletes them. Those of a database that is gone are billed in full: the free
    backup storage goes with the database.
    """

    id = "orphaned-database-snapshot"
    severity = Severity.LOW
    hint = "Export what must be kept to S3 and delete the snapshot."
    hazard = "It may be the last copy, or what an audit asks for."
    removable = True
    types = ("aws_db_snapshot", "aws_db_cluster_snapshot")
    references = ("https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteSnapshot.html",)
    days: int = 30
    old: int = 365
    examples = (
        Example(
            bad="""
            {"complete": ["aws_db_instance", "aws_rds_cluster", "aws_docdb_cluster", "aws_neptune_cluster"]}
            {"type": "aws_db_snapshot", "name": "before-upgrade", # finding
             "values": {"db_instance_identifier": "orders", "allocated_storage": 100, "snapshot_create_time":
             "2025-06-01T00:00:00Z", "shared_accounts": [], "status": "available", "encrypted": true}}
            """,
            fixed="""
            {"complete": ["aws_db_instance", "aws_rds_cluster", "aws_docdb_cluster", "aws_neptune_cluster"]}
            {"type": "aws_db_snapshot", "name": "before-upgrade",
             "values": {"db_instance_identifier": "orders", "allocated_storage": 100, "snapshot_create_time":
             "2025-06-01T00:00:00Z", "shared_accounts": [], "status": "available", "encrypted": true}}
            {"type": "aws_db_instance", "name": "orders",
             "values": {"identifier": "orders", "publicly_accessible": false, "deletion_protection": false,
             "storage_encrypted": true}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject) or not older(subject, "snapshot_create_time", self.days):
            return
        if any(subject.items("shared_accounts")):
            return
        source, types = SOURCES[subject.type]
        name = subject.text(source)
        there = is_there(subject, name, *types)
        age = days_since(subject, "snapshot_create_time") or 0
        if there and age < self.old:
            return
        yield self.waste(
            subject,
            f"it is {age:.0f} days old" if there else f"its database {name} is gone",
            monthly_cost("rds-backup", subject, subject.number("allocated_storage")),
        )
