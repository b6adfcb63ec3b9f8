from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_live, older


class EmptyAutoscalingGroup(Waste):
    """An Auto Scaling group has no instances and nothing that would start one.

    ## Why is this bad?
    Without a schedule or a scaling policy a group of size zero stays empty. It costs nothing itself, and keeps a launch
    template, security groups and an image in use that could go.
    """

    id = "empty-autoscaling-group"
    severity = Severity.INFO
    hint = "Delete the group, or give it a schedule or a scaling policy."
    hazard = "Somebody may scale it by hand, or a blue-green deployment may be about to."
    removable = True
    types = ("aws_autoscaling_group",)
    references = ("https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-process-shutdown.html",)
    days: int = 30
    examples = (
        Example(
            bad="""
            {"complete": ["aws_autoscaling_schedule", "aws_autoscaling_policy"]}
            {"type": "aws_autoscaling_group", "name": "workers", # finding
             "values": {"name": "workers", "min_size": 0, "max_size": 4, "desired_capacity": 0, "instances": [],
             "created_time": "2025-06-01T00:00:00Z", "warm_pool": [], "tags_all": {}}}
            """,
            fixed="""
            {"complete": ["aws_autoscaling_schedule", "aws_autoscaling_policy"]}
            {"type": "aws_autoscaling_group", "name": "workers",
             "values": {"name": "workers", "min_size": 0, "max_size": 4, "desired_capacity": 1, "instances":
             ["i-0a1b2c3d4e5f60718"], "created_time": "2025-06-01T00:00:00Z", "warm_pool": [], "tags_all": {}}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject) or subject.number("desired_capacity") or any(subject.items("instances")):
            return
        if any(subject.blocks("warm_pool")) or not older(subject, "created_time", self.days):
            return
        for other in subject.model.resources("aws_autoscaling_schedule", "aws_autoscaling_policy"):
            if other.text("autoscaling_group_name") == subject.text("name") and other.region == subject.region:
                return
        yield self.waste(subject, "it has no instances, no schedule and no scaling policy")
