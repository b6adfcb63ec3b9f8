from __future__ import annotations

from collections.abc import Iterator

from guardrails import (
    Cost,
    Environment,
    Example,
    Finding,
    Resource,
    Severity,
    Waste,
    environment,
    instance_cost,
    is_live,
)


class GroupWithoutSchedule(Waste):
    """A non-production Auto Scaling group runs around the clock.

    ## Why is this bad?
    People use a development or test environment some 40 of the 168 hours of a week. A pair of scheduled actions saves
    three quarters of what it costs. The environment is told by a tag (`Environment`, `Env`, `Stage`); what has none is
    left alone.
    """

    id = "group-without-schedule"
    severity = Severity.LOW
    hint = "Add scheduled actions that scale the group to zero in the evening and back in the morning."
    hazard = "Jobs that run at night find no instances; give the schedule the time zone of those who work there."
    types = ("aws_autoscaling_group",)
    references = ("https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html",)
    examples = (
        Example(
            bad="""
            resource "aws_autoscaling_group" "build" { # finding
              name                = "build"
              min_size            = 2
              max_size            = 4
              vpc_zone_identifier = ["subnet-0a1b2c3d4e5f60718", "subnet-0b1b2c3d4e5f60718"]

              launch_template {
                id = "lt-0a1b2c3d4e5f60718"
              }

              tag {
                key                 = "Environment"
                value               = "development"
                propagate_at_launch = true
              }
            }
            """,
            fixed="""
            resource "aws_autoscaling_group" "build" {
              name                = "build"
              min_size            = 2
              max_size            = 4
              vpc_zone_identifier = ["subnet-0a1b2c3d4e5f60718", "subnet-0b1b2c3d4e5f60718"]

              launch_template {
                id = "lt-0a1b2c3d4e5f60718"
              }

              tag {
                key                 = "Environment"
                value               = "development"
                propagate_at_launch = true
              }
            }

            resource "aws_autoscaling_schedule" "evening" {
              scheduled_action_name  = "evening"
              autoscaling_group_name = aws_autoscaling_group.build.name
              recurrence             = "0 19 * * MON-FRI"
              time_zone              = "Europe/Berlin"
              min_size               = 0
              max_size               = 4
              desired_capacity       = 0
            }

            resource "aws_autoscaling_schedule" "morning" {
              scheduled_action_name  = "morning"
              autoscaling_group_name = aws_autoscaling_group.build.name
              recurrence             = "0 7 * * MON-FRI"
              time_zone              = "Europe/Berlin"
              min_size               = 2
              max_size               = 4
              desired_capacity       = 2
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        name = _environment(subject)
        least = max(subject.number("min_size"), subject.number("desired_capacity"))
        if not name.non_production or least == 0:
            return
        for schedule in subject.model.resources("aws_autoscaling_schedule"):
            if is_live(subject) and schedule.region != subject.region:
                continue  # a name is one of its region's
            named = schedule.raw("autoscaling_group_name")
            if named == subject.raw("name") or subject.model.resolve(named, subject.type) is subject:
                return
        cost = _cost(subject, least)
        yield self.waste(
            subject,
            f"the {least} instance{'s' if least != 1 else ''} of the environment `{name.name}` never stop",
            cost,
            details=(f"40 hours a week would cost {cost * (40 / 168)}",) if cost and cost.usd else (),
        )


def _environment(group: Resource) -> Environment:
    for tag in group.blocks("tag"):
        if tag.text("key").lower() in ("environment", "env", "stage"):
            return Environment(tag.text("value"))
    return environment(group)


def _cost(group: Resource, count: int) -> Cost | None:
    for block in group.blocks("launch_template"):
        name = block.raw("id") if block.is_set("id") else block.raw("name")
        template = group.model.resolve(name, "aws_launch_template")
        if template is not None and template.is_set("instance_type"):
            return instance_cost("ec2", template.text("instance_type"), group, count)
    return None
