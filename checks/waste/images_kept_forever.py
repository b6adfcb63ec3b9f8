from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_live


class ImagesKeptForever(Waste):
    """Container images are never deleted.

    ## Why is this bad?
    Each build adds an image, and each gigabyte of them is billed every month. Without a lifecycle policy nothing is
    ever deleted.
    """

    id = "images-kept-forever"
    severity = Severity.LOW
    hint = "Add an `aws_ecr_lifecycle_policy` that keeps the last images of each tag."
    hazard = "An image that a deployment goes back to, or that a Lambda function runs, must be among those that stay."
    types = ("aws_ecr_repository",)
    references = ("https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html",)
    examples = (
        Example(
            bad="""
            resource "aws_ecr_repository" "api" { # finding
              name = "api"
            }
            """,
            fixed="""
            resource "aws_ecr_repository" "api" {
              name = "api"
            }

            resource "aws_ecr_lifecycle_policy" "api" {
              repository = aws_ecr_repository.api.name

              policy = jsonencode({
                rules = [{
                  rulePriority = 1
                  selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 30 }
                  action       = { type = "expire" }
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        for policy in subject.model.resources("aws_ecr_lifecycle_policy"):
            if is_live(subject):
                same = policy.text("repository") == subject.name and policy.region == subject.region
            else:
                same = subject.model.resolve(policy.raw("repository"), subject.type) is subject
            if same:
                return
        yield self.waste(subject, "no lifecycle policy deletes its old images")
