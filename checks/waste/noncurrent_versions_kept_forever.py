from __future__ import annotations

from collections.abc import Iterator

from guardrails import Block, Example, Finding, Resource, Severity, Waste, related


class NoncurrentVersionsKeptForever(Waste):
    """A bucket that deletes old objects keeps all their old versions.

    ## Why is this bad?
    With versioning, an expired or overwritten object becomes a noncurrent version that is billed like a current one. A
    lifecycle that expires objects and not their noncurrent versions frees nothing.
    """

    id = "noncurrent-versions-kept-forever"
    severity = Severity.LOW
    hint = "Add `noncurrent_version_expiration` to the lifecycle rule."
    hazard = "Versions that somebody wants to go back to are gone after that time."
    types = ("aws_s3_bucket_versioning",)
    references = ("https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-configuration-examples.html",)
    examples = (
        Example(
            bad="""
            resource "aws_s3_bucket_versioning" "data" { # finding
              bucket = "data"

              versioning_configuration {
                status = "Enabled"
              }
            }

            resource "aws_s3_bucket_lifecycle_configuration" "data" {
              bucket = "data"

              rule {
                id     = "old"
                status = "Enabled"

                filter {}

                expiration {
                  days = 365
                }
              }
            }
            """,
            fixed="""
            resource "aws_s3_bucket_versioning" "data" {
              bucket = "data"

              versioning_configuration {
                status = "Enabled"
              }
            }

            resource "aws_s3_bucket_lifecycle_configuration" "data" {
              bucket = "data"

              rule {
                id     = "old"
                status = "Enabled"

                filter {}

                noncurrent_version_expiration {
                  noncurrent_days = 90
                }
              }
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not any(each.text("status", default="") == "Enabled" for each in subject.blocks("versioning_configuration")):
            return
        bucket = subject.get("bucket")
        for lifecycle in subject.model.resources("aws_s3_bucket_lifecycle_configuration"):
            if lifecycle.get("bucket") != bucket:
                continue
            rules = [each for each in lifecycle.blocks("rule") if each.text("status") == "Enabled"]
            if any(_expires(rule) for rule in rules) and not any(
                any(rule.blocks("noncurrent_version_expiration")) for rule in rules
            ):
                yield self.waste(
                    subject,
                    "its lifecycle expires objects and keeps their noncurrent versions",
                    related=related((lifecycle.place(), "the lifecycle")),
                )


def _expires(rule: Block) -> bool:
    return any(each.number("days") or each.text("date", default="") for each in rule.blocks("expiration"))
