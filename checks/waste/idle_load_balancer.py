from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Metric, Resource, Severity, Waste, is_live, is_quiet, monthly_cost, older

METRICS = {
    "application": ("AWS/ApplicationELB", "RequestCount"),
    "network": ("AWS/NetworkELB", "ProcessedBytes"),
    "gateway": ("AWS/GatewayELB", "ProcessedBytes"),
}


class IdleLoadBalancer(Waste):
    """Nobody has sent anything through a load balancer for a month.

    ## Why is this bad?
    It has listeners and targets, is billed by the hour, and no request came. What stands behind it is mostly as idle.
    Days without data count as unknown, not as idle.
    """

    id = "idle-load-balancer"
    severity = Severity.MEDIUM
    hint = "Delete the load balancer and what only it leads to."
    hazard = "A standby for disasters is idle until the day it is needed."
    types = ("aws_lb",)
    references = (
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html",
    )
    days: int = 30
    examples = (
        Example(
            bad="""
            {"complete": ["aws_lb_listener_rule"]}
            {"type": "aws_lb", "name": "web", # finding
             "values": {"id": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/0a1b",
             "load_balancer_type": "application", "arn_suffix": "app/web/0a1b", "created_time":
             "2025-06-01T00:00:00Z"}}
            {"type": "aws_lb_listener", "name": "web",
             "values": {"load_balancer_arn":
             "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/0a1b", "default_action":
             [{"type": "forward", "target_group_arn":
             "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0a1b"}]}}
            {"type": "aws_lb_target_group_attachment", "name": "web:i-1",
             "values": {"target_group_arn":
             "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0a1b", "health": "healthy"}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/ApplicationELB/RequestCount",
             "values": {"namespace": "AWS/ApplicationELB", "metric_name": "RequestCount", "window_days": 90,
             "dimensions": {"LoadBalancer": "app/web/0a1b"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}}
            """,
            fixed="""
            {"complete": ["aws_lb_listener_rule"]}
            {"type": "aws_lb", "name": "web",
             "values": {"id": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/0a1b",
             "load_balancer_type": "application", "arn_suffix": "app/web/0a1b", "created_time":
             "2025-06-01T00:00:00Z"}}
            {"type": "aws_lb_listener", "name": "web",
             "values": {"load_balancer_arn":
             "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/0a1b", "default_action":
             [{"type": "forward", "target_group_arn":
             "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0a1b"}]}}
            {"type": "aws_lb_target_group_attachment", "name": "web:i-1",
             "values": {"target_group_arn":
             "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0a1b", "health": "healthy"}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/ApplicationELB/RequestCount",
             "values": {"namespace": "AWS/ApplicationELB", "metric_name": "RequestCount", "window_days": 90,
             "dimensions": {"LoadBalancer": "app/web/0a1b"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject) or not older(subject, "created_time", self.days):
            return
        kind = subject.text("load_balancer_type")
        if kind not in METRICS:
            return
        namespace, name = METRICS[kind]
        sent = Metric(namespace, name, {"LoadBalancer": subject.text("arn_suffix")})
        if is_quiet(subject, sent, days=self.days):
            yield self.waste(
                subject,
                f"nobody has sent anything through it for {self.days} days",
                monthly_cost(f"{kind}-load-balancer", subject),
            )
