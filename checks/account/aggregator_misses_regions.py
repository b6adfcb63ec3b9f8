from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Edit, Example, Finding, Fix, Kind, Resource, Safety, Severity


class AggregatorMissesRegions(Check[Resource]):
    """A Config aggregator collects from some regions only.

    ## Why is this bad?
    What is started in another region appears in no overview. A list of regions is out of date on the day that AWS
    opens the next one.
    """

    id = "aggregator-misses-regions"
    kind = Kind.SECURITY
    severity = Severity.LOW
    hint = "Set `all_regions = true` instead of `regions`."
    types = ("aws_config_configuration_aggregator",)
    same_as = ("CKV_AWS_121", "AWS-0019")
    references = ("https://docs.aws.amazon.com/config/latest/developerguide/aggregate-data.html",)
    examples = (
        Example(
            bad="""
            resource "aws_config_configuration_aggregator" "main" {
              name = "main"

              account_aggregation_source { # finding
                account_ids = ["111122223333"]
                regions     = ["eu-west-1"]
              }
            }
            """,
            fixed="""
            resource "aws_config_configuration_aggregator" "main" {
              name = "main"

              account_aggregation_source {
                account_ids = ["111122223333"]
                all_regions = true
              }
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        for name in ("account_aggregation_source", "organization_aggregation_source"):
            for source in subject.blocks(name):
                if not source.flag("all_regions"):
                    regions = ", ".join(source.texts("regions")) or "no region"
                    address, path = subject.address, source.path
                    given = [Edit(address, (*path, "regions"), None)] if source.is_set("regions") else []
                    edits = (Edit(address, (*path, "all_regions"), "true"), *given)
                    yield self.finding(
                        source,
                        f"it collects from {regions}",
                        path="all_regions",
                        fix=Fix("Collect from all regions", Safety.SAFE, "all_regions = true", edits=edits),
                    )
