from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Model, Resource, Severity, Unknown

QUOTA = 10


class TooManyLogPolicies(Check[Model]):
    """There are more CloudWatch Logs resource policies than a region takes.

    ## Why is this bad?
    A region takes ten, and no request raises that. The eleventh is refused with `LimitExceededException: Resource
    limit exceeded`, which the provider answers by trying again: the apply hangs for minutes and ends in a timeout.
    Each domain, zone or service that brings a policy of its own comes closer to it.
    """

    id = "too-many-log-policies"
    kind = Kind.PRODUCTIVITY
    severity = Severity.MEDIUM
    hint = (
        "Join the statements in one `aws_cloudwatch_log_resource_policy`, with a prefix of log groups as its resource."
    )
    references = (
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html",
        "https://github.com/hashicorp/terraform-provider-aws/issues/41503",
    )
    examples = (
        Example(
            bad="""
            resource "aws_cloudwatch_log_resource_policy" "queries" { # finding
              count       = 11
              policy_name = "queries-${count.index}"

              policy_document = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
                  Resource  = "arn:aws:logs:eu-west-1:111122223333:log-group:/queries/*"
                  Principal = { Service = "es.amazonaws.com" }
                  Condition = { StringEquals = { "aws:SourceAccount" = "111122223333" } }
                }]
              })
            }
            """,
            fixed="""
            resource "aws_cloudwatch_log_resource_policy" "queries" {
              count       = 1
              policy_name = "queries-${count.index}"

              policy_document = jsonencode({
                Version = "2012-10-17"
                Statement = [{
                  Effect    = "Allow"
                  Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
                  Resource  = "arn:aws:logs:eu-west-1:111122223333:log-group:/queries/*"
                  Principal = { Service = "es.amazonaws.com" }
                  Condition = { StringEquals = { "aws:SourceAccount" = "111122223333" } }
                }]
              })
            }
            """,
        ),
    )

    def check(self, subject: Model, /) -> Iterator[Finding]:
        by_region: dict[str, list[Resource]] = {}
        for policy in subject.all("aws_cloudwatch_log_resource_policy"):
            if policy.conditional:
                continue
            try:
                region = policy.region
            except Unknown:
                region = f"that of {policy.provider.name}.{policy.provider.alias or 'default'}"
            by_region.setdefault(region, []).append(policy)
        for policies in by_region.values():
            if len(policies) > QUOTA:
                yield self.finding(
                    policies[QUOTA],
                    f"it is one of {len(policies)} in its region, which takes {QUOTA}: `LimitExceededException`",
                )
