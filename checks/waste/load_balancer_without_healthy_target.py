from __future__ import annotations

from collections.abc import Iterator

from guardrails import (
    Example,
    Finding,
    Metric,
    Resource,
    Severity,
    Waste,
    is_live,
    is_quiet,
    monthly_cost,
    naming,
    users,
)

NAMESPACES = {"application": "AWS/ApplicationELB", "network": "AWS/NetworkELB"}


class LoadBalancerWithoutHealthyTarget(Waste):
    """No target of a load balancer has been healthy for two weeks.

    ## Why is this bad?
    It is paid for and answers every request with an error. Either it is forgotten, or an outage has not been seen.
    """

    id = "load-balancer-without-healthy-target"
    severity = Severity.MEDIUM
    hint = "Repair the targets, or delete the load balancer with them."
    hazard = "It may be an outage and not idleness."
    types = ("aws_lb",)
    references = (
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html",
    )
    days: int = 14
    examples = (
        Example(
            bad="""
            {"complete": ["aws_lb_listener_rule"]}
            {"type": "aws_lb", "name": "web", # finding
             "values": {"id": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/0a1b",
             "load_balancer_type": "application", "arn_suffix": "app/web/0a1b"}}
            {"type": "aws_lb_target_group", "name": "web",
             "values": {"id": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0a1b",
             "load_balancer_arns": ["arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/0a1b"],
             "arn_suffix": "targetgroup/web/0a1b"}}
            {"type": "aws_lb_target_group_attachment", "name": "web:i-1",
             "values": {"target_group_arn":
             "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0a1b", "health": "unhealthy"}}
            {"type": "aws_lb_listener", "name": "web",
             "values": {"load_balancer_arn":
             "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/0a1b", "default_action":
             [{"type": "forward", "target_group_arn":
             "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0a1b"}]}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/ApplicationELB/HealthyHostCount",
             "values": {"namespace": "AWS/ApplicationELB", "metric_name": "HealthyHostCount", "window_days": 90,
             "dimensions": {"LoadBalancer": "app/web/0a1b", "TargetGroup": "targetgroup/web/0a1b"}, "daily": [0, 0, 0,
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}}
            """,
            fixed="""
            {"complete": ["aws_lb_listener_rule"]}
            {"type": "aws_lb", "name": "web",
             "values": {"id": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/0a1b",
             "load_balancer_type": "application", "arn_suffix": "app/web/0a1b"}}
            {"type": "aws_lb_target_group", "name": "web",
             "values": {"id": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0a1b",
             "load_balancer_arns": ["arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/0a1b"],
             "arn_suffix": "targetgroup/web/0a1b"}}
            {"type": "aws_lb_target_group_attachment", "name": "web:i-1",
             "values": {"target_group_arn":
             "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0a1b", "health": "healthy"}}
            {"type": "aws_lb_listener", "name": "web",
             "values": {"load_balancer_arn":
             "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/0a1b", "default_action":
             [{"type": "forward", "target_group_arn":
             "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0a1b"}]}}
            {"type": "aws_cloudwatch_metric", "mode": "data", "name": "AWS/ApplicationELB/HealthyHostCount",
             "values": {"namespace": "AWS/ApplicationELB", "metric_name": "HealthyHostCount", "window_days": 90,
             "dimensions": {"LoadBalancer": "app/web/0a1b", "TargetGroup": "targetgroup/web/0a1b"}, "daily": [0, 0, 0,
             0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject):
            return
        kind = subject.text("load_balancer_type")
        if kind not in NAMESPACES:
            return
        groups = list(users(subject, "aws_lb_target_group"))
        arns = {each.text("id") for each in groups}
        targets = list(naming(subject.model, arns, "aws_lb_target_group_attachment"))
        if not targets or any(each.text("health") in ("healthy", "initial", "unused") for each in targets):
            return
        healthy = [
            Metric(
                NAMESPACES[kind],
                "HealthyHostCount",
                {"LoadBalancer": subject.text("arn_suffix"), "TargetGroup": each.text("arn_suffix")},
            )
            for each in groups
        ]
        if is_quiet(subject, *healthy, days=self.days):
            yield self.waste(
                subject,
                f"none of its targets ({len(targets)}) has been healthy for {self.days} days",
                monthly_cost(f"{kind}-load-balancer", subject),
            )
