from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Metric, Resource, Severity, Waste, instance_cost, is_live, is_quiet, older


class IdleInstance(Waste):
    """An instance does next to nothing.

    ## Why is this bad?
    Its processor stays below 2 % at its busiest and it exchanges less than 5 MB a day, for two weeks: nobody works with
    it. Days without data count as unknown, not as idle. Both limits can be changed.
    """

    id = "idle-instance"
    severity = Severity.MEDIUM
    hint = "Stop the instance, and terminate it if nobody misses it."
    hazard = "Licence servers and batch jobs are idle most of the time."
    types = ("aws_instance",)
    references = ("https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html",)
    days: int = 14
    percent: float = 2.0
    megabytes: float = 5.0
    examples = (
        Example(
            bad="""
            {"type": "aws_instance", "name": "i-0a1b2c3d4e5f60718", # finding
             "values": {"id": "i-0a1b2c3d4e5f60718", "instance_state": "running", "instance_type": "m5.large",
             "launch_time": "2025-06-01T00:00:00Z", "instance_lifecycle": null, "state_transition_reason": ""}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/EC2/CPUUtilization",
             "values": {"namespace": "AWS/EC2", "metric_name": "CPUUtilization", "window_days": 90, "dimensions":
             {"InstanceId": "i-0a1b2c3d4e5f60718"}, "daily": [1.2, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2,
             1.2, 1.2, 1.2]}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/EC2/NetworkIn",
             "values": {"namespace": "AWS/EC2", "metric_name": "NetworkIn", "window_days": 90, "dimensions":
             {"InstanceId": "i-0a1b2c3d4e5f60718"}, "daily": [100000, 100000, 100000, 100000, 100000, 100000, 100000,
             100000, 100000, 100000, 100000, 100000, 100000, 100000]}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/EC2/NetworkOut",
             "values": {"namespace": "AWS/EC2", "metric_name": "NetworkOut", "window_days": 90, "dimensions":
             {"InstanceId": "i-0a1b2c3d4e5f60718"}, "daily": [90000, 90000, 90000, 90000, 90000, 90000, 90000, 90000,
             90000, 90000, 90000, 90000, 90000, 90000]}}
            """,
            fixed="""
            {"type": "aws_instance", "name": "i-0a1b2c3d4e5f60718",
             "values": {"id": "i-0a1b2c3d4e5f60718", "instance_state": "running", "instance_type": "m5.large",
             "launch_time": "2025-06-01T00:00:00Z", "instance_lifecycle": null, "state_transition_reason": ""}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/EC2/CPUUtilization",
             "values": {"namespace": "AWS/EC2", "metric_name": "CPUUtilization", "window_days": 90, "dimensions":
             {"InstanceId": "i-0a1b2c3d4e5f60718"}, "daily": [1.2, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2,
             1.2, 1.2, 60]}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/EC2/NetworkIn",
             "values": {"namespace": "AWS/EC2", "metric_name": "NetworkIn", "window_days": 90, "dimensions":
             {"InstanceId": "i-0a1b2c3d4e5f60718"}, "daily": [100000, 100000, 100000, 100000, 100000, 100000, 100000,
             100000, 100000, 100000, 100000, 100000, 100000, 100000]}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/EC2/NetworkOut",
             "values": {"namespace": "AWS/EC2", "metric_name": "NetworkOut", "window_days": 90, "dimensions":
             {"InstanceId": "i-0a1b2c3d4e5f60718"}, "daily": [90000, 90000, 90000, 90000, 90000, 90000, 90000, 90000,
             90000, 90000, 90000, 90000, 90000, 90000]}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject) or subject.text("instance_state") != "running":
            return
        if not older(subject, "launch_time", self.days):
            return
        dimensions = {"InstanceId": subject.name}
        if not is_quiet(subject, Metric("AWS/EC2", "CPUUtilization", dimensions), days=self.days, most=self.percent):
            return
        traffic = [Metric("AWS/EC2", name, dimensions) for name in ("NetworkIn", "NetworkOut")]
        if is_quiet(subject, *traffic, days=self.days, most=self.megabytes * 1_000_000):
            kind = subject.text("instance_type")
            spot = subject.text("instance_lifecycle") == "spot"
            yield self.waste(
                subject,
                f"its processor was never busier than {self.percent:g} % for {self.days} days",
                None if spot else instance_cost("ec2", kind, subject),
            )
