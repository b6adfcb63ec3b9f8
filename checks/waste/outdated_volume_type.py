from __future__ import annotations

from collections.abc import Iterator

from guardrails import Block, Example, Finding, Resource, Severity, Waste, is_live, monthly_cost


class OutdatedVolumeType(Waste):
    """A disk is of the type gp2.

    ## Why is this bad?
    gp3 costs a fifth less than gp2, is as fast or faster, and does not depend on its size or on credits to be so. The
    change is made while the volume is in use.
    """

    id = "outdated-volume-type"
    severity = Severity.LOW
    hint = "Change the type to gp3."
    hazard = "Volumes of more than 1,000 GB need provisioned IOPS to stay as fast as they were; they still cost less."
    types = ("aws_ebs_volume", "aws_instance", "aws_launch_template")
    references = (
        "https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html",
        "https://docs.aws.amazon.com/ebs/latest/userguide/modify-volume-requirements.html",
    )
    examples = (
        Example(
            bad="""
            resource "aws_ebs_volume" "data" {
              availability_zone = "eu-west-1a"
              size              = 500
              type              = "gp2" # finding
              encrypted         = true
            }
            """,
            fixed="""
            resource "aws_ebs_volume" "data" {
              availability_zone = "eu-west-1a"
              size              = 500
              type              = "gp3"
              encrypted         = true
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        for disk, kind, size in _disks(subject):
            if disk.text(kind, default="") != "gp2":
                continue
            gigabytes = disk.number(size)
            was, will = (monthly_cost(f"ebs-{each}", subject, gigabytes) for each in ("gp2", "gp3"))
            saved = was + will * -1
            command = f"aws ec2 modify-volume --volume-id {subject.name} --volume-type gp3" if is_live(subject) else ""
            yield self.waste(
                disk,
                f"gp2 costs {saved} more than gp3 would" if gigabytes else "gp2 costs a quarter more than gp3 would",
                path=kind,
                fix=self.set_attribute(
                    disk,
                    kind,
                    '"gp3"',
                    cli=command,
                ),
                monthly=saved.usd if gigabytes else None,
            )


def _disks(resource: Resource) -> Iterator[tuple[Block, str, str]]:
    match resource.type:
        case "aws_ebs_volume":
            yield resource, "type", "size"
        case "aws_instance" if not is_live(resource):  # the account's volumes tell of themselves
            for name in ("root_block_device", "ebs_block_device"):
                yield from ((disk, "volume_type", "volume_size") for disk in resource.blocks(name))
        case "aws_launch_template":
            for mapping in resource.blocks("block_device_mappings"):
                yield from ((disk, "volume_type", "volume_size") for disk in mapping.blocks("ebs"))
