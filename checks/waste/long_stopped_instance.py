from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from guardrails import (
    Example,
    Finding,
    Resource,
    Severity,
    Unknown,
    Waste,
    is_live,
    monthly_cost,
    read_at,
    related,
    users,
)

SINCE = re.compile(r"\((\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?:GMT|UTC)\)")


class LongStoppedInstance(Waste):
    """An instance has been stopped for a month.

    ## Why is this bad?
    A stopped instance costs nothing itself, but its disks and addresses are billed as before. After a month it is
    seldom started again, and when it is, it misses a month of patches.
    """

    id = "long-stopped-instance"
    severity = Severity.MEDIUM
    hint = "Make an image of the instance and terminate it."
    hazard = "Licences and addresses that belong to the instance are lost with it."
    removable = True
    types = ("aws_instance",)
    references = ("https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Stop_Start.html",)
    days: int = 30
    examples = (
        Example(
            bad="""
            {"type": "aws_instance", "name": "i-0a1b2c3d4e5f60718", # finding
             "values": {"id": "i-0a1b2c3d4e5f60718", "instance_state": "stopped", "state_transition_reason":
             "User initiated (2025-11-01 10:00:00 GMT)", "public_ip": ""}}
            {"type": "aws_ebs_volume", "name": "vol-0a1b2c3d4e5f60718",
             "values": {"state": "in-use", "type": "gp3", "size": 100, "create_time": "2025-06-01T00:00:00Z",
             "attachments": [{"instance_id": "i-0a1b2c3d4e5f60718"}]}}
            """,
            fixed="""
            {"type": "aws_instance", "name": "i-0a1b2c3d4e5f60718",
             "values": {"id": "i-0a1b2c3d4e5f60718", "instance_state": "stopped", "state_transition_reason":
             "User initiated (2026-01-20 10:00:00 GMT)", "public_ip": ""}}
            {"type": "aws_ebs_volume", "name": "vol-0a1b2c3d4e5f60718",
             "values": {"state": "in-use", "type": "gp3", "size": 100, "create_time": "2025-06-01T00:00:00Z",
             "attachments": [{"instance_id": "i-0a1b2c3d4e5f60718"}]}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject) or subject.text("instance_state") != "stopped":
            return
        since = SINCE.search(subject.text("state_transition_reason"))
        if not since:
            raise Unknown(f"{subject.address}: AWS does not say since when it is stopped", subject.place())
        stopped = datetime.fromisoformat(since[1]).replace(tzinfo=UTC)
        days = (read_at(subject.model) - stopped).days
        if days < self.days:
            return
        cost = None
        disks = list(users(subject, "aws_ebs_volume"))
        for volume in disks:
            own = monthly_cost(f"ebs-{volume.text('type')}", volume, volume.number("size"))
            cost = own if cost is None else cost + own
        size = sum(volume.number("size") for volume in disks)
        yield self.waste(
            subject,
            f"it has been stopped for {days} days and keeps {size} GB of disks",
            cost,
            related=related(*((each.place(), "its volume") for each in disks)),
        )
