from __future__ import annotations

from collections.abc import Iterator

from guardrails import (
    Block,
    Example,
    Finding,
    Resource,
    Severity,
    Waste,
    is_live,
    is_used,
    monthly_cost,
    naming,
    older,
    users,
)

PRICES = {
    "application": "application-load-balancer",
    "network": "network-load-balancer",
    "gateway": "gateway-load-balancer",
}
LISTENERS = ("aws_lb_listener", "aws_alb_listener")
RULES = ("aws_lb_listener_rule", "aws_alb_listener_rule")


class LoadBalancerWithoutTargets(Waste):
    """A load balancer has nothing to send requests to.

    ## Why is this bad?
    A load balancer is billed by the hour. One without listeners, or whose target groups are all empty, answers nobody.
    One that redirects or answers itself is in use and is not reported.
    """

    id = "load-balancer-without-targets"
    severity = Severity.MEDIUM
    hint = "Delete the load balancer and the names that lead to it."
    hazard = "Names in DNS that still lead to it can be taken over; remove them first."
    removable = True
    types = ("aws_lb", "aws_alb", "aws_elb")
    references = ("https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-delete.html",)
    days: int = 14
    examples = (
        Example(
            bad="""
            {"complete": ["aws_lb_listener_rule", "aws_lb_target_group_attachment"]}
            {"type": "aws_lb", "name": "web", # finding
             "values": {"id":
             "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/0a1b2c3d4e5f6071",
             "load_balancer_type": "application", "created_time": "2025-06-01T00:00:00Z"}}
            {"type": "aws_lb_listener", "name": "web",
             "values": {"load_balancer_arn":
             "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/0a1b2c3d4e5f6071",
             "default_action": [{"type": "forward", "target_group_arn":
             "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0a1b2c3d4e5f6071"}]}}
            """,
            fixed="""
            {"complete": ["aws_lb_listener_rule", "aws_lb_target_group_attachment"]}
            {"type": "aws_lb", "name": "web",
             "values": {"id":
             "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/0a1b2c3d4e5f6071",
             "load_balancer_type": "application", "created_time": "2025-06-01T00:00:00Z"}}
            {"type": "aws_lb_listener", "name": "web",
             "values": {"load_balancer_arn":
             "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/0a1b2c3d4e5f6071",
             "default_action": [{"type": "forward", "target_group_arn":
             "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0a1b2c3d4e5f6071"}]}}
            {"type": "aws_lb_target_group_attachment", "name": "web:i-1",
             "values": {"target_group_arn":
             "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0a1b2c3d4e5f6071", "target_id":
             "i-0a1b2c3d4e5f60718", "health": "healthy"}}
            """,
            title="Of an account",
        ),
        Example(
            bad="""
            resource "aws_lb" "web" { # finding
              name               = "web"
              load_balancer_type = "network"
              subnets            = ["subnet-0a1b2c3d4e5f60718", "subnet-0b1b2c3d4e5f60718"]
            }
            """,
            fixed="""
            resource "aws_lb" "web" {
              name               = "web"
              load_balancer_type = "network"
              subnets            = ["subnet-0a1b2c3d4e5f60718", "subnet-0b1b2c3d4e5f60718"]
            }

            resource "aws_lb_listener" "web" {
              load_balancer_arn = aws_lb.web.arn
              port              = 443
              protocol          = "TCP"

              default_action {
                type             = "forward"
                target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0a1b2c3d"
              }
            }
            """,
            title="Of a configuration",
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        live = is_live(subject)
        if live and not older(subject, "created_time", self.days):
            return
        if subject.type == "aws_elb":
            attached = is_used(subject, "aws_elb_attachment", "aws_autoscaling_group", "aws_autoscaling_attachment")
            why = "" if attached or any(subject.items("instances")) or not live else "it has no instances"
        else:
            why = self._why(subject, live=live)
        if why:
            yield self.waste(subject, why, monthly_cost(*_price(subject)))

    def _why(self, balancer: Resource, *, live: bool) -> str:
        listeners = list(users(balancer, *LISTENERS))
        if not listeners and not is_used(balancer, *LISTENERS):
            return "it has no listener"
        if not live:
            return ""  # who registers the targets is often not in a configuration
        actions = [action for each in listeners for action in each.blocks("default_action")]
        for listener in listeners:
            actions += (action for rule in users(listener, *RULES) for action in rule.blocks("action"))
        groups = {group for action in actions for group in _groups(action)}
        if any(action.text("type") in ("redirect", "fixed-response") for action in actions):
            return ""
        if any(naming(balancer.model, groups, "aws_lb_target_group_attachment")):
            return ""
        return f"its {len(groups)} target group{'s have' if len(groups) != 1 else ' has'} no targets"


def _groups(action: Block) -> Iterator[str]:
    if single := action.text("target_group_arn"):
        yield single
    for forward in action.blocks("forward"):
        yield from (group.text("arn") for group in forward.blocks("target_group"))


def _price(balancer: Resource) -> tuple[str, Resource, float]:
    if balancer.type == "aws_elb":
        return "classic-load-balancer", balancer, 1
    kind = balancer.text("load_balancer_type", default="application")
    zones = len(list(balancer.items("subnets"))) if kind == "gateway" else 1
    return PRICES.get(kind, PRICES["application"]), balancer, zones
