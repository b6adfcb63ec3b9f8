from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, is_live, related

SIZES = ("min_size", "max_size", "desired_capacity")


class ScheduleOutsideLimits(Waste):
    """A scheduled action asks for a size that its group does not allow.

    ## Why is this bad?
    Auto Scaling refuses or cuts what is outside the limits: a group that should wake up in the morning stays as it was,
    or one that should shrink in the evening runs and is paid for all night.
    """

    id = "schedule-outside-limits"
    severity = Severity.MEDIUM
    hint = (
        "Set the sizes of the scheduled action and of the group so that each minimum is at most the desired "
        "size, and that at most the maximum."
    )
    hazard = "The group follows its schedule again."
    types = ("aws_autoscaling_schedule",)
    references = ("https://docs.aws.amazon.com/autoscaling/ec2/userguide/scheduled-scaling-prerequisites.html",)
    examples = (
        Example(
            bad="""
            resource "aws_autoscaling_group" "web" {
              name                = "web"
              min_size            = 2
              max_size            = 4
              vpc_zone_identifier = ["subnet-0a1b2c3d4e5f60718", "subnet-0b1b2c3d4e5f60718"]

              launch_template {
                id = "lt-0a1b2c3d4e5f60718"
              }
            }

            resource "aws_autoscaling_schedule" "morning" {
              scheduled_action_name  = "morning"
              autoscaling_group_name = aws_autoscaling_group.web.name
              recurrence             = "0 7 * * MON-FRI"
              time_zone              = "Europe/Berlin"
              min_size               = -1
              max_size               = -1
              desired_capacity       = 6 # finding
            }
            """,
            fixed="""
            resource "aws_autoscaling_group" "web" {
              name                = "web"
              min_size            = 2
              max_size            = 4
              vpc_zone_identifier = ["subnet-0a1b2c3d4e5f60718", "subnet-0b1b2c3d4e5f60718"]

              launch_template {
                id = "lt-0a1b2c3d4e5f60718"
              }
            }

            resource "aws_autoscaling_schedule" "morning" {
              scheduled_action_name  = "morning"
              autoscaling_group_name = aws_autoscaling_group.web.name
              recurrence             = "0 7 * * MON-FRI"
              time_zone              = "Europe/Berlin"
              min_size               = -1
              max_size               = -1
              desired_capacity       = 3
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        group = subject.model.resolve(subject.raw("autoscaling_group_name"), "aws_autoscaling_group")
        own = {name: _size(subject, name) for name in SIZES}
        limits = dict(own)
        if group is not None:
            for name in ("min_size", "max_size"):
                limits[name] = group.number(name) if own[name] is None else own[name]
        low, high, wanted = limits["min_size"], limits["max_size"], own["desired_capacity"]
        wrong = ""
        path = "desired_capacity"
        if low is not None and high is not None and low > high:
            wrong = f"its minimum {low} is above the maximum {high}"
            path = "min_size" if own["min_size"] is not None else "max_size"
        elif wanted is not None and high is not None and wanted > high:
            wrong = f"it asks for {wanted} instances where the maximum is {high}"
        elif wanted is not None and low is not None and wanted < low:
            wrong = f"it asks for {wanted} instances where the minimum is {low}"
        if wrong:
            yield self.waste(
                subject, wrong, path=path, related=related((group.place(), "the group")) if group is not None else ()
            )


def _size(schedule: Resource, name: str) -> int | None:
    """What the action sets; -1 is Terraform's word for leaving it alone, and 0 its default."""
    size = schedule.number(name, default=-1 if is_live(schedule) else 0)
    return None if size < 0 else size
