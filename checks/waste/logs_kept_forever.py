from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Safety, Severity, Waste, is_live, monthly_cost


class LogsKeptForever(Waste):
    """Logs are never deleted.

    ## Why is this bad?
    Each gigabyte of logs is billed every month until somebody deletes it, and a log group without a retention keeps all
    of them for ever.
    """

    id = "logs-kept-forever"
    severity = Severity.LOW
    hint = "Give the log group a retention, for example 90 days."
    hazard = "An audit may ask for older logs; export them to S3 first."
    types = ("aws_cloudwatch_log_group",)
    references = ("https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",)
    gigabytes: float = 1.0
    examples = (
        Example(
            bad="""
            {"type": "aws_cloudwatch_log_group", "name": "/aws/lambda/api", # finding
             "values": {"retention_in_days": 0, "stored_bytes": 500000000000, "log_group_class": "STANDARD"}}
            """,
            fixed="""
            {"type": "aws_cloudwatch_log_group", "name": "/aws/lambda/api",
             "values": {"retention_in_days": 90, "stored_bytes": 500000000000, "log_group_class": "STANDARD"}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.number("retention_in_days") or subject.text("log_group_class", default="") == "DELIVERY":
            return
        if not is_live(subject):
            return
        gigabytes = subject.number("stored_bytes") / 1_000_000_000
        if gigabytes < self.gigabytes:
            return
        yield self.waste(
            subject,
            f"its {gigabytes:.0f} GB are kept for ever",
            monthly_cost("logs-storage", subject, gigabytes),
            path="retention_in_days",
            fix=self.set_attribute(
                subject,
                "retention_in_days",
                "90",
                safety=Safety.UNSAFE,
                cli=f"aws logs put-retention-policy --log-group-name {subject.name} --retention-in-days 90",
            ),
        )
