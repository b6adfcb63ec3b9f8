from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Fix, Kind, Model, Resource, Severity

SWITCHES = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")

BLOCK = """resource "aws_s3_account_public_access_block" "main" {
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}"""


class AccountPublicAccessAllowed(Check[Model]):
    """The account's S3 public access block leaves a way open.

    ## Why is this bad?
    The account's block is the last line: it holds whatever a single bucket says. Each switch that is off lets one
    kind of mistake through, for every bucket that is there and every one to come.

    An account without the block has all four switches off.
    """

    id = "account-public-access-allowed"
    kind = Kind.SECURITY
    severity = Severity.MEDIUM
    hint = "Set all four switches to true, and serve public content through CloudFront."
    references = ("https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",)
    compliance = ("CIS-AWS-3.0:2.1.4", "AWS-FSBP:S3.1")
    examples = (
        Example(
            bad="""
            resource "aws_s3_account_public_access_block" "main" {
              block_public_acls       = true
              block_public_policy     = false # finding
              ignore_public_acls      = true
              restrict_public_buckets = true
            }
            """,
            fixed="""
            resource "aws_s3_account_public_access_block" "main" {
              block_public_acls       = true
              block_public_policy     = true
              ignore_public_acls      = true
              restrict_public_buckets = true
            }
            """,
        ),
        Example(
            title="An account without the block",
            bad="""
            {"complete": ["aws_s3_account_public_access_block"]} # finding
            """,
            fixed="""
            {"type": "aws_s3_account_public_access_block", "name": "111122223333", "values": {
              "block_public_acls": true, "block_public_policy": true,
              "ignore_public_acls": true, "restrict_public_buckets": true
            }}
            """,
        ),
    )

    def check(self, subject: Model, /) -> Iterator[Finding]:
        for block in subject.all("aws_s3_account_public_access_block"):
            yield from self._switches(block)
        if subject.kind == "account" and not any(subject.resources("aws_s3_account_public_access_block")):
            switches = ",".join(f"{each.title().replace('_', '')}=true" for each in SWITCHES)
            yield self.finding(
                subject,
                "no switch is on for the whole account",
                fix=Fix(
                    "Switch all four on",
                    terraform=BLOCK,
                    cli=f"aws s3control put-public-access-block --account-id {subject.name}"
                    f" --public-access-block-configuration {switches}",
                ),
            )

    def _switches(self, block: Resource) -> Iterator[Finding]:
        for switch in SWITCHES:
            if not block.flag(switch):
                yield self.finding(
                    block,
                    f"`{switch}` is off for the whole account",
                    path=switch,
                    fix=self.set_attribute(block, switch, "true"),
                )
