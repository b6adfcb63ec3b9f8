from __future__ import annotations

from collections.abc import Iterator

from guardrails import Cost, Example, Finding, Metric, Resource, Severity, Waste, is_live, is_quiet, older


class IdleWarehouse(Waste):
    """Nobody has connected to a data warehouse for a month.

    ## Why is this bad?
    A Redshift cluster is billed by the hour for each node, a paused one for its storage. Days without data count as
    unknown, not as idle.
    """

    id = "idle-warehouse"
    severity = Severity.MEDIUM
    hint = "Pause the cluster, or take a snapshot and delete it."
    hazard = "Reports at the end of a quarter or a year need it then."
    types = ("aws_redshift_cluster",)
    references = ("https://docs.aws.amazon.com/redshift/latest/mgmt/metrics-listing.html",)
    days: int = 30
    examples = (
        Example(
            bad="""
            {"type": "aws_redshift_cluster", "name": "reports", # finding
             "values": {"cluster_identifier": "reports", "cluster_status": "available", "node_type": "ra3.xlplus",
             "number_of_nodes": 2, "create_time": "2025-06-01T00:00:00Z", "publicly_accessible": false, "encrypted":
             true}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/Redshift/DatabaseConnections",
             "values": {"namespace": "AWS/Redshift", "metric_name": "DatabaseConnections", "window_days": 90,
             "dimensions": {"ClusterIdentifier": "reports"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}}
            """,
            fixed="""
            {"type": "aws_redshift_cluster", "name": "reports",
             "values": {"cluster_identifier": "reports", "cluster_status": "available", "node_type": "ra3.xlplus",
             "number_of_nodes": 2, "create_time": "2025-06-01T00:00:00Z", "publicly_accessible": false, "encrypted":
             true}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/Redshift/DatabaseConnections",
             "values": {"namespace": "AWS/Redshift", "metric_name": "DatabaseConnections", "window_days": 90,
             "dimensions": {"ClusterIdentifier": "reports"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject) or not older(subject, "create_time", self.days):
            return
        name = subject.text("cluster_identifier")
        nodes = f"{subject.number('number_of_nodes')} nodes of {subject.text('node_type')}"
        if subject.text("cluster_status") == "paused":
            yield self.waste(subject, "it is paused and keeps its storage", Cost(None, missing="its storage"))
            return
        connections = Metric("AWS/Redshift", "DatabaseConnections", {"ClusterIdentifier": name})
        if is_quiet(subject, connections, days=self.days):
            yield self.waste(subject, f"nobody has connected for {self.days} days", Cost(None, missing=nodes))
