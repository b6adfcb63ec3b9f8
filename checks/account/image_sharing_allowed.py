from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Resource, Severity


class ImageSharingAllowed(Check[Resource]):
    """A region lets machine images be shared with everybody.

    ## Why is this bad?
    An image that is made public by mistake shows its disk, with every key and configuration on it, to every AWS
    account in the world. The block of the region holds whatever a single call says.
    """

    id = "image-sharing-allowed"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Set `state` to `block-new-sharing`."
    types = ("aws_ec2_image_block_public_access",)
    references = (
        "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/block-public-access-to-amis.html",
        "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/ec2_image_block_public_access",
    )
    examples = (
        Example(
            bad="""
            resource "aws_ec2_image_block_public_access" "main" {
              state = "unblocked" # finding
            }
            """,
            fixed="""
            resource "aws_ec2_image_block_public_access" "main" {
              state = "block-new-sharing"
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if subject.text("state") == "unblocked":
            yield self.finding(
                subject,
                "images may be shared with everybody",
                path="state",
                fix=self.set_attribute(
                    subject,
                    "state",
                    '"block-new-sharing"',
                    cli="aws ec2 enable-image-block-public-access --image-block-public-access-state block-new-sharing",
                ),
            )
