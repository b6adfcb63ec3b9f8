from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class SnapshotSharingAllowed(Check[Resource]):
    """A region lets EBS snapshots be shared with everybody.

    ## Why is this bad?
    One wrong click or call shares a whole disk with every AWS account in the world, and there are people who copy
    public snapshots as they appear. The block of the region holds whatever a single call says.
    """

    id = "snapshot-sharing-allowed"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Set `state` to `block-all-sharing`."
    types = ("aws_ebs_snapshot_block_public_access",)
    references = ("https://docs.aws.amazon.com/ebs/latest/userguide/block-public-access-snapshots.html",)
    compliance = ("AWS-FSBP:EC2.182",)
    examples = (
        Example(
            bad="""
            resource "aws_ebs_snapshot_block_public_access" "main" {
              state = "unblocked" # finding
            }
            """,
            fixed="""
            resource "aws_ebs_snapshot_block_public_access" "main" {
              state = "block-all-sharing"
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.text("state") == "unblocked":
            yield self.finding(
                subject,
                "snapshots may be shared with everybody",
                path="state",
                fix=self.set_attribute(
                    subject,
                    "state",
                    '"block-all-sharing"',
                    cli="aws ec2 enable-snapshot-block-public-access --state block-all-sharing",
                ),
            )
