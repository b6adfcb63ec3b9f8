from __future__ import annotations

from collections.abc import Iterator

from guardrails import Cost, Example, Finding, Metric, Resource, Severity, Waste, is_live, is_quiet, monthly_cost, older


class IdleService(Waste):
    """Nobody has sent a request to an ECS service for two weeks.

    ## Why is this bad?
    Its tasks run and are billed, and the load balancers before it have had no request. Services without a load
    balancer, such as workers of a queue, are not judged. Days without data count as unknown, not as idle.
    """

    id = "idle-service"
    severity = Severity.MEDIUM
    hint = "Scale the service to zero, and delete it if nobody misses it."
    hazard = "Tasks may also work by themselves, besides answering requests."
    types = ("aws_ecs_service",)
    references = ("https://docs.aws.amazon.com/AmazonECS/latest/developerguide/update-service-console-v2.html",)
    days: int = 14
    examples = (
        Example(
            bad="""
            {"type": "aws_ecs_service", "name": "main/web", # finding
             "values": {"name": "web", "cluster": "arn:aws:ecs:eu-west-1:111122223333:cluster/main", "desired_count":
             2, "task_definition": "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:1", "launch_type":
             "FARGATE", "created_at": "2025-06-01T00:00:00Z", "load_balancer": [{"target_group_arn":
             "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0a1b"}]}}
            {"type": "aws_ecs_task_definition", "name": "web:1",
             "values": {"arn": "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:1", "cpu": "512", "memory":
             "1024", "container_definitions": "[]"}}
            {"type": "aws_lb_target_group", "name": "web",
             "values": {"id": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0a1b",
             "load_balancer_arns": ["arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/0a1b"]}}
            {"type": "aws_lb", "name": "web",
             "values": {"id": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/0a1b",
             "load_balancer_type": "application", "arn_suffix": "app/web/0a1b", "created_time":
             "2026-01-30T00:00:00Z"}}
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
             "dimensions": {"LoadBalancer": "app/web/0a1b"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}}
            """,
            fixed="""
            {"type": "aws_ecs_service", "name": "main/web",
             "values": {"name": "web", "cluster": "arn:aws:ecs:eu-west-1:111122223333:cluster/main", "desired_count":
             2, "task_definition": "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:1", "launch_type":
             "FARGATE", "created_at": "2025-06-01T00:00:00Z", "load_balancer": [{"target_group_arn":
             "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0a1b"}]}}
            {"type": "aws_ecs_task_definition", "name": "web:1",
             "values": {"arn": "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:1", "cpu": "512", "memory":
             "1024", "container_definitions": "[]"}}
            {"type": "aws_lb_target_group", "name": "web",
             "values": {"id": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0a1b",
             "load_balancer_arns": ["arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/0a1b"]}}
            {"type": "aws_lb", "name": "web",
             "values": {"id": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/0a1b",
             "load_balancer_type": "application", "arn_suffix": "app/web/0a1b", "created_time":
             "2026-01-30T00:00:00Z"}}
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
             "dimensions": {"LoadBalancer": "app/web/0a1b"}, "daily": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]}}
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if not is_live(subject) or subject.number("desired_count") == 0 or not older(subject, "created_at", self.days):
            return
        model = subject.model
        requests = []
        for block in subject.blocks("load_balancer"):
            group = model.resolve(block.raw("target_group_arn"), "aws_lb_target_group")
            for arn in group.texts("load_balancer_arns") if group is not None else ():
                balancer = model.resolve(arn, "aws_lb")
                if balancer is None or balancer.text("load_balancer_type") != "application":
                    return
                requests.append(
                    Metric("AWS/ApplicationELB", "RequestCount", {"LoadBalancer": balancer.text("arn_suffix")})
                )
        if requests and is_quiet(subject, *requests, days=self.days):
            count = subject.number("desired_count")
            yield self.waste(
                subject,
                f"no request has come to its {count} task{'s' if count != 1 else ''} for {self.days} days",
                _cost(subject, count),
            )


def _cost(service: Resource, count: int) -> Cost | None:
    """That of Fargate; on instances the tasks themselves are free."""
    task = service.model.resolve(service.raw("task_definition"), "aws_ecs_task_definition")
    if service.text("launch_type") != "FARGATE" or task is None:
        return None
    cpu = monthly_cost("fargate-vcpu", service, count * task.number("cpu") / 1024)
    return cpu + monthly_cost("fargate-gb", service, count * task.number("memory") / 1024)
