from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class PublicImageOrSnapshot(Check[Resource]):
    """A machine image or snapshot is shared with every AWS account.

    ## Why is this bad?
    Anybody can start the image or restore the snapshot in an account of their own, and read the disk: keys, data,
    configuration. Public snapshots are listed and searched by others within hours.
    """

    id = "public-image-or-snapshot"
    kind = Kind.SECURITY
    severity = Severity.CRITICAL
    hint = "Share it with the account ids that need it."
    types = ("aws_ami_launch_permission", "aws_db_snapshot", "aws_db_cluster_snapshot")
    same_as = ("CKV_AWS_205", "CKV_AWS_302")
    references = ("https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/sharingamis-intro.html",)
    compliance = ("AWS-FSBP:EC2.1", "AWS-FSBP:RDS.1")
    examples = (
        Example(
            bad="""
            resource "aws_ami_launch_permission" "everyone" {
              image_id = "ami-0a1b2c3d4e5f60718"
              group    = "all" # finding
            }
            """,
            fixed="""
            resource "aws_ami_launch_permission" "build" {
              image_id   = "ami-0a1b2c3d4e5f60718"
              account_id = "111122223333"
            }
            """,
        ),
        Example(
            title="A database snapshot",
            bad="""
            resource "aws_db_snapshot" "orders" {
              db_instance_identifier = "orders"
              db_snapshot_identifier = "orders-2026-11"
              shared_accounts        = ["all"] # finding
            }
            """,
            fixed="""
            resource "aws_db_snapshot" "orders" {
              db_instance_identifier = "orders"
              db_snapshot_identifier = "orders-2026-11"
              shared_accounts        = ["111122223333"]
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.type == "aws_ami_launch_permission":
            if subject.text("group") == "all":
                yield self.finding(subject, "every AWS account may launch the image", path="group")
            return
        for index, account in enumerate(subject.texts("shared_accounts")):
            if account == "all":
                yield self.finding(
                    subject, "every AWS account may restore the snapshot", path=("shared_accounts", index)
                )
