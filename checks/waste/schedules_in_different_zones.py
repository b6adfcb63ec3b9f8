from __future__ import annotations

from collections.abc import Iterator

from guardrails import Example, Finding, Resource, Severity, Waste, related

KEYS = {
    "aws_autoscaling_schedule": ("autoscaling_group_name", "recurrence", "time_zone"),
    "aws_appautoscaling_scheduled_action": ("resource_id", "schedule", "timezone"),
}


class SchedulesInDifferentZones(Waste):
    """The schedules of one group are in different time zones.

    ## Why is this bad?
    A recurrence without a time zone is in UTC. A group that wakes up by local time and goes to sleep by UTC runs hours
    too long, and the hours change twice a year.
    """

    id = "schedules-in-different-zones"
    severity = Severity.LOW
    hint = "Give all scheduled actions of a group the same time zone."
    hazard = "The hours of the group shift."
    types = ("aws_autoscaling_schedule", "aws_appautoscaling_scheduled_action")
    references = ("https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html",)
    examples = (
        Example(
            bad="""
            resource "aws_autoscaling_schedule" "morning" {
              scheduled_action_name  = "morning"
              autoscaling_group_name = "web"
              recurrence             = "0 7 * * MON-FRI"
              time_zone              = "Europe/Berlin"
              min_size               = 2
              max_size               = 4
              desired_capacity       = 2
            }

            resource "aws_autoscaling_schedule" "evening" { # finding
              scheduled_action_name  = "evening"
              autoscaling_group_name = "web"
              recurrence             = "0 19 * * MON-FRI"
              min_size               = 0
              max_size               = 4
              desired_capacity       = 0
            }
            """,
            fixed="""
            resource "aws_autoscaling_schedule" "morning" {
              scheduled_action_name  = "morning"
              autoscaling_group_name = "web"
              recurrence             = "0 7 * * MON-FRI"
              time_zone              = "Europe/Berlin"
              min_size               = 2
              max_size               = 4
              desired_capacity       = 2
            }

            resource "aws_autoscaling_schedule" "evening" {
              scheduled_action_name  = "evening"
              autoscaling_group_name = "web"
              recurrence             = "0 19 * * MON-FRI"
              time_zone              = "Europe/Berlin"
              min_size               = 0
              max_size               = 4
              desired_capacity       = 0
            }
            """,
        ),
    )

    def check(self, subject: Resource, /) -> Iterator[Finding]:
        owner, recurring, zone = KEYS[subject.type]
        if not subject.text(recurring, default=""):
            return
        own = subject.text(zone, default="") or "UTC"
        before = True
        for other in subject.model.all(subject.type):
            if other is subject:
                before = False
            if other is subject or other.conditional or not other.text(recurring, default=""):
                continue
            if other.get(owner) != subject.get(owner) or _region(other) != _region(subject):
                continue
            theirs = other.text(zone, default="") or "UTC"
            # Of two, the one in UTC is told, which mostly is for want of a zone, else the one that stands later.
            if theirs not in (own, "UTC") and (own == "UTC" or before):
                yield self.waste(
                    subject,
                    f"it is in the time zone {own}, and {other.address} of the same group in {theirs}",
                    path=zone,
                    related=related((other.place(), "the other schedule")),
                )
                return


def _region(schedule: Resource) -> object:
    return schedule.provider.config.get("region")
