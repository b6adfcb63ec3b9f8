from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Metric, Resource, Severity, Waste, instance_cost, is_live, is_quiet, older


class IdleCache(Waste):
    """Nobody has found anything in a cache for two weeks.

    ## Why is this bad?
    Cache nodes are billed by the hour. A cache without a hit, and with no more connections than AWS's own, serves
    nobody. Days without data count as unknown, not as idle.
    """

    id = "idle-cache"
    severity = Severity.MEDIUM
    hint = "Take a final snapshot and delete the cache."
    hazard = "A session store of a dormant application loses its sessions."
    types = ("aws_elasticache_cluster",)
    references = ("https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.html",)
    days: int = 14
    connections: int = 10
    examples = (
        Example(
            bad="""
            {"type": "aws_elasticache_cluster", "name": "sessions", # finding
             "values": {"cluster_id": "sessions", "status": "available", "node_type": "cache.t4g.medium",
             "num_cache_nodes": 1, "create_time": "2025-06-01T00:00:00Z"}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/ElastiCache/CacheHits",
             "values": {"namespace": "AWS/ElastiCache", "metric_name": "CacheHits", "window_days": 90, "dimensions":
             {"CacheClusterId": "sessions"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/ElastiCache/CurrConnections",
             "values": {"namespace": "AWS/ElastiCache", "metric_name": "CurrConnections", "window_days": 90,
             "dimensions": {"CacheClusterId": "sessions"}, "daily": [4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]}}
            """,
            fixed="""
            {"type": "aws_elasticache_cluster", "name": "sessions",
             "values": {"cluster_id": "sessions", "status": "available", "node_type": "cache.t4g.medium",
             "num_cache_nodes": 1, "create_time": "2025-06-01T00:00:00Z"}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/ElastiCache/CacheHits",
             "values": {"namespace": "AWS/ElastiCache", "metric_name": "CacheHits", "window_days": 90, "dimensions":
             {"CacheClusterId": "sessions"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/ElastiCache/CurrConnections",
             "values": {"namespace": "AWS/ElastiCache", "metric_name": "CurrConnections", "window_days": 90,
             "dimensions": {"CacheClusterId": "sessions"}, "daily": [4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject) or subject.text("status") != "available":
            return
        if not older(subject, "create_time", self.days):
            return
        name = {"CacheClusterId": subject.text("cluster_id")}
        if is_quiet(subject, Metric("AWS/ElastiCache", "CacheHits", name), days=self.days) and is_quiet(
            subject, Metric("AWS/ElastiCache", "CurrConnections", name), days=self.days, most=self.connections
        ):
            count = subject.number("num_cache_nodes")
            yield self.waste(
                subject,
                f"nobody has found anything in it for {self.days} days",
                instance_cost("elasticache", subject.text("node_type"), subject, count),
            )
