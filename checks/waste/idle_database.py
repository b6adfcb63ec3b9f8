from __future__ import annotations

from collections.abc import Iterator

from guardrails import (
    Example,
    Finding,
    Metric,
    Resource,
    Severity,
    Waste,
    instance_cost,
    is_live,
    is_quiet,
    monthly_cost,
    older,
)


class IdleDatabase(Waste):
    """Nobody has connected to a database for two weeks.

    ## Why is this bad?
    A database instance is billed by the hour and for its storage. Days without data count as unknown, not as idle.
    """

    id = "idle-database"
    severity = Severity.MEDIUM
    hint = "Take a final snapshot and delete the database, or stop it."
    hazard = "Monthly and yearly jobs connect seldom, and a stopped database starts again after seven days."
    types = ("aws_db_instance", "aws_rds_cluster_instance")
    references = ("https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html",)
    days: int = 14
    examples = (
        Example(
            bad="""
            {"type": "aws_db_instance", "name": "orders", # finding
             "values": {"identifier": "orders", "status": "available", "instance_class": "db.t4g.medium", "multi_az":
             false, "allocated_storage": 100, "storage_type": "gp3", "create_time": "2025-06-01T00:00:00Z",
             "publicly_accessible": false, "deletion_protection": false, "storage_encrypted": true}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/RDS/DatabaseConnections",
             "values": {"namespace": "AWS/RDS", "metric_name": "DatabaseConnections", "window_days": 90, "dimensions":
             {"DBInstanceIdentifier": "orders"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}}
            """,
            fixed="""
            {"type": "aws_db_instance", "name": "orders",
             "values": {"identifier": "orders", "status": "available", "instance_class": "db.t4g.medium", "multi_az":
             false, "allocated_storage": 100, "storage_type": "gp3", "create_time": "2025-06-01T00:00:00Z",
             "publicly_accessible": false, "deletion_protection": false, "storage_encrypted": true}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/RDS/DatabaseConnections",
             "values": {"namespace": "AWS/RDS", "metric_name": "DatabaseConnections", "window_days": 90, "dimensions":
             {"DBInstanceIdentifier": "orders"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject) or subject.text("status") != "available":
            return
        if not older(subject, "create_time", self.days):
            return
        connections = Metric("AWS/RDS", "DatabaseConnections", {"DBInstanceIdentifier": subject.text("identifier")})
        if not is_quiet(subject, connections, days=self.days):
            return
        copies = 2 if subject.type == "aws_db_instance" and subject.flag("multi_az") else 1
        cost = instance_cost("rds", subject.text("instance_class"), subject, copies)
        if subject.type == "aws_db_instance" and subject.text("storage_type") in ("gp2", "gp3"):
            size = subject.number("allocated_storage") * copies
            cost += monthly_cost(f"rds-{subject.text('storage_type')}", subject, size)
        yield self.waste(subject, f"nobody has connected for {self.days} days", cost)
