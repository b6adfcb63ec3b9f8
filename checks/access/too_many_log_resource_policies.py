from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Model, Resource, Severity, Unknown

QUOTA = 10


class TooManyLogResourcePolicies(Check[Model]):
    """More CloudWatch Logs resource policies than a region takes.

    ## Why is this bad?
    A region of an account holds ten, and the quota cannot be raised. The eleventh fails with `LimitExceededException`,
    for which the provider waits until it times out. Services that log by themselves need room for theirs too.
    """

    id = "too-many-log-resource-policies"
    kind = Kind.PRODUCTIVITY
    severity = Severity.MEDIUM
    hint = "Write one policy whose `Resource` covers the log groups by a wildcard."
    references = (
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html",
        "https://github.com/hashicorp/terraform-provider-aws/issues/41503",
    )
    examples = (
        Example(
            bad="""
            provider "aws" {
              region = "eu-west-1"
            }

            resource "aws_cloudwatch_log_resource_policy" "search" { # finding
              count           = 11
              policy_name     = "search-${count.index}"
              policy_document = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Principal = { Service = "es.amazonaws.com" }
                  Action    = "logs:PutLogEvents"
                  Resource  = "arn:aws:logs:eu-west-1:111122223333:log-group:/search/${count.index}:*"
                  Condition = { StringEquals = { "aws:SourceAccount" = "111122223333" } }
                }]
              })
            }
            """,
            fixed="""
            provider "aws" {
              region = "eu-west-1"
            }

            resource "aws_cloudwatch_log_resource_policy" "search" {
              count           = 1
              policy_name     = "search-${count.index}"
              policy_document = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Principal = { Service = "es.amazonaws.com" }
                  Action    = "logs:PutLogEvents"
                  Resource  = "arn:aws:logs:eu-west-1:111122223333:log-group:/search/${count.index}:*"
                  Condition = { StringEquals = { "aws:SourceAccount" = "111122223333" } }
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: Model, /) -> Iterator[Finding]:
        regions: dict[tuple[str, str], list[Resource]] = defaultdict(list)
        for policy in subject.all("aws_cloudwatch_log_resource_policy"):
            if policy.conditional:
                continue
            try:
                region = policy.region
            except Unknown:
                region = f"the region of {policy.provider.name}.{policy.provider.alias or 'default'}"
            regions[region, repr(policy.provider.config.get("assume_role"))].append(policy)
        for (region, _), policies in regions.items():
            if len(policies) > QUOTA:
                yield self.finding(
                    policies[QUOTA], f"{len(policies)} are made in {region}, {QUOTA} are allowed in a region"
                )
