from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_live, is_there, is_used, monthly_cost, older

USERS = ("aws_ami", "aws_launch_template", "aws_launch_configuration", "aws_snapshot_create_volume_permission")


class OrphanedSnapshot(Waste):
    """A snapshot has outlived its disk and belongs to no image.

    ## Why is this bad?
    A snapshot is billed for every block that it keeps. Once its volume is gone, no later snapshot shares blocks with
    it, and mostly nobody knows what is in it. Snapshots that AWS Backup or Data Lifecycle Manager made are theirs to
    delete.
    """

    id = "orphaned-snapshot"
    severity = Severity.LOW
    hint = "Delete the snapshot, or move it to the archive tier if it must be kept."
    hazard = "It may be a backup that an audit asks for, or shared with another account."
    removable = True
    types = ("aws_ebs_snapshot",)
    references = (
        "https://docs.aws.amazon.com/ebs/latest/userguide/ebs-deleting-snapshot.html",
        "https://docs.aws.amazon.com/ebs/latest/userguide/snapshot-archive.html",
    )
    days: int = 30
    examples = (
        Example(
            bad="""
            {"complete": ["aws_ebs_volume", "aws_ami", "aws_launch_template", "aws_launch_configuration",
             "aws_snapshot_create_volume_permission"]}
            {"type": "aws_ebs_snapshot", "name": "snap-0a1b2c3d4e5f60718", # finding
             "values": {"id": "snap-0a1b2c3d4e5f60718", "volume_id": "vol-0a1b2c3d4e5f60718", "volume_size": 100,
             "storage_tier": "standard", "state": "completed", "start_time": "2025-06-01T00:00:00Z"}}
            """,
            fixed="""
            {"complete": ["aws_ebs_volume", "aws_ami", "aws_launch_template", "aws_launch_configuration",
             "aws_snapshot_create_volume_permission"]}
            {"type": "aws_ebs_snapshot", "name": "snap-0a1b2c3d4e5f60718",
             "values": {"id": "snap-0a1b2c3d4e5f60718", "volume_id": "vol-0a1b2c3d4e5f60718", "volume_size": 100,
             "storage_tier": "standard", "state": "completed", "start_time": "2025-06-01T00:00:00Z"}}
            {"type": "aws_ami", "name": "ami-0a1b2c3d4e5f60718",
             "values": {"id": "ami-0a1b2c3d4e5f60718", "root_snapshot_id": "snap-0a1b2c3d4e5f60718", "creation_date":
             "2026-01-30T00:00:00Z", "last_launched_time": null, "ebs_block_device": []}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject) or subject.text("state") != "completed" or subject.text("storage_tier") == "archive":
            return
        if not older(subject, "start_time", self.days):
            return
        volume = subject.text("volume_id")
        if is_there(subject, volume, "aws_ebs_volume") or is_used(subject, *USERS):
            return
        yield self.waste(
            subject,
            f"its volume {volume} is gone and no image uses it; at most {subject.number('volume_size')} GB are kept",
            monthly_cost("ebs-snapshot", subject, subject.number("volume_size")),
        )
