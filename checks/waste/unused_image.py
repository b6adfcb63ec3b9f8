from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, days_since, is_live, is_used, monthly_cost, older

USERS = ("aws_instance", "aws_launch_template", "aws_launch_configuration", "aws_ami_launch_permission")


class UnusedImage(Waste):
    """Nobody has launched a machine image for months, and nothing names it.

    ## Why is this bad?
    An image itself is free, its snapshots are not. Old images also have old packages in them. AWS remembers when an
    image was last launched, in any account that may.
    """

    id = "unused-image"
    severity = Severity.LOW
    hint = "Disable the image first, then deregister it and delete its snapshots."
    hazard = "Other accounts, or a version of a launch template that is not the latest, may still name it."
    removable = True
    types = ("aws_ami",)
    references = (
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-last-launched-time.html",
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/disable-an-ami.html",
    )
    days: int = 90
    examples = (
        Example(
            bad="""
            {"complete": ["aws_instance", "aws_launch_template", "aws_launch_configuration",
             "aws_ami_launch_permission"]}
            {"type": "aws_ami", "name": "ami-0a1b2c3d4e5f60718", # finding
             "values": {"id": "ami-0a1b2c3d4e5f60718", "public": false, "creation_date": "2025-06-01T00:00:00Z",
             "last_launched_time": "2025-07-01T00:00:00Z", "root_snapshot_id": "snap-0a1b2c3d4e5f60718",
             "ebs_block_device": [{"snapshot_id": "snap-0a1b2c3d4e5f60718", "volume_size": 20}], "state":
             "available"}}
            """,
            fixed="""
            {"complete": ["aws_instance", "aws_launch_template", "aws_launch_configuration",
             "aws_ami_launch_permission"]}
            {"type": "aws_ami", "name": "ami-0a1b2c3d4e5f60718",
             "values": {"id": "ami-0a1b2c3d4e5f60718", "public": false, "creation_date": "2025-06-01T00:00:00Z",
             "last_launched_time": "2025-07-01T00:00:00Z", "root_snapshot_id": "snap-0a1b2c3d4e5f60718",
             "ebs_block_device": [{"snapshot_id": "snap-0a1b2c3d4e5f60718", "volume_size": 20}], "state":
             "available"}}
            {"type": "aws_launch_template", "name": "lt-0a1b2c3d4e5f60718",
             "values": {"image_id": "ami-0a1b2c3d4e5f60718", "metadata_options": [{"http_tokens": "required"}]}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject) or subject.text("state") not in ("available", "disabled") or subject.flag("public"):
            return
        if not older(subject, "creation_date", self.days):
            return
        launched = days_since(subject, "last_launched_time")
        if (launched is not None and launched < self.days) or is_used(subject, *USERS):
            return
        kept = sum(disk.number("volume_size") for disk in subject.blocks("ebs_block_device"))
        since = "never" if launched is None else f"last {launched:.0f} days ago"
        yield self.waste(
            subject,
            f"nothing names it and it was {since} launched; its snapshots keep at most {kept} GB",
            monthly_cost("ebs-snapshot", subject, kept),
        )
