from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Metric, Resource, Severity, Waste, is_live, is_quiet, monthly_cost, older


class IdleFileSystem(Waste):
    """Nothing was read from or written to a file system for a month.

    ## Why is this bad?
    A file system is billed for what is in it. Days without data count as unknown, not as idle.
    """

    id = "idle-file-system"
    severity = Severity.LOW
    hint = "Back the file system up and delete it, or let a lifecycle policy move its files to cheaper storage."
    hazard = "An archive is read seldom."
    types = ("aws_efs_file_system",)
    references = ("https://docs.aws.amazon.com/efs/latest/ug/efs-metrics.html",)
    days: int = 30
    examples = (
        Example(
            bad="""
            {"type": "aws_efs_file_system", "name": "fs-0a1b2c3d4e5f60718", # finding
             "values": {"size_in_bytes": [{"value": 500000000000}], "create_time": "2025-06-01T00:00:00Z",
             "encrypted": true}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/EFS/TotalIOBytes",
             "values": {"namespace": "AWS/EFS", "metric_name": "TotalIOBytes", "window_days": 90, "dimensions":
             {"FileSystemId": "fs-0a1b2c3d4e5f60718"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}}
            """,
            fixed="""
            {"type": "aws_efs_file_system", "name": "fs-0a1b2c3d4e5f60718",
             "values": {"size_in_bytes": [{"value": 500000000000}], "create_time": "2025-06-01T00:00:00Z",
             "encrypted": true}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/EFS/TotalIOBytes",
             "values": {"namespace": "AWS/EFS", "metric_name": "TotalIOBytes", "window_days": 90, "dimensions":
             {"FileSystemId": "fs-0a1b2c3d4e5f60718"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject) or not older(subject, "create_time", self.days):
            return
        if is_quiet(subject, Metric("AWS/EFS", "TotalIOBytes", {"FileSystemId": subject.name}), days=self.days):
            gigabytes = subject.number("size_in_bytes", "value") / 1_000_000_000
            yield self.waste(
                subject, f"nothing was read or written for {self.days} days", monthly_cost("efs", subject, gigabytes)
            )
