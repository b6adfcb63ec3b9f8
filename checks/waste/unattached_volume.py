from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_live, monthly_cost, older


class UnattachedVolume(Waste):
    """A disk is attached to nothing.

    ## Why is this bad?
    A volume is billed by its size, whether an instance uses it or not. It is often left behind by an instance whose
    volume was not deleted with it.
    """

    id = "unattached-volume"
    severity = Severity.MEDIUM
    hint = "Take a snapshot, which costs less, and delete the volume."
    hazard = "It may be the only copy of its data, or belong to a Kubernetes volume that is kept on purpose."
    removable = True
    types = ("aws_ebs_volume",)
    references = ("https://docs.aws.amazon.com/ebs/latest/userguide/ebs-deleting-volume.html",)
    days: int = 14
    examples = (
        Example(
            bad="""
            {"type": "aws_ebs_volume", "name": "vol-0a1b2c3d4e5f60718", # finding
             "values": {"state": "available", "size": 100, "type": "gp3", "create_time": "2025-06-01T00:00:00Z"}}
            """,
            fixed="""
            {"type": "aws_ebs_volume", "name": "vol-0a1b2c3d4e5f60718",
             "values": {"state": "in-use", "size": 100, "type": "gp3", "create_time": "2025-06-01T00:00:00Z"}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if is_live(subject) and subject.text("state") == "available" and older(subject, "create_time", self.days):
            cost = monthly_cost(f"ebs-{subject.text('type')}", subject, subject.number("size"))
            if subject.text("type") in ("io1", "io2"):
                cost += monthly_cost("ebs-iops", subject, subject.number("iops"))
            yield self.waste(
                subject, f"its {subject.number('size')} GB of {subject.text('type')} are attached to nothing", cost
            )
