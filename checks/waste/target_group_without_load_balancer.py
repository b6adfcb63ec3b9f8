from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_live, is_used

HOLDERS = ("aws_ecs_service", "aws_autoscaling_group")


class TargetGroupWithoutLoadBalancer(Waste):
    """A target group belongs to no load balancer.

    ## Why is this bad?
    It costs nothing, but health checks that never run, and names that are taken, make people look for a load balancer
    that is not there. Groups that a deployment of ECS or CodeDeploy swaps in are in use and are not reported.
    """

    id = "target-group-without-load-balancer"
    severity = Severity.INFO
    hint = "Delete the target group, or forward to it."
    hazard = "A blue-green deployment may be about to switch to it."
    removable = True
    types = ("aws_lb_target_group", "aws_alb_target_group")
    references = (
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html",
    )
    examples = (
        Example(
            bad="""
            {"complete": ["aws_ecs_service", "aws_autoscaling_group"]}
            {"type": "aws_lb_target_group", "name": "web", # finding
             "values": {"id": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0a1b",
             "load_balancer_arns": []}}
            """,
            fixed="""
            {"complete": ["aws_ecs_service", "aws_autoscaling_group"]}
            {"type": "aws_lb_target_group", "name": "web",
             "values": {"id": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0a1b",
             "load_balancer_arns": ["arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/0a1b"]}}
            """,
        ),
        Example(
            bad="""
            resource "aws_lb_target_group" "web" { # finding
              name     = "web"
              port     = 80
              protocol = "HTTP"
              vpc_id   = "vpc-0a1b2c3d4e5f60718"
            }
            """,
            fixed="""
            resource "aws_lb_target_group" "web" {
              name     = "web"
              port     = 80
              protocol = "HTTP"
              vpc_id   = "vpc-0a1b2c3d4e5f60718"
            }

            resource "aws_autoscaling_attachment" "web" {
              autoscaling_group_name = "web"
              lb_target_group_arn    = aws_lb_target_group.web.arn
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        if is_live(subject):
            if any(subject.texts("load_balancer_arns")) or is_used(subject, *HOLDERS):
                return
        elif is_used(subject):
            return
        yield self.waste(subject, "no load balancer sends to it")
