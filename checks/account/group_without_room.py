from __future__ import annotations

from collections.abc import Iterator

from guardrails import Check, Example, Finding, Kind, Model, Resource, Severity, related

TEMPLATE = """
            resource "aws_launch_template" "web" {
              name          = "web"
              image_id      = "ami-0a1b2c3d4e5f00001"
              instance_type = "m7g.large"

              metadata_options {
                http_tokens = "required"
              }
            }
"""
POLICY = """
            resource "aws_autoscaling_policy" "load" {
              name                   = "load"
              autoscaling_group_name = aws_autoscaling_group.web.name
              policy_type            = "TargetTrackingScaling"

              target_tracking_configuration {
                target_value = 60

                predefined_metric_specification {
                  predefined_metric_type = "ASGAverageCPUUtilization"
                }
              }
            }
"""


def _group(size: int, mark: str = "") -> str:
    return f"""
            resource "aws_autoscaling_group" "web" {{{mark}
              name                = "web"
              min_size            = 2
              max_size            = {size}
              vpc_zone_identifier = ["subnet-0a1b2c3d4e5f00001", "subnet-0a1b2c3d4e5f00002"]

              launch_template {{
                id      = aws_launch_template.web.id
                version = aws_launch_template.web.latest_version
              }}
            }}
"""


class GroupWithoutRoom(Check[Model]):
    """A scaling policy belongs to a group or service that may not change its size.

    ## Why is this bad?
    Smallest and largest size are the same: the policy fires and nothing happens. The load test passes with one user,
    and the service fails under the load that the policy was made for.
    """

    id = "group-without-room"
    kind = Kind.PRODUCTIVITY
    severity = Severity.MEDIUM
    hint = "Raise the largest size, or remove the policy."
    references = ("https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-capacity-limits.html",)
    examples = (
        Example(
            bad=f"""
            {TEMPLATE}
            {_group(2)}
            {POLICY.replace('"load" {', '"load" { # finding')}
            """,
            fixed=f"""
            {TEMPLATE}
            {_group(8)}
            {POLICY}
            """,
        ),
    )

    def check(self, subject: Model, /) -> Iterator[Finding]:
        for policy in subject.all("aws_autoscaling_policy"):
            group = subject.resolve(policy.raw("autoscaling_group_name"), "aws_autoscaling_group")
            if group is not None and group.number("max_size") == group.number("min_size"):
                yield self._finding(policy, group, group.number("max_size"))
        targets = {
            _identity(target): target for target in subject.all("aws_appautoscaling_target") if not target.conditional
        }
        for policy in subject.all("aws_appautoscaling_policy"):
            target = targets.get(_identity(policy))
            if target is not None and target.number("max_capacity") == target.number("min_capacity"):
                yield self._finding(policy, target, target.number("max_capacity"))

    def _finding(self, policy: Resource, group: Resource, size: int) -> Finding:
        return self.finding(
            policy,
            f"{group.address} always has {size}",
            related=related((group.place(), "its smallest and largest size are the same")),
        )


def _identity(resource: Resource) -> tuple[str, ...]:
    return tuple(resource.text(name) for name in ("service_namespace", "resource_id", "scalable_dimension"))
