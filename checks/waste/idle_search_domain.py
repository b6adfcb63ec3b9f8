from __future__ import annotations

from collections.abc import Iterator

from guardrails import Cost, Example, Finding, Metric, Resource, Severity, Waste, is_live, is_quiet


class IdleSearchDomain(Waste):
    """Nobody has searched or indexed in a search domain for two weeks.

    ## Why is this bad?
    The nodes of an OpenSearch domain are billed by the hour. Days without data count as unknown, not as idle.
    """

    id = "idle-search-domain"
    severity = Severity.MEDIUM
    hint = "Take a snapshot and delete the domain."
    hazard = "An archive is searched seldom."
    types = ("aws_opensearch_domain",)
    references = (
        "https://docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-cloudwatchmetrics.html",
    )
    days: int = 14
    examples = (
        Example(
            bad="""
            {"type": "aws_opensearch_domain", "name": "logs", # finding
             "values": {"domain_name": "logs", "cluster_config": [{"instance_type": "r6g.large.search",
             "instance_count": 2}], "access_policies": "", "vpc_options": [{"vpc_id": "vpc-0a1b2c3d4e5f60718",
             "subnet_ids": ["subnet-0a1b2c3d4e5f60718"], "security_group_ids": []}]}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/ES/SearchRate",
             "values": {"namespace": "AWS/ES", "metric_name": "SearchRate", "window_days": 90, "dimensions":
             {"DomainName": "logs", "ClientId": "111122223333"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/ES/IndexingRate",
             "values": {"namespace": "AWS/ES", "metric_name": "IndexingRate", "window_days": 90, "dimensions":
             {"DomainName": "logs", "ClientId": "111122223333"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}}
            """,
            fixed="""
            {"type": "aws_opensearch_domain", "name": "logs",
             "values": {"domain_name": "logs", "cluster_config": [{"instance_type": "r6g.large.search",
             "instance_count": 2}], "access_policies": "", "vpc_options": [{"vpc_id": "vpc-0a1b2c3d4e5f60718",
             "subnet_ids": ["subnet-0a1b2c3d4e5f60718"], "security_group_ids": []}]}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/ES/SearchRate",
             "values": {"namespace": "AWS/ES", "metric_name": "SearchRate", "window_days": 90, "dimensions":
             {"DomainName": "logs", "ClientId": "111122223333"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/ES/IndexingRate",
             "values": {"namespace": "AWS/ES", "metric_name": "IndexingRate", "window_days": 90, "dimensions":
             {"DomainName": "logs", "ClientId": "111122223333"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject):
            return
        name = {"DomainName": subject.text("domain_name"), "ClientId": subject.model.name}
        rates = [Metric("AWS/ES", each, name) for each in ("SearchRate", "IndexingRate")]
        if is_quiet(subject, *rates, days=self.days):
            nodes = " and ".join(each.text("instance_type") for each in subject.blocks("cluster_config"))
            yield self.waste(subject, f"nobody has searched or indexed for {self.days} days", Cost(None, missing=nodes))
