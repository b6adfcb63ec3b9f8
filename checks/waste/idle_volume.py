from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Metric, Resource, Severity, Waste, is_live, is_quiet, monthly_cost, older


class IdleVolume(Waste):
    """Nothing was read from or written to an attached disk for a month.

    ## Why is this bad?
    A running instance pays for a volume that it does not use: a data disk of a former release, or one that was never
    mounted. Days without data count as unknown, not as idle.
    """

    id = "idle-volume"
    severity = Severity.LOW
    hint = "Take a snapshot, detach the volume and delete it."
    hazard = "A standby or a yearly job may need it."
    types = ("aws_ebs_volume",)
    references = ("https://docs.aws.amazon.com/ebs/latest/userguide/using_cloudwatch_ebs.html",)
    days: int = 30
    examples = (
        Example(
            bad="""
            {"type": "aws_ebs_volume", "name": "vol-0a1b2c3d4e5f60718", # finding
             "values": {"state": "in-use", "size": 500, "type": "gp3", "create_time": "2025-06-01T00:00:00Z",
             "attachments": [{"instance_id": "i-0a1b2c3d4e5f60718"}]}}
            {"type": "aws_instance", "name": "i-0a1b2c3d4e5f60718",
             "values": {"id": "i-0a1b2c3d4e5f60718", "instance_state": "running"}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/EBS/VolumeReadOps",
             "values": {"namespace": "AWS/EBS", "metric_name": "VolumeReadOps", "window_days": 90, "dimensions":
             {"VolumeId": "vol-0a1b2c3d4e5f60718"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/EBS/VolumeWriteOps",
             "values": {"namespace": "AWS/EBS", "metric_name": "VolumeWriteOps", "window_days": 90, "dimensions":
             {"VolumeId": "vol-0a1b2c3d4e5f60718"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}}
            """,
            fixed="""
            {"type": "aws_ebs_volume", "name": "vol-0a1b2c3d4e5f60718",
             "values": {"state": "in-use", "size": 500, "type": "gp3", "create_time": "2025-06-01T00:00:00Z",
             "attachments": [{"instance_id": "i-0a1b2c3d4e5f60718"}]}}
            {"type": "aws_instance", "name": "i-0a1b2c3d4e5f60718",
             "values": {"id": "i-0a1b2c3d4e5f60718", "instance_state": "running"}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/EBS/VolumeReadOps",
             "values": {"namespace": "AWS/EBS", "metric_name": "VolumeReadOps", "window_days": 90, "dimensions":
             {"VolumeId": "vol-0a1b2c3d4e5f60718"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/EBS/VolumeWriteOps",
             "values": {"namespace": "AWS/EBS", "metric_name": "VolumeWriteOps", "window_days": 90, "dimensions":
             {"VolumeId": "vol-0a1b2c3d4e5f60718"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject) or subject.text("state") != "in-use" or not older(subject, "create_time", self.days):
            return
        for attachment in subject.blocks("attachments"):
            holder = subject.model.resolve(attachment.raw("instance_id"), "aws_instance")
            if holder is None or holder.text("instance_state") != "running":
                return  # a stopped instance is another finding
        dimensions = {"VolumeId": subject.name}
        reads, writes = (Metric("AWS/EBS", name, dimensions) for name in ("VolumeReadOps", "VolumeWriteOps"))
        if is_quiet(subject, reads, writes, days=self.days):
            yield self.waste(
                subject,
                f"nothing was read or written for {self.days} days",
                monthly_cost(f"ebs-{subject.text('type')}", subject, subject.number("size")),
            )
