from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Metric, Resource, Severity, Waste, is_live, is_quiet, monthly_cost, older


class IdleTable(Waste):
    """Nobody has used a table's provisioned capacity for a month.

    ## Why is this bad?
    Provisioned capacity is billed by the hour, used or not. On demand, an idle table costs its storage alone. Days
    without data count as unknown, not as idle.
    """

    id = "idle-table"
    severity = Severity.LOW
    hint = "Bill the table on demand, or back it up and delete it."
    hazard = "The first burst after a switch is limited to what on-demand tables start with."
    types = ("aws_dynamodb_table",)
    references = ("https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html",)
    days: int = 30
    examples = (
        Example(
            bad="""
            {"type": "aws_dynamodb_table", "name": "events", # finding
             "values": {"name": "events", "billing_mode": "PROVISIONED", "read_capacity": 100, "write_capacity": 50,
             "creation_date_time": "2025-06-01T00:00:00Z", "deletion_protection_enabled": true}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/DynamoDB/ConsumedReadCapacityUnits",
             "values": {"namespace": "AWS/DynamoDB", "metric_name": "ConsumedReadCapacityUnits", "window_days": 90,
             "dimensions": {"TableName": "events"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/DynamoDB/ConsumedWriteCapacityUnits",
             "values": {"namespace": "AWS/DynamoDB", "metric_name": "ConsumedWriteCapacityUnits", "window_days": 90,
             "dimensions": {"TableName": "events"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}}
            """,
            fixed="""
            {"type": "aws_dynamodb_table", "name": "events",
             "values": {"name": "events", "billing_mode": "PROVISIONED", "read_capacity": 100, "write_capacity": 50,
             "creation_date_time": "2025-06-01T00:00:00Z", "deletion_protection_enabled": true}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/DynamoDB/ConsumedReadCapacityUnits",
             "values": {"namespace": "AWS/DynamoDB", "metric_name": "ConsumedReadCapacityUnits", "window_days": 90,
             "dimensions": {"TableName": "events"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/DynamoDB/ConsumedWriteCapacityUnits",
             "values": {"namespace": "AWS/DynamoDB", "metric_name": "ConsumedWriteCapacityUnits", "window_days": 90,
             "dimensions": {"TableName": "events"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject) or subject.text("billing_mode") != "PROVISIONED":
            return
        if not older(subject, "creation_date_time", self.days):
            return
        name = {"TableName": subject.text("name")}
        used = [Metric("AWS/DynamoDB", f"Consumed{each}CapacityUnits", name) for each in ("Read", "Write")]
        if is_quiet(subject, *used, days=self.days):
            reads, writes = subject.number("read_capacity"), subject.number("write_capacity")
            cost = monthly_cost("dynamodb-read-unit", subject, reads)
            cost += monthly_cost("dynamodb-write-unit", subject, writes)
            fact = f"its {reads} read and {writes} write units were not used for {self.days} days"
            yield self.waste(subject, fact, cost)
