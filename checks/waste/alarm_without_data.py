from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, days_since, is_live, monthly_cost, older


class AlarmWithoutData(Waste):
    """An alarm has had no data for a month.

    ## Why is this bad?
    What it watches is gone, or its metric has another name: it never rings, and is billed every month.
    """

    id = "alarm-without-data"
    severity = Severity.INFO
    hint = "Delete the alarm, or point it at the metric that it should watch."
    hazard = "A metric that is only sent on failures has no data as long as all is well."
    removable = True
    types = ("aws_cloudwatch_metric_alarm",)
    references = ("https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html",)
    days: int = 30
    examples = (
        Example(
            bad="""
            {"type": "aws_cloudwatch_metric_alarm", "name": "old-cpu", # finding
             "values": {"alarm_name": "old-cpu", "state_value": "INSUFFICIENT_DATA", "state_updated":
             "2025-06-01T00:00:00Z", "actions_enabled": true, "alarm_actions": []}}
            """,
            fixed="""
            {"type": "aws_cloudwatch_metric_alarm", "name": "old-cpu",
             "values": {"alarm_name": "old-cpu", "state_value": "OK", "state_updated": "2025-06-01T00:00:00Z",
             "actions_enabled": true, "alarm_actions": []}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject) or subject.text("state_value") != "INSUFFICIENT_DATA":
            return
        if older(subject, "state_updated", self.days):
            days = days_since(subject, "state_updated") or 0
            yield self.waste(subject, f"it has had no data for {days:.0f} days", monthly_cost("alarm", subject))
